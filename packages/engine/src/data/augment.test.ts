import type { Augmentation } from "@engraft/core/models/augmentation";
import { describe, expect, it } from "vitest";
import { randomFrom } from "../base/random.ts";
import { augmented } from "./augment.ts";
import type { FileInput } from "./file-input.ts";

const picture: FileInput = {
  field: { kind: "image", name: "f", title: "F" },
  rule: { kind: "image", field: "f", width: 4, height: 3, channels: 1, mean: [100], sd: [50] },
  shape: [1, 3, 4],
};
const recording: FileInput = {
  rule: { kind: "signal", field: "f", mean: [0, 0], sd: [1, 1] },
  field: { kind: "signal", name: "f", title: "F", leads: ["I", "II"], rate: 5, seconds: 1, unit: "mV" },
  shape: [2, 5],
};
const still: Augmentation = { of: "pictures", copies: 1, flip: false, rotate: 0, brightness: 0 };
const quiet: Augmentation = { of: "recordings", copies: 1, scale: 0, shift: 0, noise: 0 };
const pixels = Float32Array.from({ length: 12 }, (_, index) => index);
const points = Float32Array.of(1, 2, 3, 4, 5, 10, 20, 30, 40, 50);

/** Many copies, so that both sides of every chance are among them. */
const many = (sample: Float32Array, input: FileInput, augmentation: Augmentation): readonly Float32Array[] =>
  Array.from({ length: 40 }, (_, seed) => augmented(sample, input, augmentation, randomFrom([seed])));
const distinct = (copies: readonly Float32Array[]): readonly string[] => [...new Set(copies.map((copy) => copy.join()))];

describe("[B17] copies of pictures", () => {
  it("are the picture where nothing is to be changed", () => expect(distinct(many(pixels, picture, still))).toEqual([pixels.join()]));

  it("are mirrored left to right in about half", () => {
    const mirrored = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8].join();
    const copies = many(pixels, picture, { ...still, flip: true }).map((copy) => copy.join());
    expect(new Set(copies)).toEqual(new Set([pixels.join(), mirrored]));
    expect(copies.filter((copy) => copy === mirrored).length).toBeGreaterThan(8);
  });

  it("are brighter or darker by a factor on what the camera saw", () => {
    for (const copy of many(pixels, picture, { ...still, brightness: 0.2 })) {
      const factor = ((copy[0] as number) * 50 + 100) / 100;
      expect(Math.abs(factor - 1)).toBeLessThanOrEqual(0.2 + 1e-6);
      copy.forEach((value, index) => expect(value * 50 + 100).toBeCloseTo(factor * (index * 50 + 100), 3));
    }
  });

  it("are turned about the centre, with black from outside", () => {
    const odd = { ...picture, rule: { ...picture.rule, width: 3 }, shape: [1, 3, 3] } as FileInput;
    const sample = Float32Array.of(0, 0, 0, 0, 5, 0, 0, 0, 0);
    for (const copy of many(sample, odd, { ...still, rotate: 90 })) {
      expect(copy[4]).toBe(5);
      for (const value of copy) expect(value).toBeGreaterThanOrEqual(-2 - 1e-6);
    }
    // A row through the centre is a column after a quarter turn.
    const line = Float32Array.of(0, 0, 0, 1, 2, 3, 0, 0, 0);
    const turned = augmented(line, odd, { ...still, rotate: 90 }, { uniform: () => 1, below: () => 0 });
    expect([turned[1], turned[4], turned[7]].map((value) => Math.round(value as number))).toEqual([1, 2, 3]);
  });
});

describe("[B17] copies of recordings", () => {
  it("are the recording where nothing is to be changed", () => expect(distinct(many(points, recording, quiet))).toEqual([points.join()]));

  it("are moved in all leads alike, and lose nothing", () => {
    const copies = many(points, recording, { ...quiet, shift: 0.4 });
    for (const copy of copies) {
      expect([...copy.subarray(0, 5)].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
      copy.subarray(0, 5).forEach((value, at) => expect(copy[5 + at]).toBe(10 * value));
    }
    expect(distinct(copies).length).toBeGreaterThan(3);
  });

  it("are scaled as a whole, and noisy by as much as is said", () => {
    for (const copy of many(points, recording, { ...quiet, scale: 0.3 })) {
      expect(Math.abs((copy[0] as number) - 1)).toBeLessThanOrEqual(0.3 + 1e-6);
      copy.forEach((value, at) => expect(value).toBeCloseTo((copy[0] as number) * (points[at] as number), 4));
    }
    const noise = many(points, recording, { ...quiet, noise: 0.5 }).flatMap((copy) =>
      [...copy].map((value, at) => value - (points[at] as number)),
    );
    const sd = Math.sqrt(noise.reduce((sum, value) => sum + value * value, 0) / noise.length);
    expect(sd).toBeGreaterThan(0.4);
    expect(sd).toBeLessThan(0.6);
  });
});
