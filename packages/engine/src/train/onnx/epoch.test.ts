/** Many steps in one call beside the same steps one by one. */
import { flatten, trainedTensors } from "@engraft/core/models/tensors";
import { describe, expect, it } from "vitest";
import type { Architecture, Layer } from "../../ir/layers.ts";
import { codes, picture, randomSamples, randomTensors } from "../../ir/networks.fixture.ts";
import { tensorsOf } from "../../ir/parameters.ts";
import { targetsOfLoss, type Loss } from "../loss.ts";
import { startState, type OptimizerSettings, type TrainingState } from "../optimizer.ts";
import type { CompileOptions, SampleRows } from "../trainer.ts";
import { onnxTrainer } from "./trainer.ts";

const [ROWS, BATCH, STEPS, WIDTH] = [23, 5, 9, 12];

const headOf = (outputs: number, layers: readonly Layer[] = []): Architecture => ({
  format: "engraft.layers/1",
  input: WIDTH,
  output: "logits",
  layers: [
    { kind: "dense", name: "hidden", in: WIDTH, out: 6 },
    { kind: "activation", name: "bend", function: "relu" },
    ...layers,
    { kind: "dense", name: "head", in: 6, out: outputs },
  ],
});

const SGD: OptimizerSettings = { optimizer: { name: "sgd", learningRate: 0.1, momentum: 0.9 }, weightDecay: 0.01 };
const ADAM: OptimizerSettings = { optimizer: { name: "adam", learningRate: 0.01 }, weightDecay: 0 };
const ADAMW: OptimizerSettings = { optimizer: { name: "adamw", learningRate: 0.01 }, weightDecay: 0.1, gradientClip: 0.5 };

interface Case {
  readonly architecture: Architecture;
  readonly settings: OptimizerSettings;
  readonly loss: Loss;
  /** Of a row's target. */
  readonly target: (row: number, at: number) => number;
  readonly guided?: boolean;
}

const YES_NO = { loss: { kind: "sigmoid", outputs: 1, weights: [[1, 2]] }, target: (row: number) => row % 2 } as const;

const CASES: Readonly<Record<string, Case>> = {
  "yes or no, plain steps": {
    ...YES_NO,
    architecture: headOf(1),
    settings: { optimizer: { name: "sgd", learningRate: 0.1, momentum: 0 }, weightDecay: 0 },
  },
  "yes or no, with all that a strategy adds": { ...YES_NO, architecture: headOf(1), settings: SGD, guided: true },
  "labels that are not all known, dropout": {
    architecture: headOf(2, [{ kind: "dropout", name: "drop", rate: 0.4 }]),
    settings: ADAM,
    loss: { kind: "sigmoid", outputs: 2 },
    target: (row, at) => (row % 5 === 0 ? Number.NaN : (row + at) % 2),
  },
  classes: { architecture: headOf(3), settings: ADAMW, loss: { kind: "softmax", outputs: 3 }, target: (row) => row % 3, guided: true },
  numbers: { architecture: headOf(2), settings: ADAM, loss: { kind: "squares", outputs: 2 }, target: (row, at) => Math.sin(row + at) },
  "times to an event": {
    architecture: headOf(1),
    settings: SGD,
    loss: { kind: "cox", outputs: 1 },
    target: (row, at) => (at === 0 ? 1 + (row % 7) : row % 2),
  },
  "codes, with what lies in front of the head": { ...YES_NO, architecture: codes, settings: ADAMW },
};

function prepared({ architecture, settings, loss, target, guided = false }: Case) {
  const tensors = randomTensors(architecture);
  const options: CompileOptions = { ...settings, trainable: { part: "all" }, batch: BATCH, loss };
  const start = flatten(trainedTensors(tensorsOf(architecture), options.trainable), tensors);
  const x = randomSamples(architecture, ROWS);
  const targets = targetsOfLoss(loss);
  const y = Float32Array.from({ length: ROWS * targets }, (_, at) => target(Math.floor(at / targets), at % targets));
  const samples: SampleRows = { x, width: x.length / ROWS, y, targets };
  const guidance = { proximal: { mu: 0.3, anchor: start.map((value, i) => value + Math.sin(i)) }, correction: start.map(Math.cos) };
  const begin = (): TrainingState => {
    const state = startState(start, options, "seed", guided ? guidance : {});
    if (guided) state.rates = start.map((_, i) => (i % 3) / 2);
    return state;
  };
  const order = Int32Array.from({ length: STEPS * BATCH }, (_, at) => (7 * at + (at % 4)) % ROWS);
  return { model: onnxTrainer({ block: 0 }).compile(architecture, tensors, options), samples, order, begin, start };
}

describe("many steps in one call", () => {
  it.each(Object.keys(CASES))("come to what they come to one by one, to the bit: %s", async (name) => {
    const { model, samples, order, begin, start } = prepared(CASES[name] as Case);
    const one = begin();
    const losses: number[] = [];
    for (let step = 0; step < STEPS; step++) {
      const rows = [...order.subarray(step * BATCH, (step + 1) * BATCH)];
      const taken = (values: Float32Array, width: number) => rows.flatMap((row) => [...values.subarray(row * width, (row + 1) * width)]);
      const [x, y] = [taken(samples.x, samples.width), taken(samples.y, samples.targets)];
      losses.push(await model.step(Float32Array.from(x), Float32Array.from(y), one));
    }
    const many = begin();
    expect(model.steps).toBeDefined();
    // In two calls, so that the second goes on where the first ended.
    const cut = 4 * BATCH;
    const found = [await model.steps?.(samples, order.subarray(0, cut), many), await model.steps?.(samples, order.subarray(cut), many)];
    expect(found.flatMap((part) => [...(part as Float32Array)])).toEqual(losses);
    expect(many).toEqual(one);
    expect(many.steps).toBe(STEPS);
    expect(many.parameters).not.toEqual(start);
    model.dispose();
  });

  it("are prepared in parts where all of their masks would be too much to hold", async () => {
    const width = 60_000;
    const architecture: Architecture = {
      format: "engraft.layers/1",
      input: width,
      output: "logits",
      layers: [
        { kind: "dropout", name: "drop", rate: 0.5 },
        { kind: "dense", name: "head", in: width, out: 1 },
      ],
    };
    const { model, samples, begin } = prepared({ ...YES_NO, architecture, settings: SGD });
    const steps = 15;
    const order = Int32Array.from({ length: steps * BATCH }, (_, at) => at % ROWS);
    const [whole, single] = [begin(), begin()];
    const losses = await model.steps?.(samples, order, whole);
    const found: number[] = [];
    for (let from = 0; from < order.length; from += BATCH)
      found.push(...((await model.steps?.(samples, order.subarray(from, from + BATCH), single)) ?? []));
    expect([...(losses as Float32Array)]).toEqual(found);
    expect(whole).toEqual(single);
    model.dispose();
  });

  it("are not offered where samples are no rows, or running statistics follow the batches", () => {
    expect(prepared({ ...YES_NO, architecture: picture, settings: SGD }).model.steps).toBeUndefined();
    const normed = headOf(1, [{ kind: "batch-norm", name: "norm", channels: 6, epsilon: 1e-3 }]);
    const options: CompileOptions = { ...SGD, trainable: { part: "all", norm: "shared" }, batch: BATCH, loss: YES_NO.loss };
    expect(onnxTrainer({ block: 0 }).compile(normed, randomTensors(normed), options).steps).toBeUndefined();
  });
});
