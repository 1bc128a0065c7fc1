import { expect, it } from "vitest";
import { randomFrom } from "../base/random.ts";
import type { Samples } from "../data/samples.ts";
import { batchesOf } from "./batches.ts";

const samplesOf = (rows: number): Samples => ({
  rows,
  width: 2,
  targets: 1,
  x: Float32Array.from({ length: 2 * rows }, (_, index) => index),
  y: Float32Array.from({ length: rows }, (_, row) => row % 2),
  patients: new Uint32Array(rows),
});

it.each([
  [10, 4],
  [3, 8],
  [1, 2],
  [8, 8],
])("of %i samples in batches of %i every sample comes equally often, with its own label", (rows, batch) => {
  const next = batchesOf(samplesOf(rows), batch, randomFrom(["order"]));
  const counts = new Map<number, number>();
  for (let i = 0; i < rows; i++) {
    const { x, y } = next();
    expect([x.length, y.length]).toEqual([2 * batch, batch]);
    y.forEach((label, slot) => {
      const row = (x[2 * slot] as number) / 2;
      expect(x[2 * slot + 1]).toBe(2 * row + 1);
      expect(label).toBe(row % 2);
      counts.set(row, (counts.get(row) ?? 0) + 1);
    });
  }
  expect([...counts.values()]).toEqual(Array.from({ length: rows }, () => batch));
});
