import { kindOf, outputsOf, scaled, targetsOf, unscaled, type Label } from "@engraft/core/models/labels";
import { METRICS_OF, type MetricName } from "@engraft/core/models/metric-names";
import { pooledFigures, totalsLength, totalsOf } from "@engraft/core/models/tally";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plan as small } from "../model.fixture.ts";
import { classMeasure } from "./classes.ts";
import type { Measure } from "./bootstrap.ts";
import { baselineOf, horizonMeasure } from "./horizon.ts";
import { regressionMeasure } from "./regression.ts";
import type { Predicted } from "./site-metrics.ts";
import { byTime } from "./by-time.ts";
import { pairsOf, partialLikelihood } from "./survival.ts";
import { tallyOf } from "./tally.ts";
import { yesNoMeasure } from "./yes-no.ts";

const common = { name: "y", title: "Y" };
const LABELS = {
  multilabel: {
    ...common,
    kind: "multilabel",
    labels: ["u", "v"].map((name) => ({ name, title: name, positive: ["1"], negative: ["0"] })),
  },
  ordinal: { ...common, kind: "ordinal", classes: ["a", "b", "c"].map((name) => ({ name, codes: [name] })) },
  regression: { ...common, kind: "regression", unit: "1", min: 40, max: 240 },
  survival: {
    ...common,
    kind: "survival",
    time: { name: "t", unit: "d", max: 100 },
    event: { name: "e", occurred: ["1"], censored: ["0"] },
  },
} as const satisfies Readonly<Record<string, unknown>>;
type Kind = keyof typeof LABELS;
const labelOf = (kind: Kind): Label => LABELS[kind] as unknown as Label;

interface Row {
  readonly predictions: readonly number[];
  readonly y: readonly number[];
  readonly patient: number;
}

const share = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.25, 0.5, 1));
const VALUES: Readonly<Record<Kind, fc.Arbitrary<Pick<Row, "predictions" | "y">>>> = {
  multilabel: fc.record({ predictions: fc.tuple(share, share), y: fc.tuple(fc.constantFrom(0, 1, Number.NaN), fc.constantFrom(0, 1)) }),
  ordinal: fc.record({
    predictions: fc.tuple(share, share, share).map(([a, b, c]) => {
      const all = a + b + c;
      return all === 0 ? [1, 0, 0] : [a / all, b / all, c / all];
    }),
    y: fc.integer({ min: 0, max: 2 }).map((index) => [index]),
  }),
  regression: fc.record({
    predictions: share.map((value) => [40 + 200 * value]),
    y: share.map((value) => [scaled(LABELS.regression, 40 + 200 * value)]),
  }),
  survival: fc.record({
    predictions: fc.integer({ min: -4, max: 4 }).map((risk) => [risk / 2]),
    y: fc.tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 1 })),
  }),
};

const sitesOf = (kind: Kind): fc.Arbitrary<readonly (readonly Row[])[]> => {
  const row = fc
    .record({ values: VALUES[kind], patient: fc.integer({ min: 0, max: 9 }) })
    .map(({ values, patient }) => ({ ...values, patient }));
  return fc.array(fc.array(row, { minLength: 1, maxLength: 25 }), { minLength: 1, maxLength: 4 });
};

const predicted = (kind: Kind, rows: readonly Row[]): Predicted => ({
  label: labelOf(kind),
  predictions: rows.flatMap(({ predictions }) => predictions),
  y: rows.flatMap(({ y }) => y),
  patients: rows.map(({ patient }) => patient),
});

const planOf = (kind: Kind, minCount = 1) => {
  const label = labelOf(kind);
  return { ...small, data: { ...small.data, label }, metrics: { ...small.metrics, names: [...METRICS_OF[kindOf(label)]], minCount } };
};

const summed = (kind: Kind, sites: readonly (readonly Row[])[]): readonly number[] =>
  sites
    .map((rows) => totalsOf(planOf(kind), "train", { validation: tallyOf(predicted(kind, rows)) }))
    .reduce((sum, totals) => sum.map((total, at) => total + (totals[at] ?? 0)));

/** Of all sites' rows together; of survival within each site. */
function exactly(kind: Kind, sites: readonly (readonly Row[])[]): Readonly<Partial<Record<MetricName, number | null>>> {
  const rows = sites.flat().map((row, patient) => ({ ...row, patient }));
  const all = predicted(kind, rows);
  const measures: Readonly<Record<Exclude<Kind, "survival">, () => Measure>> = {
    multilabel: () => yesNoMeasure(all, METRICS_OF.multilabel),
    ordinal: () => classMeasure(all, 3, true),
    regression: () => regressionMeasure(all, LABELS.regression),
  };
  if (kind !== "survival") return measures[kind]()(rows.map(() => 1));
  const each = sites.map((held) => {
    const { predictions, y } = predicted(kind, held);
    const sorted = byTime(predictions, y);
    return { ...pairsOf(sorted, () => 1), ...partialLikelihood(sorted, () => 1) };
  });
  const total = (of: (one: (typeof each)[number]) => number): number => each.reduce((sum, one) => sum + of(one), 0);
  const [pairs, events] = [total(({ comparable }) => comparable), total((one) => one.events)];
  return {
    "c-index": pairs === 0 ? null : total(({ concordant, tied }) => concordant + tied / 2) / pairs,
    loss: events === 0 ? null : total(({ loss }) => loss) / events,
  };
}

/** Of a threshold there is none yet: it is chosen in the sum. */
const CHOSEN: ReadonlySet<MetricName> = new Set(["sensitivity", "specificity", "ppv", "npv", "f1"]);

describe.each(Object.keys(LABELS) as Kind[])("%s", (kind) => {
  it("[M3] every exact figure lies between the bounds that the sum gives", () => {
    fc.assert(
      fc.property(sitesOf(kind), (sites) => {
        const read = pooledFigures(planOf(kind), "train", summed(kind, sites), sites.length);
        const figures = read.ok ? read.value.validation : null;
        const patients = sites.reduce((sum, rows) => sum + new Set(rows.map(({ patient }) => patient)).size, 0);
        expect(figures).toMatchObject({ n: patients });
        const exact = exactly(kind, sites);
        for (const name of METRICS_OF[kind].filter((each) => !CHOSEN.has(each))) {
          const [found, truth] = [figures?.values[name] ?? null, exact[name] ?? null];
          if (found === null) {
            // A line or a share of spread may be undefined as far as rounded sums tell.
            if (!["r2", "calibration-slope", "calibration-intercept"].includes(name)) expect([name, found]).toEqual([name, truth]);
            continue;
          }
          if (truth === null) continue;
          const last = 1e-9 * (1 + Math.abs(truth));
          expect([name, found.low - last <= truth && truth <= found.high + last]).toEqual([name, true]);
          expect([name, found.low <= found.value && found.value <= found.high]).toEqual([name, true]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("[M3] nothing of fewer patients than the minimum count", () => {
    const [rows] = fc.sample(sitesOf(kind), { numRuns: 1, seed: 3 });
    const read = pooledFigures(planOf(kind, 1000), "train", summed(kind, rows ?? []), rows?.length ?? 1);
    expect(read).toMatchObject({ ok: true, value: { validation: null } });
  });

  it("[M4] counts that do not go together are refused, and so are random words", () => {
    const [sites = []] = fc.sample(
      sitesOf(kind).filter((held) => held.length > 1 && held.every((rows) => rows.length > 4)),
      { numRuns: 1, seed: 5 },
    );
    const honest = summed(kind, sites);
    expect(pooledFigures(planOf(kind), "train", honest, sites.length)).toMatchObject({ ok: true });
    const refused = { ok: false, code: "sum-out-of-range" };
    for (const at of honest.keys()) {
      for (const by of [-(2 ** 45), 2 ** 45, 0.5, Number.NaN])
        expect([at, by, pooledFigures(planOf(kind), "train", honest.with(at, (honest[at] ?? 0) + by), sites.length)]).toMatchObject([
          at,
          by,
          refused,
        ]);
    }
    const length = totalsLength(planOf(kind), "train");
    fc.assert(
      fc.property(fc.array(fc.maxSafeInteger(), { minLength: length, maxLength: length }), (totals) => {
        fc.pre(totals.some((total) => total !== 0));
        expect(pooledFigures(planOf(kind), "train", totals, 3)).toMatchObject(refused);
      }),
      { numRuns: 100 },
    );
  });
});

it("[M3] rows by class come out of the sum only where every class that occurs has the minimum count of patients", () => {
  const of = (classes: readonly number[]): readonly Row[] =>
    classes.map((index, patient) => ({ predictions: [0.5, 0.3, 0.2], y: [index], patient }));
  const sites = [of([0, 0, 1, 1]), of([0, 1, 1, 2])];
  const shown = (minCount: number) => {
    const read = pooledFigures(planOf("ordinal", minCount), "train", summed("ordinal", sites), 2);
    return read.ok ? read.value.validation?.confusion : undefined;
  };
  expect(shown(1)).toEqual([
    [3, 0, 0],
    [4, 0, 0],
    [1, 0, 0],
  ]);
  expect(shown(2)).toBeUndefined();
});

it("[M6] a threshold is chosen on the validation patients of all sites, and is one of the federated model only", () => {
  const label: Label = { name: "y", title: "Y", positive: ["1"], negative: ["0"] };
  const names: MetricName[] = ["sensitivity", "specificity", "ppv", "npv", "f1"];
  const plan = { ...small, data: { ...small.data, label }, metrics: { ...small.metrics, names, minCount: 1 } };
  const tally = (predictions: readonly number[], y: readonly number[]) =>
    tallyOf({ label, predictions, y, patients: y.map((_, at) => at) });
  const validation = tally([0.1, 0.2, 0.3, 0.35], [0, 0, 1, 1]);
  const test = tally([0.1, 0.26, 0.31, 0.9], [0, 1, 0, 1]);
  const totals = totalsOf(plan, "evaluate", { validation, base: test, federated: test, alone: test });
  const read = pooledFigures(plan, "evaluate", totals, 1);
  const exact = (value: number) => ({ value, low: value, high: value });
  expect(read).toMatchObject({
    ok: true,
    value: {
      validation: { values: { sensitivity: exact(1), specificity: exact(1) } },
      // From 19/64 = 0.297, the nearest to one half of those that separate the validation patients.
      federated: { values: { sensitivity: exact(0.5), specificity: exact(0.5), ppv: exact(0.5), npv: exact(0.5), f1: exact(0.5) } },
      base: { values: { sensitivity: null, f1: null } },
    },
  });
});

it("outputs and targets are as wide as the label says", () => {
  for (const kind of Object.keys(LABELS) as Kind[]) {
    const [rows] = fc.sample(sitesOf(kind), { numRuns: 1, seed: 1 });
    const [row] = rows?.[0] ?? [];
    expect([kind, row?.predictions.length, row?.y.length]).toEqual([kind, outputsOf(labelOf(kind)), targetsOf(labelOf(kind))]);
  }
  expect(unscaled(LABELS.regression, scaled(LABELS.regression, 77))).toBeCloseTo(77, 10);
});

describe("survival up to a horizon", () => {
  const horizon = 5;
  const names: MetricName[] = ["integrated-brier", "observed-expected"];
  const plan = { ...planOf("survival"), metrics: { ...small.metrics, names, minCount: 1, horizon } };
  const measured = (rows: readonly Row[]) => {
    const held = predicted("survival", rows);
    return { held, baseline: baselineOf(held, horizon) };
  };
  const totals = (rows: readonly Row[]): readonly number[] => {
    const { held, baseline } = measured(rows);
    return totalsOf(plan, "train", { validation: tallyOf(held, { horizon, baseline }) });
  };
  const summed = (sites: readonly (readonly Row[])[]): readonly number[] =>
    sites.map(totals).reduce((sum, each) => sum.map((total, at) => total + (each[at] ?? 0)));

  it("[M3] [M8] is the mean over the rows of the sites that can say it, within its bounds", () => {
    fc.assert(
      fc.property(sitesOf("survival"), (sites) => {
        const read = pooledFigures(plan, "train", summed(sites), sites.length);
        const values = read.ok ? read.value.validation?.values : undefined;
        const sums = sites.map(measured).flatMap(({ held, baseline }) => horizonMeasure(held, baseline)(() => 1) ?? []);
        const total = (of: (one: (typeof sums)[number]) => number): number => sums.reduce((sum, one) => sum + of(one), 0);
        const rows = total((one) => one.rows);
        const truths = {
          "integrated-brier": rows === 0 ? null : total(({ brier }) => brier) / rows,
          "observed-expected":
            rows === 0 || total(({ expected }) => expected) < 1e-4 ? null : total((one) => one.observed) / total((one) => one.expected),
        } as const;
        for (const name of ["integrated-brier", "observed-expected"] as const) {
          const [found, truth] = [values?.[name] ?? null, truths[name]];
          if (found === null || truth === null) {
            if (rows === 0) expect(found).toBeNull();
            continue;
          }
          const last = 1e-9 * (1 + truth);
          expect([name, found.low - last <= truth && truth <= found.high + last]).toEqual([name, true]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("[M4] sums of more than the rows are refused", () => {
    const [sites = []] = fc.sample(sitesOf("survival"), { numRuns: 1, seed: 4 });
    const honest = summed(sites);
    expect(honest).toHaveLength(12);
    expect(pooledFigures(plan, "train", honest, sites.length).ok).toBe(true);
    for (const at of [8, 9, 10, 11])
      expect([at, pooledFigures(plan, "train", honest.with(at, 2 ** 45), sites.length)]).toMatchObject([
        at,
        { ok: false, code: "sum-out-of-range" },
      ]);
  });
});
