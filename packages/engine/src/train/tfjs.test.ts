import { trainableTensors, unflatten, flatten } from "@engraft/core/models/tensors";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { randomFrom } from "../base/random.ts";
import type { Architecture } from "../ir/layers.ts";
import { tensorsOf } from "../ir/parameters.ts";
import { architecture, tensors } from "../model.fixture.ts";
import { chooseTrainer } from "./backends.ts";
import { startState, type OptimizerSettings } from "./optimizer.ts";
import type { CompileOptions } from "./trainer.ts";

const small: Architecture = {
  format: "engraft.layers/1",
  input: 3,
  output: "binary-logit",
  layers: [
    { kind: "dense", name: "dense_1", in: 3, out: 2 },
    { kind: "activation", name: "tanh_1", function: "tanh" },
    { kind: "dense", name: "dense_2", in: 2, out: 1 },
  ],
};
const start = Float32Array.of(0.1, -0.2, 0.3, 0.4, -0.5, 0.6, 0.05, -0.05, 0.7, -0.8, 0.1);
const batches = [
  { x: [1, 2, -1, 0.5, -1, 2], y: [1, 0] },
  { x: [0, 1, 1, -1, 0.5, 0.25], y: [0, 1] },
  { x: [2, 0, 0.5, 1, 1, 1], y: [1, 1] },
];

/** Three steps in float64 with gradients derived by hand, computed once with numpy; L2 penalty 0.01. */
const reference = {
  sgd: {
    optimizer: { name: "sgd", learningRate: 0.1, momentum: 0.9 },
    losses: [0.36080623, 0.641731, 0.76653062],
    end: [
      0.12099563, -0.24035595, 0.34204179, 0.2870669, -0.50505689, 0.65206866, 0.10504434, -0.11975365, 0.76572283, -0.80389591, 0.17873979,
    ],
  },
  adam: {
    optimizer: { name: "adam", learningRate: 0.05 },
    losses: [0.36080623, 0.64198211, 0.66227706],
    end: [
      0.1348918, -0.2537095, 0.4022513, 0.27482667, -0.58391427, 0.68499604, 0.17475592, -0.19093132, 0.81277459, -0.86999127, 0.23157211,
    ],
  },
} as const;

const loss = { kind: "sigmoid", outputs: 1 } as const;

describe.each(["wasm", "cpu"] as const)("on %s", (backend) => {
  const compiled = async (model: Architecture, values: ReadonlyMap<string, Float32Array>, options: CompileOptions) =>
    (await chooseTrainer(model, values, options, [backend])).compile(model, values, options);

  it.each(["sgd", "adam"] as const)("three steps of %s equal an independent computation", async (name) => {
    const { optimizer, losses, end } = reference[name];
    const options: CompileOptions = { trainable: { part: "all" }, batch: 2, optimizer, weightDecay: 0.01, loss };
    const model = await compiled(small, unflatten(tensorsOf(small), start), options);
    const state = startState(start, options);
    for (const [index, { x, y }] of batches.entries()) {
      expect(await model.step(Float32Array.from(x), Float32Array.from(y), state)).toBeCloseTo(losses[index] ?? Number.NaN, 6);
    }
    for (const [index, value] of end.entries()) expect(state.parameters[index]).toBeCloseTo(value, 5);
    model.dispose();
  });

  const settings: OptimizerSettings & Pick<CompileOptions, "loss"> = {
    optimizer: { name: "adam", learningRate: 0.01 },
    weightDecay: 0.1,
    loss,
  };
  const train = async (options: CompileOptions, steps: number) => {
    const model = await compiled(architecture, tensors, options);
    const state = startState(flatten(trainableTensors(tensorsOf(architecture), options.trainable), tensors), options);
    const random = randomFrom(["steps"]);
    const counts: number[] = [];
    for (let step = 0; step < steps; step++) {
      await model.step(
        Float32Array.from({ length: 8 * 4 }, () => random.uniform()),
        Float32Array.from({ length: 8 }, () => random.below(2)),
        state,
      );
      counts.push(tf.memory().numTensors);
    }
    return { model, state, counts };
  };

  it("what the plan does not train keeps every bit, what it trains changes", async () => {
    for (const trainable of [{ part: "head" }, { part: "last-blocks", blocks: 1 }] as const) {
      const { model, state } = await train({ trainable, batch: 8, ...settings }, 25);
      const trained = trainableTensors(tensorsOf(architecture), trainable);
      const frozen = model.frozen();
      expect([...frozen.keys(), ...trained.map((spec) => spec.name)]).toEqual([...tensors.keys()]);
      for (const [name, values] of frozen)
        expect(Buffer.from(values.buffer)).toEqual(Buffer.from((tensors.get(name) as Float32Array).slice().buffer));
      expect(state.parameters).not.toEqual(flatten(trained, tensors));
      model.dispose();
    }
  });

  it("the same steps give the same bits", async () => {
    const runs = [
      await train({ trainable: { part: "all" }, batch: 8, ...settings }, 30),
      await train({ trainable: { part: "all" }, batch: 8, ...settings }, 30),
    ];
    expect(runs[0]?.state.parameters).toEqual(runs[1]?.state.parameters);
    for (const { model } of runs) model.dispose();
  });

  it("keeps no tensor from one step to the next, and none at the end", async () => {
    const before = tf.memory().numTensors;
    const { model, counts } = await train({ trainable: { part: "head" }, batch: 8, ...settings }, 20);
    expect(new Set(counts).size).toBe(1);
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

it("says why, where no engine can train", async () => {
  const options: CompileOptions = { trainable: { part: "all" }, batch: 2, ...reference.sgd, weightDecay: 0, loss };
  await expect(chooseTrainer(small, new Map(), options, ["cpu"])).rejects.toMatchObject({
    code: "training-failed",
    message: expect.stringMatching(/^No engine.*cpu: /),
  });
});
