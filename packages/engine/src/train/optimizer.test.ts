/** What optimizers make of a gradient, beside PyTorch's numbers, and what a strategy adds to a step, beside those of its paper (test/vectors). */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import { applyGradient, startState, type OptimizerSettings } from "./optimizer.ts";

interface Numbers {
  readonly start: readonly number[];
  readonly curve: readonly (readonly number[])[];
  readonly target: readonly (readonly number[])[];
  readonly fedprox: {
    readonly steps: number;
    readonly rate: number;
    readonly momentum: number;
    readonly decay: number;
    readonly mu: number;
    readonly weights: readonly number[];
  };
}
const known = JSON.parse(readFileSync(new URL("../../../../test/vectors/strategies.json", import.meta.url), "utf8")) as Numbers;

interface Bowl {
  readonly steps: number;
  readonly start: readonly number[];
  readonly target: readonly number[];
  readonly curve: readonly number[];
  readonly cases: readonly (OptimizerSettings & { readonly factors?: readonly number[]; readonly weights: readonly number[] })[];
}
const bowl = JSON.parse(readFileSync(new URL("../../../../test/vectors/optimizers.json", import.meta.url), "utf8")) as Bowl;

it.each(bowl.cases)(
  "goes where PyTorch goes: $optimizer.name, decay $weightDecay, clip $gradientClip",
  ({ factors, weights, ...given }) => {
    const state = startState(Float32Array.from(bowl.start), given);
    state.rates = factors && Float32Array.from(factors);
    for (let step = 0; step < bowl.steps; step++) {
      const gradient = state.parameters.map((value, i) => (bowl.curve[i] as number) * (value - (bowl.target[i] as number)));
      applyGradient(state, gradient, given);
    }
    expect([...state.parameters]).toEqual(weights.map((value) => expect.closeTo(value, 5)));
  },
);

it("[R28] FedProx follows its paper under momentum and weight decay", () => {
  const { steps, rate, momentum, decay, mu, weights } = known.fedprox;
  const settings: OptimizerSettings = { optimizer: { name: "sgd", learningRate: rate, momentum }, weightDecay: decay };
  const start = Float32Array.from(known.start);
  const state = startState(start, settings, "", { proximal: { mu, anchor: start } });
  for (let step = 0; step < steps; step++) {
    const gradient = state.parameters.map((value, i) => (known.curve[0]?.[i] as number) * (value - (known.target[0]?.[i] as number)));
    applyGradient(state, gradient, settings);
  }
  expect([...state.parameters]).toEqual(weights.map((value) => expect.closeTo(value, 5)));
});

const settings = fc.constantFrom<OptimizerSettings>(
  { optimizer: { name: "sgd", learningRate: 0.1, momentum: 0.9 }, weightDecay: 0.01 },
  { optimizer: { name: "adam", learningRate: 0.01 }, weightDecay: 0 },
  { optimizer: { name: "adamw", learningRate: 0.01 }, weightDecay: 0.1 },
);
const floats = fc.float32Array({ minLength: 3, maxLength: 3, noNaN: true, noDefaultInfinity: true, min: -8, max: 8 });

it("without a strategy a step is what it was, to the bit; a pull by zero and a correction of zeros change nothing", () => {
  fc.assert(
    fc.property(settings, floats, fc.array(floats, { minLength: 1, maxLength: 4 }), (given, start, gradients) => {
      const plain = startState(start, given);
      const guided = startState(start, given, "", { proximal: { mu: 0, anchor: new Float32Array(3) }, correction: new Float32Array(3) });
      for (const gradient of gradients) for (const state of [plain, guided]) applyGradient(state, gradient, given);
      expect([...guided.parameters].map((value) => value + 0)).toEqual([...plain.parameters].map((value) => value + 0));
    }),
  );
});

it("a correction counts as a part of the gradient", () => {
  fc.assert(
    fc.property(settings, floats, floats, floats, (given, start, gradient, correction) => {
      const corrected = startState(start, given, "", { correction });
      const plain = startState(start, given);
      applyGradient(corrected, gradient, given);
      applyGradient(
        plain,
        gradient.map((value, i) => value + (correction[i] as number)),
        given,
      );
      for (let i = 0; i < 3; i++) expect(corrected.parameters[i]).toBeCloseTo(plain.parameters[i] as number, 4);
    }),
  );
});
