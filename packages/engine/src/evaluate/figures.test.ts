import { outputsOf, scaled, type Label } from "@engraft/core/models/labels";
import { AT_HORIZON, METRICS_OF, type MetricName } from "@engraft/core/models/metric-names";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Measure } from "./bootstrap.ts";
import { classMeasure } from "./classes.ts";
import { baselineOf, horizonMeasure } from "./horizon.ts";
import { regressionMeasure } from "./regression.ts";
import { siteMetrics, type Predicted } from "./site-metrics.ts";
import { byTime } from "./by-time.ts";
import { pairsOf, survivalMeasure } from "./survival.ts";
import { thresholdsOf } from "./thresholds.ts";
import { yesNoMeasure } from "./yes-no.ts";

type Figures = Readonly<Record<string, number>>;
interface Reference {
  readonly y: readonly (number | null)[];
  readonly predictions: readonly number[];
  readonly weights: readonly number[];
  readonly plain: Figures;
  readonly weighted: Figures;
  readonly threshold?: number;
  readonly thresholds?: readonly number[];
  readonly youden?: number;
  readonly horizon?: number;
  /** Training patients, of whom the baseline hazard is. */
  readonly learnt?: Pick<Reference, "y" | "predictions">;
  readonly confusion?: readonly (readonly number[])[];
}

/** Of test/vectors/labels.py: scikit-learn, scikit-survival and lifelines, of 60 patients of one row each, then with sample weights. */
const reference = JSON.parse(readFileSync(new URL("../../../../test/vectors/labels.json", import.meta.url), "utf8")) as Readonly<
  Record<"binary" | "multilabel" | "classes" | "regression" | "survival" | "horizon", Reference>
>;

const common = { name: "y", title: "Y" };
const yesNo = (name: string) => ({ name, title: name, positive: ["1"], negative: ["0"] });
const classes = ["a", "b", "c", "d"].map((name) => ({ name, codes: [name] }));
const LABELS = {
  binary: yesNo("y"),
  multilabel: { ...common, kind: "multilabel", labels: ["u", "v", "w"].map(yesNo) },
  classes: { ...common, kind: "ordinal", classes },
  regression: { ...common, kind: "regression", unit: "mm[Hg]", min: 40, max: 220 },
  survival: {
    ...common,
    kind: "survival",
    time: { name: "t", unit: "d", max: 1000 },
    event: { name: "e", occurred: ["1"], censored: ["0"] },
  },
} as const satisfies Readonly<Record<string, unknown>>;

const isSurvival = (name: Kind): boolean => name === "survival" || name === "horizon";
type Kind = keyof typeof LABELS | "horizon";

/** As a session has it: each row a patient, a number scaled. */
function predictedOf(name: Kind, of: Pick<Reference, "y" | "predictions"> = reference[name]): Predicted {
  const label = LABELS[name === "horizon" ? "survival" : name] as unknown as Label;
  const { predictions } = of;
  const y = of.y.map((value) => value ?? Number.NaN);
  const patients = Array.from({ length: predictions.length / outputsOf(label) }, (_, row) => row);
  return { label, predictions, y: label.kind === "regression" ? y.map((value) => scaled(label, value)) : y, patients };
}

const BASELINE = baselineOf(predictedOf("horizon", reference.horizon.learnt), reference.horizon.horizon ?? 0);

const MEASURES: Readonly<Record<Kind, Measure>> = {
  binary: yesNoMeasure(predictedOf("binary"), METRICS_OF.binary, [reference.binary.threshold ?? 0]),
  multilabel: yesNoMeasure(predictedOf("multilabel"), METRICS_OF.multilabel, reference.multilabel.thresholds),
  classes: classMeasure(predictedOf("classes"), 4, true),
  regression: regressionMeasure(predictedOf("regression"), LABELS.regression),
  survival: survivalMeasure(predictedOf("survival")),
  horizon: survivalMeasure(predictedOf("horizon"), BASELINE),
};

/** Figures that the reference has. */
function namesOf(name: Kind): readonly MetricName[] {
  if (name === "horizon") return [...AT_HORIZON];
  return METRICS_OF[name === "classes" ? "ordinal" : name].filter((metric) => !AT_HORIZON.has(metric));
}

describe.each([...(Object.keys(LABELS) as Kind[]), "horizon"] as const)("%s", (name) => {
  const { plain, weighted, weights } = reference[name];
  it.each([
    ["plain", plain, weights.map(() => 1)],
    ["weighted", weighted, weights],
  ] as const)("%s figures equal scikit-learn's and scikit-survival's", (_, expected, counts) => {
    const figures = MEASURES[name](counts);
    for (const metric of namesOf(name))
      expect([metric, figures[metric]]).toEqual([metric, expect.closeTo(expected[metric] ?? Number.NaN, 7)]);
  });
});

describe("up to a horizon", () => {
  const label = LABELS.survival as unknown as Label;
  const of = (risks: readonly number[], outcomes: readonly (readonly [time: number, event: 0 | 1])[]): Predicted => ({
    label,
    predictions: risks,
    y: outcomes.flat(),
    patients: risks.map((_, row) => row),
  });
  // Of two alike one has the event at 2: half of the hazard is gone then.
  const baseline = baselineOf(
    of(
      [0, 0],
      [
        [2, 1],
        [9, 0],
      ],
    ),
    4,
  );

  it("sums are what they are by hand, where nobody is censored before it", () => {
    const sums = horizonMeasure(
      of(
        [0, 0],
        [
          [3, 1],
          [4, 0],
        ],
      ),
      baseline,
    )(() => 1);
    const p = 1 - Math.exp(-0.5);
    // From 2 to 3 both are alive and told to die with p; from 3 to 4 one is dead.
    const brier = (2 * p ** 2 + p ** 2 + (1 - p) ** 2) / 4;
    expect(sums).toEqual({ rows: 2, observed: 1, expected: expect.closeTo(2 * p, 12), brier: expect.closeTo(brier, 12) });
  });

  it("whoever has an event at the time of a censoring had it before, and is not weighed for it", () => {
    const sums = horizonMeasure(
      of(
        [0, 0, 0],
        [
          [1, 1],
          [1, 0],
          [5, 0],
        ],
      ),
      baseline,
    )(() => 1);
    expect(sums).toMatchObject({ rows: 3, observed: expect.closeTo(1, 12) });
    const p = 1 - Math.exp(-0.5);
    // Until 1 nobody has had it, and none is foretold before 2; then the one who is left stands for two.
    expect(sums?.brier).toBeCloseTo((1 * 1 + 2 * ((1 - p) ** 2 + 2 * p ** 2)) / 4, 12);
  });

  it("[M8] nothing is said where nobody is observed as long, nor of no patient", () => {
    const measure = horizonMeasure(
      of(
        [0, 0],
        [
          [3, 1],
          [4, 0],
        ],
      ),
      { ...baseline, horizon: 4.5 },
    );
    expect(measure(() => 1)).toBeUndefined();
    expect(horizonMeasure(of([0], [[5, 0]]), baseline)(() => 0)).toBeUndefined();
  });

  it("risks too large for a power of e are taken as well as small ones", () => {
    const large = of(
      [900, 901],
      [
        [2, 1],
        [9, 0],
      ],
    );
    const sums = horizonMeasure(large, baselineOf(large, 4))(() => 1);
    expect(sums?.expected).toBeGreaterThan(0.5);
    expect(sums?.expected).toBeLessThan(2);
  });
});

it("pairs of patients are scikit-survival's, one by one", () => {
  const { predictions, y, plain } = { ...reference.survival, ...predictedOf("survival") };
  const { comparable, concordant, tied } = pairsOf(byTime(predictions, y), () => 1);
  expect({ comparable, concordant, tied }).toEqual({
    comparable: plain["comparable"],
    concordant: plain["concordant"],
    tied: plain["tied"],
  });
});

it("the threshold is the 64th of the largest sensitivity and specificity, one half where a class is missing", () => {
  const predicted = predictedOf("binary");
  expect(thresholdsOf(predicted)).toEqual([reference.binary.youden]);
  expect(thresholdsOf({ ...predicted, y: reference.binary.y.map(() => 1) })).toEqual([0.5]);
  expect(thresholdsOf(predictedOf("multilabel"))).toHaveLength(3);
  expect(thresholdsOf(predictedOf("survival"))).toBeUndefined();
});

describe("what a site reports", () => {
  const of = (name: Kind, names: readonly MetricName[], minCount = 1) =>
    siteMetrics(predictedOf(name), { names, minCount, thresholds: [0.25], baseline: isSurvival(name) ? BASELINE : undefined });
  it("holds the named figures, each within its interval", () => {
    for (const [name, names] of [
      ["classes", METRICS_OF.ordinal],
      ["regression", METRICS_OF.regression],
      ["survival", ["c-index", "loss"]],
      ["horizon", METRICS_OF.survival],
      ["multilabel", METRICS_OF.multilabel],
      ["binary", METRICS_OF.binary],
    ] as const) {
      const { values, n } = of(name, names);
      expect([name, n, Object.keys(values)]).toEqual([name, 60, [...names]]);
      for (const [metric, estimate] of Object.entries(values)) {
        const { low = 1, value = 0, high = -1 } = estimate ?? {};
        expect([name, metric, low <= value && value <= high]).toEqual([name, metric, true]);
      }
    }
  });
  it("counts events as it counts those with a yes, and nothing of that kind for other labels", () => {
    const events = reference.survival.y.filter((value, at) => at % 2 === 1 && value === 1).length;
    expect([of("survival", ["loss"]).positives, of("classes", ["loss"]).positives, of("regression", ["loss"]).positives]).toEqual([
      events,
      null,
      null,
    ]);
  });
  it("names a threshold with the figures at it only, and rows by class only where each class has enough patients", () => {
    expect(of("binary", ["auroc"])).not.toHaveProperty("thresholds");
    expect(of("binary", ["auroc", "ppv"]).thresholds).toEqual([0.25]);
    expect(of("classes", ["accuracy"]).confusion).toEqual(reference.classes.confusion);
    expect(of("classes", ["accuracy"], 30)).not.toHaveProperty("confusion");
    expect(of("binary", ["auroc"])).not.toHaveProperty("confusion");
  });
});
