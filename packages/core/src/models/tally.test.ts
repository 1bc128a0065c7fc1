import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { heartPlan, planWith } from "./heart.fixture.ts";
import { PooledFigures, type PooledMetrics } from "./pooled.ts";
import type { MetricName } from "./plan.ts";
import { BINS, binOf, EIGHTHS, SURE } from "./tallies/counting.ts";
import { YES_NO_TOTALS as TALLY_TOTALS, type YesNoTally } from "./tallies/yes-no.ts";
import { pooledFigures, talliesOf, totalsLength, totalsOf } from "./tally.ts";

const names = ["auroc", "auprc", "accuracy", "loss", "brier"] as const satisfies MetricName[];
const plan = planWith({ metrics: { names: [...names], minCount: 1 } });
const tallyTotals = (validation: YesNoTally | null): readonly number[] => totalsOf(plan, "train", { validation });

interface Row {
  readonly score: number;
  readonly label: boolean;
}

/** One patient for each row. Written apart from the engine, so that the two can be compared. */
function tally(rows: readonly Row[]): YesNoTally {
  const histogram = (label: boolean): readonly number[] =>
    Array.from({ length: BINS }, (_, bin) => rows.filter((row) => row.label === label && binOf(row.score) === bin).length);
  const total = (of: (row: Row) => number): number => rows.reduce((sum, row) => sum + of(row), 0);
  return {
    patients: rows.length,
    positivePatients: total(({ label }) => Number(label)),
    positives: histogram(true),
    negatives: histogram(false),
    scores: Array.from({ length: EIGHTHS }, (_, at) => total(({ score }) => (Math.min(7, Math.floor(8 * score)) === at ? score : 0))),
    loss: total(({ score, label }) => -Math.log(Math.max(SURE, Math.min(1 - SURE, label ? score : 1 - score)))),
    brier: total(({ score, label }) => (Number(label) - score) ** 2),
  };
}

/** By definition, from every pair and every threshold. */
function exactly(rows: readonly Row[]): Readonly<Record<(typeof names)[number], number | null>> {
  const [positives, negatives] = [rows.filter(({ label }) => label), rows.filter(({ label }) => !label)];
  const both = positives.length > 0 && negatives.length > 0;
  const count = (list: readonly Row[], from: number): number => list.filter(({ score }) => score >= from).length;
  const won = positives.flatMap((p) => negatives.map((n) => (p.score > n.score ? 1 : p.score === n.score ? 0.5 : 0)));
  const precisions = positives.map(({ score }) => count(positives, score) / count(rows, score));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const { loss, brier } = tally(rows);
  return {
    auroc: both ? mean(won) : null,
    auprc: both ? mean(precisions) : null,
    accuracy: mean(rows.map(({ score, label }) => Number(score >= 0.5 === label))),
    loss: loss / rows.length,
    brier: brier / rows.length,
  };
}

const sumOf = (tallies: readonly (YesNoTally | null)[]): readonly number[] =>
  tallies.map(tallyTotals).reduce((sum, totals) => sum.map((total, at) => total + (totals[at] ?? 0)));

/** What the sum of these sites says of the checkpoint that a round starts from. */
function pooled(tallies: readonly (YesNoTally | null)[], of = plan): PooledMetrics | null {
  const read = pooledFigures(of, "train", sumOf(tallies), tallies.length);
  if (!read.ok) throw new Error(read.text);
  return PooledFigures.parse(read.value).validation;
}

// Edges of bins, both ends and tied scores are as likely as anything between.
const score = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.integer({ min: 0, max: BINS }).map((edge) => edge / BINS),
  fc.constantFrom(0, 0.5, 0.5 - 2 ** -54, 1 - 2 ** -53, 1, 1e-9),
);
const row: fc.Arbitrary<Row> = fc.record({ score, label: fc.boolean() });
const sites = fc.array(fc.array(row, { minLength: 1, maxLength: 25 }), { minLength: 1, maxLength: 6 });

describe("figures of all sites' patients", () => {
  it("[M3] every exact figure lies between the bounds that the sum gives, and is null exactly where it is undefined", () => {
    fc.assert(
      fc.property(sites, (held) => {
        const figures = pooled(held.map(tally));
        const rows = held.flat();
        const exact = exactly(rows);
        expect(figures).toMatchObject({ n: rows.length, positives: rows.filter(({ label }) => label).length });
        for (const name of names) {
          const [found, truth] = [figures?.values[name], exact[name]];
          if (truth === null || found === null || found === undefined) {
            expect([name, found]).toEqual([name, truth]);
            continue;
          }
          // Counts are exact; the last digits of sums of fractions depend on their order.
          const last = name === "accuracy" ? 0 : 1e-12;
          expect([name, found.low - last <= truth && truth <= found.high + last]).toEqual([name, true]);
          expect([name, found.low <= found.value && found.value <= found.high]).toEqual([name, true]);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("[M3] bounds are as narrow as the histogram allows: a pair in one bin may be either way, others not", () => {
    const rows = [
      ...[0.9, 0.901, 0.1].map((of) => ({ score: of, label: true })),
      ...[0.9005, 0.3, 0.2].map((of) => ({ score: of, label: false })),
    ];
    expect(pooled([tally(rows)])?.values.auroc).toEqual({ low: 4 / 9, value: 5 / 9, high: 6 / 9 });
    const { low = 0, high = 1 } = pooled([tally(rows)])?.values.auprc ?? {};
    // Worst: the negative of the top bin first, then 1/2, 2/3, 3/6; best: both positives of it first, then 3/6.
    expect(low).toBeLessThanOrEqual((1 / 2 + 2 / 3 + 3 / 6) / 3);
    expect(low).toBeGreaterThan((1 / 2 + 2 / 3 + 3 / 6) / 3 - 0.02);
    expect(high).toBeCloseTo((1 + 1 + 3 / 6) / 3, 12);
  });

  it("[M3] losses are off by at most half a step of 2^-20 for each site", () => {
    const rows = Array.from({ length: 40 }, (_, at) => ({ score: (at * 0.137) % 1, label: at % 3 === 0 }));
    const { loss } = pooled([tally(rows), tally(rows)])?.values ?? {};
    expect((loss?.high ?? 1) - (loss?.low ?? 0)).toBeLessThan((2 * 2 ** -20) / 80 + 1e-12);
    expect(Math.abs((loss?.value ?? 0) - (exactly(rows).loss ?? 1))).toBeLessThanOrEqual(2 ** -20 / 80);
  });

  it("[M3] names only the plan's metrics, and nothing of fewer patients than its minimum count, over all sites", () => {
    const rows = Array.from({ length: 10 }, (_, at) => ({ score: at / 10, label: at % 2 === 0 }));
    const strict = planWith({ metrics: { names: ["brier"], minCount: 20 } });
    expect(pooled([tally(rows), null], strict)).toBeNull();
    expect(Object.keys(pooled([tally(rows), tally(rows)], strict)?.values ?? {})).toEqual(["brier"]);
    expect(pooled([null, null])).toBeNull();
  });

  it("[M3] no point of the calibration curve is of fewer rows than the minimum count, and together they are all rows", () => {
    fc.assert(
      fc.property(sites, fc.integer({ min: 1, max: 20 }), (held, minCount) => {
        const rows = held.flat();
        const figures = pooled(held.map(tally), planWith({ metrics: { minCount } }));
        if (rows.length < minCount) expect(figures).toBeNull();
        if (figures === null) return;
        const points = figures.calibration;
        for (const point of points) expect(point.count).toBeGreaterThanOrEqual(minCount);
        const total = (of: (point: (typeof points)[number]) => number): number => points.reduce((sum, point) => sum + of(point), 0);
        expect(total(({ count }) => count)).toBe(rows.length);
        expect(total(({ positives }) => positives)).toBe(figures.positives);
        const scores = rows.reduce((sum, one) => sum + one.score, 0);
        expect(Math.abs(total(({ count, meanScore }) => count * meanScore) - scores)).toBeLessThanOrEqual((8 * held.length) / 2 ** 20);
      }),
      { numRuns: 500 },
    );
  });

  it("a round's totals are those of its models in a fixed order, zeros for a model that was not counted", () => {
    const rows = [{ score: 0.25, label: true }];
    expect(talliesOf(heartPlan, "evaluate")).toEqual(["validation", "base", "federated", "alone"]);
    expect(totalsLength(heartPlan, "train")).toBe(TALLY_TOTALS);
    expect(totalsLength(planWith({ metrics: { compareAlone: false } }), "evaluate")).toBe(3 * TALLY_TOTALS);
    const totals = totalsOf(plan, "evaluate", { federated: tally(rows), base: null });
    expect(totals).toHaveLength(totalsLength(plan, "evaluate"));
    const read = pooledFigures(plan, "evaluate", totals, 1);
    expect(read).toMatchObject({ ok: true, value: { validation: null, base: null, alone: null, federated: { n: 1, positives: 1 } } });
  });
});

describe("a sum that no honest sites give", () => {
  const rows = Array.from({ length: 30 }, (_, at) => ({ score: (at * 0.31) % 1, label: at % 4 === 0 }));
  const honest = sumOf([tally(rows), tally(rows)]);
  const refused = { ok: false, code: "sum-out-of-range" };

  it("[M4] counts, histograms and sums must go together", () => {
    expect(pooledFigures(plan, "train", honest, 2)).toMatchObject({ ok: true });
    const [patients, positivePatients, loss, brier] = [0, 1, 2, 3];
    const [negatives, scores] = [4 + BINS, 4 + 2 * BINS];
    const changes: readonly (readonly [at: number, to: number])[] = [
      ...honest.flatMap((total, at) =>
        [-(2 ** 40), 2 ** 40, Number.MAX_SAFE_INTEGER, Number.NaN, 0.5].map((by) => [at, total + by] as const),
      ),
      ...[0, 61].map((to) => [patients, to] as const),
      ...[0, 17].map((to) => [positivePatients, to] as const),
      // Less than the best, more than the worst that these bins allow.
      ...[0, 0.5, 2].map((factor) => [loss, Math.floor(factor * (honest[loss] ?? 0))] as const),
      ...[0, 0.9, 1.2].map((factor) => [brier, Math.floor(factor * (honest[brier] ?? 0))] as const),
      // An unsure score more than the sums know of.
      [negatives + BINS - 1, (honest[negatives + BINS - 1] ?? 0) + 10],
      ...Array.from({ length: EIGHTHS }, (_, eighth) => [scores + eighth, (honest[scores + eighth] ?? 0) + 2 ** 20] as const),
    ];
    for (const [at, to] of changes) {
      expect([at, to, pooledFigures(plan, "train", honest.with(at, to), 2)]).toMatchObject([at, to, refused]);
    }
  });

  it("[M4] random words are refused, and so is another length", () => {
    fc.assert(
      fc.property(
        fc.array(fc.maxSafeInteger(), { minLength: TALLY_TOTALS, maxLength: TALLY_TOTALS }),
        fc.integer({ min: 1, max: 100 }),
        (totals, of) => {
          fc.pre(totals.some((total) => total !== 0));
          expect(pooledFigures(plan, "train", totals, of)).toMatchObject(refused);
        },
      ),
      { numRuns: 300 },
    );
    expect(pooledFigures(plan, "train", honest.slice(1), 2)).toMatchObject(refused);
    expect(pooledFigures(plan, "train", [...honest, 0], 2)).toMatchObject(refused);
    expect(pooledFigures(plan, "evaluate", honest, 2)).toMatchObject(refused);
    expect(pooledFigures(plan, "train", [], 2)).toMatchObject(refused);
  });

  it("[M4] figures of as many rows as can be are read at once, and as many as cannot be are refused", () => {
    const huge = tallyTotals({ ...tally([{ score: 0.99, label: true }]), patients: 1, positivePatients: 1 });
    const scaled = (by: number): readonly number[] => huge.map((total) => total * by);
    expect(pooledFigures(plan, "train", scaled(100_000_000), 1)).toMatchObject({ ok: true });
    expect(pooledFigures(plan, "train", scaled(100_000_001), 1)).toMatchObject(refused);
  });
});

describe("the decision curve", () => {
  /** Net benefit by definition, of scores from `threshold` on. */
  const net = (rows: readonly Row[], threshold: number): number => {
    const said = rows.filter(({ score }) => score >= threshold);
    const right = said.filter(({ label }) => label).length;
    return (right - ((said.length - right) * threshold) / (1 - threshold)) / rows.length;
  };

  it("[M3] is what each threshold brings over all sites' rows, with the minimum count between any two, below and above", () => {
    const minCount = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(sites, minCount, (held, least) => {
        const rows = held.flat();
        fc.pre(rows.length >= least);
        const strict = planWith({ metrics: { names: ["brier"], minCount: least } });
        const points = pooled(held.map(tally), strict)?.decision ?? [];
        for (const { threshold, net: found, everybody } of points) {
          expect(found).toBeCloseTo(net(rows, threshold), 10);
          expect(everybody).toBeCloseTo(
            net(
              rows.map((row) => ({ ...row, score: 1 })),
              threshold,
            ),
            10,
          );
        }
        const edges = [0, ...points.map(({ threshold }) => threshold), Number.POSITIVE_INFINITY];
        if (points.length === 0) return;
        for (const [at, edge] of edges.slice(1).entries())
          expect(rows.filter(({ score }) => score >= (edges[at] ?? 0) && score < edge).length).toBeGreaterThanOrEqual(least);
      }),
      { numRuns: 500 },
    );
  });

  it("stands at the edges between the calibration curve's points, and tells nothing that they do not", () => {
    const rows = Array.from({ length: 64 }, (_, at) => ({ score: (at + 0.5) / 64, label: at % 3 === 0 }));
    const at = (minCount: number) => {
      const figures = pooled([tally(rows)], planWith({ metrics: { names: ["brier"], minCount } }));
      return { points: figures?.calibration.length, edges: figures?.decision?.map(({ threshold }) => threshold * 8) };
    };
    expect(at(1)).toEqual({ points: 8, edges: [1, 2, 3, 4, 5, 6, 7] });
    expect(at(20)).toEqual({ points: 2, edges: [3] });
    expect(at(40)).toEqual({ points: 1, edges: undefined });
  });
});
