import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { metricsOf, rank } from "./metrics.ts";

const labels = [1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0];
const scores = [0.91, 0.85, 0.8, 0.8, 0.8, 0.62, 0.55, 0.5, 0.5, 0.5, 0.44, 0.41, 0.41, 0.3, 0.22, 0.2, 0.2, 0.11, 0.08, 0.02];
const weights = [1, 0, 2, 1, 1, 3, 0, 1, 2, 1, 1, 1, 2, 0, 1, 1, 4, 1, 0, 1];
const each = scores.map((_, index) => index);

/** scikit-learn 1.9.1: roc_auc_score, average_precision_score, accuracy_score(s >= .5), log_loss, brier_score_loss; then the same with sample_weight. */
it.each([
  [
    "unweighted",
    weights.map(() => 1),
    { auroc: 0.6302083333333334, auprc: 0.5775857914015808, accuracy: 0.6, loss: 0.7335311275907278, brier: 0.25673 },
  ],
  [
    "weighted",
    weights,
    { auroc: 0.7421875, auprc: 0.645281862745098, accuracy: 0.5833333333333334, loss: 0.5710728973145852, brier: 0.20000416666666668 },
  ],
] as const)("%s metrics with ties equal scikit-learn's", (_, counts, expected) => {
  const metrics = metricsOf(rank(scores, labels, each), counts);
  for (const [name, value] of Object.entries(expected)) expect(metrics[name as keyof typeof expected]).toBeCloseTo(value, 12);
});

describe("by hand", () => {
  const of = (probabilities: number[], truth: number[]) =>
    metricsOf(
      rank(
        probabilities,
        truth,
        truth.map((_, index) => index),
      ),
      truth.map(() => 1),
    );
  it("a perfect and a reversed order", () => {
    expect(of([0.9, 0.8, 0.2], [1, 1, 0])).toMatchObject({ auroc: 1, auprc: 1, accuracy: 1 });
    expect(of([0.1, 0.8], [1, 0])).toMatchObject({ auroc: 0, auprc: 0.5, accuracy: 0 });
  });
  it("all scores equal: chance", () =>
    expect(of([0.5, 0.5, 0.5, 0.5], [1, 0, 0, 0])).toEqual({
      auroc: 0.5,
      auprc: 0.25,
      accuracy: 0.25,
      loss: expect.closeTo(Math.LN2, 12),
      brier: 0.25,
    }));
  it("certain and wrong stays finite", () =>
    expect(of([0, 1], [1, 0])).toMatchObject({ loss: expect.closeTo(-Math.log(1e-7), 6), brier: 1 }));
  it("one class only: no ranking metric", () =>
    expect(of([0.9, 0.8], [1, 1])).toMatchObject({ auroc: null, auprc: null, accuracy: 1, brier: expect.closeTo(0.025, 12) }));
  it("nobody: no metric", () => expect(of([], [])).toEqual({ auroc: null, auprc: null, accuracy: null, loss: null, brier: null }));
});

it("weights count like repeated samples, and AUROC like every pair compared", () => {
  const sample = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 3 }));
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1, maxLength: 30 }), (drawn) => {
      const repeated = drawn.flatMap(([score, label, weight]) => Array.from({ length: weight }, () => [score / 6, label] as const));
      const weighted = metricsOf(
        rank(
          drawn.map(([score]) => score / 6),
          drawn.map(([, label]) => label),
          drawn.map((_, index) => index),
        ),
        drawn.map(([, , weight]) => weight),
      );
      const plain = metricsOf(
        rank(
          repeated.map(([score]) => score),
          repeated.map(([, label]) => label),
          repeated.map((_, index) => index),
        ),
        repeated.map(() => 1),
      );
      for (const name of ["auroc", "auprc", "accuracy", "loss", "brier"] as const) {
        if (plain[name] === null) expect(weighted[name]).toBeNull();
        else expect(weighted[name]).toBeCloseTo(plain[name], 10);
      }
      const pairs = repeated
        .filter(([, label]) => label === 1)
        .flatMap(([high]) => repeated.filter(([, label]) => label === 0).map(([low]) => (high > low ? 1 : high === low ? 0.5 : 0)));
      if (pairs.length > 0) expect(plain.auroc).toBeCloseTo(pairs.reduce<number>((sum, won) => sum + won, 0) / pairs.length, 10);
    }),
  );
});
