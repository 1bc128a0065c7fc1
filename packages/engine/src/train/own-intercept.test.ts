import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ownIntercept, shiftedBy } from "./own-intercept.ts";
import type { Loss } from "./loss.ts";

type Shiftable = Parameters<typeof ownIntercept>[0];

/** Penalised negative log likelihood written out from its definition, in float64, without the engine's losses. */
function penalised(loss: Shiftable, logits: Float32Array, targets: Float32Array, shift: readonly number[]): number {
  const { outputs } = loss;
  const rows = logits.length / outputs;
  let sum = shift.reduce((total, d) => total + (d * d) / 8, 0);
  for (let row = 0; row < rows; row++) {
    const z = shift.map((d, k) => (logits[row * outputs + k] as number) + d);
    if (loss.kind === "softmax") {
      const y = targets[row] as number;
      sum -= (loss.weights?.[y] ?? 1) * Math.log(Math.exp(z[y] as number) / z.reduce((all, value) => all + Math.exp(value), 0));
      continue;
    }
    for (const [k, value] of z.entries()) {
      const y = targets[row * outputs + k] as number;
      if (Number.isNaN(y)) continue;
      if (loss.kind === "squares") sum += (value - y) ** 2;
      else sum -= (loss.weights?.[k]?.[y === 1 ? 1 : 0] ?? 1) * Math.log(1 / (1 + Math.exp(y === 1 ? -value : value)));
    }
  }
  return sum;
}

/** The minimum by golden sections, one coordinate after the other: slow, and by nothing but values of the function. */
function searched(of: (shift: readonly number[]) => number, outputs: number): readonly number[] {
  const golden = (Math.sqrt(5) - 1) / 2;
  let shift: readonly number[] = Array<number>(outputs).fill(0);
  for (let sweep = 0; sweep < 200; sweep++) {
    for (let k = 0; k < outputs; k++) {
      const along = (value: number): number => of(shift.with(k, value));
      let [low, high] = [-30, 30];
      while (high - low > 1e-9) {
        const [a, b] = [high - golden * (high - low), low + golden * (high - low)];
        if (along(a) < along(b)) high = b;
        else low = a;
      }
      shift = shift.with(k, (low + high) / 2);
    }
  }
  return shift;
}

const LOSSES: Readonly<Record<string, Shiftable>> = {
  "yes or no": { kind: "sigmoid", outputs: 1 },
  "yes or no, balanced": { kind: "sigmoid", outputs: 1, weights: [[0.6, 1.7]] },
  "several labels": { kind: "sigmoid", outputs: 2 },
  classes: { kind: "softmax", outputs: 3, weights: [0.5, 2, 1] },
  "a number": { kind: "squares", outputs: 1 },
};

const targetOf = (loss: Loss): fc.Arbitrary<number> =>
  loss.kind === "softmax"
    ? fc.integer({ min: 0, max: 2 })
    : loss.kind === "squares"
      ? fc.double({ min: -2, max: 2, noNaN: true })
      : fc.constantFrom(0, 1, Number.NaN);

describe("[B18] an intercept of a site's own", () => {
  it.each(Object.entries(LOSSES))("is the best shift by the loss and its prior: %s", (_, loss) => {
    const row = fc.tuple(
      fc.array(fc.double({ min: -6, max: 6, noNaN: true }), { minLength: loss.outputs, maxLength: loss.outputs }),
      fc.array(targetOf(loss), {
        minLength: loss.kind === "softmax" ? 1 : loss.outputs,
        maxLength: loss.kind === "softmax" ? 1 : loss.outputs,
      }),
    );
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 12 }), (rows) => {
        const [logits, targets] = [0, 1].map((part) => Float32Array.from(rows.flatMap((each) => each[part] as number[]))) as [
          Float32Array,
          Float32Array,
        ];
        const shift = ownIntercept(loss, logits, targets);
        const expected = searched((at) => penalised(loss, logits, targets, at), loss.outputs);
        for (const [k, value] of expected.entries()) expect(shift[k]).toBeCloseTo(value, 4);
      }),
      { numRuns: 12 },
    );
  });

  it("of three patients who are all sick stays within two, of hundreds brings the mean probability to their share", () => {
    const binary: Shiftable = { kind: "sigmoid", outputs: 1 };
    expect(ownIntercept(binary, new Float32Array(3), new Float32Array(3).fill(1))[0]).toBeLessThan(2);
    const logits = Float32Array.from({ length: 500 }, (_, at) => Math.sin(at));
    const targets = Float32Array.from({ length: 500 }, (_, at) => (at % 20 === 0 ? 0 : 1));
    const shifted = shiftedBy(logits, ownIntercept(binary, logits, targets));
    const mean = shifted.reduce((sum, logit) => sum + 1 / (1 + Math.exp(-logit)), 0) / 500;
    expect(mean).toBeCloseTo(0.95, 2);
  });

  it("comes back from logits of thousands, and is nothing without patients", () => {
    const wild = Float32Array.of(5000, -5000, 4000);
    const [shift] = ownIntercept({ kind: "sigmoid", outputs: 1 }, wild, Float32Array.of(0, 1, 1));
    expect(Math.abs(shift ?? Number.NaN)).toBeLessThan(1e-3);
    expect(ownIntercept({ kind: "softmax", outputs: 3 }, new Float32Array(), new Float32Array())).toEqual(new Float64Array(3));
  });
});
