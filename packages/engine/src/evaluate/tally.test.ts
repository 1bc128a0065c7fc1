import { pooledFigures, totalsOf, type Tally } from "@engraft/core/models/tally";
import type { MetricName } from "@engraft/core/models/plan";
import fc from "fast-check";
import { expect, it } from "vitest";
import { plan as small } from "../model.fixture.ts";
import { metricsOf, rank } from "./metrics.ts";
import { tallyOf } from "./tally.ts";

const names = ["auroc", "auprc", "accuracy", "loss", "brier"] as const satisfies MetricName[];
const plan = { ...small, metrics: { ...small.metrics, names: [...names], minCount: 1 } };

const sumOf = (tallies: readonly Tally[]): readonly number[] =>
  tallies
    .map((validation) => totalsOf(plan, "train", { validation }))
    .reduce((sum, totals) => sum.map((total, at) => total + (totals[at] ?? 0)));

const row = fc.tuple(
  fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.25, 0.5, 1, 1e-8, 1 - 1e-8)),
  fc.integer({ min: 0, max: 1 }),
  fc.integer({ min: 0, max: 9 }),
);

it("[M3] tallies of several sites give bounds around the metrics of all their predictions together", () => {
  fc.assert(
    fc.property(fc.array(fc.array(row, { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 4 }), (sites) => {
      const tallies = sites.map((rows) =>
        tallyOf({
          label: plan.data.label,
          predictions: rows.map(([score]) => score),
          y: rows.map(([, label]) => label),
          patients: rows.map(([, , patient]) => patient),
        }),
      );
      const read = pooledFigures(plan, "train", sumOf(tallies), sites.length);
      const rows = sites.flat();
      const exact = metricsOf(
        rank(
          rows.map(([score]) => score),
          rows.map(([, label]) => label),
          rows.map((_, at) => at),
        ),
        rows.map(() => 1),
      );
      const patients = (of: (one: (typeof rows)[number]) => boolean): number =>
        sites.reduce((sum, held) => sum + new Set(held.filter(of).map(([, , patient]) => patient)).size, 0);
      const figures = read.ok ? read.value.validation : null;
      expect(figures).toMatchObject({ n: patients(() => true), positives: patients(([, label]) => label === 1) });
      for (const name of names) {
        const [found, truth] = [figures?.values[name] ?? null, exact[name]];
        if (found === null || truth === null) expect([name, found]).toEqual([name, truth]);
        // Counts are exact; the last digits of sums of fractions depend on their order.
        else expect([name, found.low - 1e-12 <= truth && truth <= found.high + 1e-12]).toEqual([name, true]);
      }
    }),
    { numRuns: 500 },
  );
});

it("counts rows in the histogram and patients in the counts, so that a patient of five rows is one", () => {
  const { label } = plan.data;
  const tally = tallyOf({ label, predictions: [0.1, 0.2, 0.3, 0.4, 0.9], y: [0, 0, 1, 0, 0], patients: [0, 0, 0, 0, 1] });
  expect(tally).toMatchObject({ patients: 2, positivePatients: 1 });
  expect(tally.kind === undefined ? tally.negatives.reduce((sum, count) => sum + count, 0) : undefined).toBe(4);
});
