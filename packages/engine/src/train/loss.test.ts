import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lossOf, predictionsOf } from "./label-loss.ts";
import { lossAndGradient, targetsOfLoss, type Loss } from "./loss.ts";

interface Reference {
  readonly logits: readonly number[];
  readonly targets: readonly (number | null)[];
  readonly loss: number;
  readonly gradient: readonly number[];
}

/** Of test/vectors/labels.py: scikit-learn's and scikit-survival's losses, gradients by central differences in float64. */
const { losses } = JSON.parse(readFileSync(new URL("../../../../test/vectors/labels.json", import.meta.url), "utf8")) as {
  readonly losses: Readonly<Record<string, Reference>>;
};

const CASES: Readonly<Record<string, Loss>> = {
  binary: { kind: "sigmoid", outputs: 1, weights: [[0.6, 1.7]] },
  multilabel: { kind: "sigmoid", outputs: 3 },
  softmax: { kind: "softmax", outputs: 4, weights: [0.5, 2, 1, 1.5] },
  squares: { kind: "squares", outputs: 1 },
  cox: { kind: "cox", outputs: 1 },
};

const values = (numbers: readonly (number | null)[]): number[] => numbers.map((value) => value ?? Number.NaN);

it.each(Object.entries(CASES))("%s and its gradient equal an independent computation", (name, loss) => {
  const { logits, targets, loss: expected, gradient: slopes } = losses[name] as Reference;
  const gradient = new Float32Array(logits.length);
  expect(lossAndGradient(loss, logits, values(targets), gradient)).toBeCloseTo(expected, 10);
  for (const [at, slope] of slopes.entries()) expect(gradient[at]).toBeCloseTo(slope, 6);
});

/** Logits as wild as a diverging training gives them. */
const wild = fc.double({ min: -1e4, max: 1e4, noNaN: true });
const targetOf: Readonly<Record<Loss["kind"], fc.Arbitrary<readonly number[]>>> = {
  sigmoid: fc.constantFrom(0, 1, Number.NaN).map((y) => [y]),
  softmax: fc.integer({ min: 0, max: 3 }).map((y) => [y]),
  squares: fc.double({ min: -1, max: 1, noNaN: true }).map((y) => [y]),
  cox: fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1 })),
};

it.each(Object.values(CASES))("$kind stays finite, is never negative, and a step against its gradient does not raise it", (loss) => {
  const width = loss.kind === "sigmoid" ? loss.outputs : 1;
  const row = fc.tuple(
    fc.array(wild, { minLength: loss.outputs, maxLength: loss.outputs }),
    fc.array(targetOf[loss.kind], { minLength: width, maxLength: width }),
  );
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 12 }), (rows) => {
      const [logits, targets] = [rows.flatMap(([z]) => z), rows.flatMap(([, y]) => y.flat())];
      expect(targets).toHaveLength(rows.length * targetsOfLoss(loss));
      const gradient = new Float32Array(logits.length);
      const before = lossAndGradient(loss, logits, targets, gradient);
      expect(Number.isFinite(before) && before >= -1e-9 && gradient.every(Number.isFinite)).toBe(true);
      const after = lossAndGradient(
        loss,
        logits.map((z, at) => z - 1e-3 * (gradient[at] as number)),
        targets,
        new Float32Array(logits.length),
      );
      expect(after).toBeLessThanOrEqual(before + 1e-9 * (1 + Math.abs(before)));
    }),
  );
});

describe("cox", () => {
  const of = (logits: readonly number[], targets: readonly number[]) => {
    const gradient = new Float32Array(logits.length);
    return { loss: lossAndGradient({ kind: "cox", outputs: 1 }, logits, targets, gradient), gradient };
  };
  it("does not change with a constant, so that a bias has no gradient", () => {
    const targets = [3, 1, 1, 1, 2, 0, 5, 1, 1, 1];
    const [a, b] = [of([0.3, -1, 2, 0.1, 0.7], targets), of([7.3, 6, 9, 7.1, 7.7], targets)];
    expect(b.loss).toBeCloseTo(a.loss, 12);
    expect(a.gradient.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 6);
  });
  it("a batch without an event teaches nothing", () =>
    expect(of([1, 2], [3, 0, 4, 0])).toEqual({ loss: 0, gradient: new Float32Array(2) }));
  it("who was censored before the first event is in no risk set", () => expect(of([5, 1, 1], [1, 0, 2, 1, 3, 0]).gradient[0]).toBe(0));
  it("a risk set far below the others is not lost", () =>
    // Of the two at risk at the end each is one half, however large the risk that is over.
    expect(of([5000, 0, 0], [1, 1, 2, 1, 2, 0]).loss).toBeCloseTo(Math.LN2 / 2, 9));
});

describe("of a label", () => {
  const common = { name: "y", title: "Y" };
  const classes = ["a", "b", "c"].map((name) => ({ name, codes: [name] }));
  it("balanced weights make classes count alike, and are one on average", () => {
    const y = Float32Array.of(0, 0, 0, 1);
    expect(lossOf({ ...common, kind: "multiclass", classes }, { rows: 4, y })).toEqual({
      kind: "softmax",
      outputs: 3,
      weights: [4 / 6, 2, 1],
    });
    expect(lossOf({ ...common, positive: ["1"], negative: ["0"] }, { rows: 4, y })).toEqual({
      kind: "sigmoid",
      outputs: 1,
      weights: [[4 / 6, 2]],
    });
    const labels = ["u", "v"].map((name) => ({ name, title: name, positive: ["1"], negative: ["0"] }));
    const known = Float32Array.of(0, 1, 0, 1, 1, Number.NaN);
    expect(lossOf({ ...common, kind: "multilabel", labels }, { rows: 3, y: known })).toEqual({
      kind: "sigmoid",
      outputs: 2,
      weights: [
        [0.75, 1.5],
        [1, 1],
      ],
    });
  });
  it("predictions of a number are in its unit and range, those of classes add up to one", () => {
    const number = { ...common, kind: "regression", unit: "mm[Hg]", min: 40, max: 240 } as const;
    expect([...predictionsOf(number, Float32Array.of(-1, 0, 0.5, 3, -9))]).toEqual([40, 140, 190, 240, 40]);
    const of = predictionsOf({ ...common, kind: "ordinal", classes }, Float32Array.of(1000, 0, 0, 1, 1, 1));
    expect([...of].map((p) => Math.round(1000 * p))).toEqual([1000, 0, 0, 333, 333, 333]);
  });
});
