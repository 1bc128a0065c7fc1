import { outputsOf, scaled, type Label } from "@engraft/core/models/labels";
import { METRICS_OF, type MetricName } from "@engraft/core/models/metric-names";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Measure } from "./bootstrap.ts";
import { classMeasure } from "./classes.ts";
import { regressionMeasure } from "./regression.ts";
import { siteMetrics, type Predicted } from "./site-metrics.ts";
import { byTime, pairsOf, survivalMeasure } from "./survival.ts";
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
  readonly confusion?: readonly (readonly number[])[];
}

/** Of test/vectors/labels.py: scikit-learn, scikit-survival and lifelines, of 60 patients of one row each, then with sample weights. */
const reference = JSON.parse(readFileSync(new URL("../../../../test/vectors/labels.json", import.meta.url), "utf8")) as Readonly<
  Record<"binary" | "multilabel" | "classes" | "regression" | "survival", Reference>
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

/** As a session has it: each row a patient, a number scaled. */
function predictedOf(name: keyof typeof LABELS): Predicted {
  const label = LABELS[name] as unknown as Label;
  const { predictions } = reference[name];
  const y = reference[name].y.map((value) => value ?? Number.NaN);
  const patients = Array.from({ length: predictions.length / outputsOf(label) }, (_, row) => row);
  return { label, predictions, y: label.kind === "regression" ? y.map((value) => scaled(label, value)) : y, patients };
}

const MEASURES: Readonly<Record<keyof typeof LABELS, Measure>> = {
  binary: yesNoMeasure(predictedOf("binary"), METRICS_OF.binary, [reference.binary.threshold ?? 0]),
  multilabel: yesNoMeasure(predictedOf("multilabel"), METRICS_OF.multilabel, reference.multilabel.thresholds),
  classes: classMeasure(predictedOf("classes"), 4, true),
  regression: regressionMeasure(predictedOf("regression"), LABELS.regression),
  survival: survivalMeasure(predictedOf("survival")),
};

describe.each(Object.keys(LABELS) as (keyof typeof LABELS)[])("%s", (name) => {
  const { plain, weighted, weights } = reference[name];
  it.each([
    ["plain", plain, weights.map(() => 1)],
    ["weighted", weighted, weights],
  ] as const)("%s figures equal scikit-learn's and scikit-survival's", (_, expected, counts) => {
    const figures = MEASURES[name](counts);
    const kind = { classes: "ordinal" as const, binary: undefined, multilabel: undefined, regression: undefined, survival: undefined }[
      name
    ];
    for (const metric of METRICS_OF[kind ?? (name as "binary")])
      expect([metric, figures[metric]]).toEqual([metric, expect.closeTo(expected[metric] ?? Number.NaN, 7)]);
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
  const of = (name: keyof typeof LABELS, names: readonly MetricName[], minCount = 1) =>
    siteMetrics(predictedOf(name), { names, minCount, thresholds: [0.25] });
  it("holds the named figures, each within its interval", () => {
    for (const [name, names] of [
      ["classes", METRICS_OF.ordinal],
      ["regression", METRICS_OF.regression],
      ["survival", METRICS_OF.survival],
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
