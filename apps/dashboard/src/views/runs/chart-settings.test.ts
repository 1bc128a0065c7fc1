import type { MetricName } from "@engraft/core/models/plan";
import fc from "fast-check";
import { expect, it } from "vitest";
import { MOST_SMOOTHING, ORDERS, readSettings, writeSettings } from "./chart-settings.ts";

const NAMES: readonly MetricName[] = ["auroc", "loss", "ece"];

it("reads back what it wrote, and leaves what belongs to others in the address", () => {
  const settings = fc.record({
    metric: fc.constantFrom(...NAMES),
    smoothing: fc.integer({ min: 0, max: 20 * MOST_SMOOTHING }).map((step) => step / 20),
    log: fc.boolean(),
    best: fc.boolean(),
    table: fc.boolean(),
    order: fc.constantFrom(...ORDERS),
  });
  fc.assert(
    fc.property(settings, (wanted) => {
      const search = writeSettings("?round=3&metric=ece&show=table", wanted, NAMES);
      expect(readSettings(search, NAMES)).toEqual(wanted);
      expect(new URLSearchParams(search).get("round")).toBe("3");
    }),
  );
});

it("takes an address that says nothing it knows as one that says nothing", () => {
  expect(readSettings("?metric=rmse&smoothing=7&axis=cubic&label=&order=name", NAMES)).toEqual(readSettings("", NAMES));
  expect(writeSettings("?smoothing=7", readSettings("?smoothing=7", NAMES), NAMES)).toBe("");
});
