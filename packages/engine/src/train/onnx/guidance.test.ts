/** What a strategy adds to a step, in the graph as in the flat vectors of the other engines. */
import { flatten, trainedTensors } from "@engraft/core/models/tensors";
import { expect, it } from "vitest";
import { architecture, tensors } from "../../model.fixture.ts";
import { tensorsOf } from "../../ir/parameters.ts";
import { chooseTrainer } from "../backends.ts";
import { startState, type OptimizerSettings } from "../optimizer.ts";
import type { CompileOptions } from "../trainer.ts";
import { onnxTrainer } from "./trainer.ts";

const ROWS = 4;

it.each<OptimizerSettings>([
  { optimizer: { name: "sgd", learningRate: 0.1, momentum: 0 }, weightDecay: 0.01 },
  { optimizer: { name: "sgd", learningRate: 0.1, momentum: 0.9 }, weightDecay: 0.01, gradientClip: 0.05 },
  { optimizer: { name: "adam", learningRate: 0.01 }, weightDecay: 0.01 },
  { optimizer: { name: "adamw", learningRate: 0.01 }, weightDecay: 0.3, gradientClip: 0.05 },
])("[R27] [R28] pull and correction move the parameters as in TensorFlow.js: $optimizer.name, clip $gradientClip", async (settings) => {
  const loss = { kind: "sigmoid", outputs: 1 } as const;
  const options: CompileOptions = { ...settings, batch: ROWS, trainable: { part: "all" }, loss };
  const start = flatten(trainedTensors(tensorsOf(architecture), options.trainable), tensors);
  const anchor = start.map((value, i) => value + Math.sin(i));
  const correction = start.map((_, i) => 0.1 * Math.cos(i));
  const x = Float32Array.from({ length: 4 * ROWS }, (_, i) => Math.sin(3 * i));
  const y = Float32Array.of(0, 1, 1, 0);
  const trainers = [await chooseTrainer(architecture, tensors, options, ["cpu"]), onnxTrainer({ block: 0 })];
  // One model for all: a step is made for each set of terms, and kept apart from the others.
  const models = trainers.map((trainer) => trainer.compile(architecture, tensors, options));
  for (const guidance of [{}, { proximal: { mu: 2, anchor } }, { correction }, { proximal: { mu: 2, anchor }, correction }]) {
    const ends: Float32Array[] = [];
    const rates = start.map((_, i) => (i % 3) / 2);
    for (const model of models) {
      const state = startState(start, options, "seed", guidance);
      state.rates = rates;
      for (let step = 0; step < 3; step++) await model.step(x, y, state);
      ends.push(state.parameters);
    }
    const [one, other] = ends as [Float32Array, Float32Array];
    expect(Array.from(other)).toEqual(Array.from(one, (value) => expect.closeTo(value, 4)));
    expect(one).not.toEqual(start);
  }
  for (const model of models) model.dispose();
});
