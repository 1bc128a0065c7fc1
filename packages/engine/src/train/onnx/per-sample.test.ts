/** Gradients of single samples, all at once, beside those of batches that hold one sample each. */
import { flatten, trainedTensors, type TrainablePart } from "@engraft/core/models/tensors";
import { describe, expect, it } from "vitest";
import { resnet1d } from "../../architectures/resnet1d.ts";
import type { Architecture, Layer } from "../../ir/layers.ts";
import { codes, picture, pooled, randomSamples, randomTensors } from "../../ir/networks.fixture.ts";
import { tensorsOf } from "../../ir/parameters.ts";
import { blockHere } from "../../onnx/blocked/probe.ts";
import { Graph } from "../../onnx/graph.ts";
import { targetsOfLoss, type Loss } from "../loss.ts";
import { startState } from "../optimizer.ts";
import type { CompileOptions } from "../trainer.ts";
import { addPass } from "./step.ts";
import { onnxTrainer } from "./trainer.ts";

const BATCH = 6;
/** A power of two, so that dividing by it loses nothing; large, so that little of a gradient is lost beside its parameter. */
const RATE = 2 ** 12;

const head = (outputs: number, layers: readonly Layer[] = []): Architecture => ({
  format: "engraft.layers/1",
  input: 8,
  output: "logits",
  layers: [
    { kind: "dense", name: "hidden", in: 8, out: 5 },
    { kind: "activation", name: "bend", function: "gelu" },
    ...layers,
    { kind: "dense", name: "head", in: 5, out: outputs },
  ],
});

/** Around which the others lead, and of which each row is normalised. */
const around: readonly Layer[] = [
  { kind: "layer-norm", name: "rows", features: 5, epsilon: 1e-5 },
  { kind: "dense", name: "more", in: 5, out: 5 },
  { kind: "add", name: "sum", from: ["more", "bend"] },
];

const certain = ({ layers, ...rest }: Architecture): Architecture => ({
  ...rest,
  layers: layers.map((layer) => (layer.kind === "dropout" ? { ...layer, rate: 0 } : layer)),
});

interface Case {
  readonly architecture: Architecture;
  readonly trainable: TrainablePart;
  readonly loss: Loss;
  readonly target: (row: number, at: number) => number;
  /** Whether norms come by outer products. */
  readonly short: boolean;
}

const ALL: TrainablePart = { part: "all" };
const YES_NO = { loss: { kind: "sigmoid", outputs: 1, weights: [[1, 2]] }, target: (row: number) => row % 2 } as const;

const CASES: Readonly<Record<string, Case>> = {
  "a dense head": { architecture: head(1), trainable: { part: "head" }, ...YES_NO, short: true },
  "dense layers, labels not all known": {
    architecture: head(2),
    trainable: ALL,
    loss: { kind: "sigmoid", outputs: 2 },
    target: (row, at) => (row % 3 === 0 ? Number.NaN : (row + at) % 2),
    short: true,
  },
  "dense layers and normalised rows, classes": {
    architecture: head(3, around),
    trainable: ALL,
    loss: { kind: "softmax", outputs: 3, weights: [1, 0.5, 3] },
    target: (row) => row % 3,
    short: true,
  },
  numbers: { architecture: head(2), trainable: ALL, loss: { kind: "squares", outputs: 2 }, target: (row, at) => row - at, short: true },
  "the head behind a frozen convolution": { architecture: pooled, trainable: { part: "head" }, ...YES_NO, short: true },
  "a picture's last blocks": { architecture: certain(picture), trainable: { part: "last-blocks", blocks: 2 }, ...YES_NO, short: false },
  "a picture, all layers": { architecture: certain(picture), trainable: ALL, ...YES_NO, short: false },
  codes: { architecture: codes, trainable: ALL, ...YES_NO, short: false },
  "a recording's network": {
    architecture: { ...resnet1d([2, 60], 1).architecture, output: "binary-logit" },
    trainable: ALL,
    ...YES_NO,
    short: false,
  },
};

function prepared({ architecture, trainable, loss, target }: Omit<Case, "short">) {
  const tensors = randomTensors(architecture);
  const options: CompileOptions = {
    optimizer: { name: "sgd", learningRate: RATE, momentum: 0 },
    weightDecay: 0,
    trainable,
    batch: BATCH,
    loss,
  };
  const start = flatten(trainedTensors(tensorsOf(architecture), trainable), tensors);
  const x = randomSamples(architecture, BATCH);
  const targets = targetsOfLoss(loss);
  const y = Float32Array.from({ length: BATCH * targets }, (_, at) => target(Math.floor(at / targets), at % targets));
  return { architecture, tensors, options, start, x, y };
}

const length = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

describe("gradients of single samples", () => {
  it.each(Object.keys(CASES))("are those of batches of one, clipped one by one: %s", async (name) => {
    const { short, ...given } = CASES[name] as Case;
    const { architecture, tensors, options, start, x, y } = prepared(given);
    const graph = new Graph();
    const pass = addPass(graph, { architecture, tensors, options, block: 0 });
    expect(pass.forward.squares(pass.added.gradient) !== undefined).toBe(short);

    const alone = onnxTrainer({ block: 0 }).compile(architecture, tensors, { ...options, batch: 1 });
    const each: number[][] = [];
    for (let row = 0; row < BATCH; row++) {
      const part = (values: Float32Array) => values.slice((row * values.length) / BATCH, ((row + 1) * values.length) / BATCH);
      const state = startState(start, options);
      await alone.step(part(x), part(y), state);
      each.push(Array.from(state.parameters, (value, at) => ((start[at] as number) - value) / RATE));
    }
    alone.dispose();
    const norms = each.map(length);
    const clip = norms.toSorted((a, b) => a - b)[BATCH >> 1] as number;
    expect(norms.some((norm) => norm > clip)).toBe(true);
    const sum = Array.from(start, (_, at) =>
      each.reduce((total, gradient, row) => total + (gradient[at] as number) * Math.min(1, clip / (norms[row] as number)), 0),
    );

    for (const block of [0, await blockHere()] as const) {
      const model = onnxTrainer({ block }).compile(architecture, tensors, options);
      const state = startState(start, options);
      const found = await model.perSample?.(x, y, state, clip);
      if (found === undefined) throw new Error("this engine has them");
      // Of a sample that is all but certain little is left after sigmoid - label: it is judged beside the others.
      expect(length(norms.map((norm, row) => norm - (found.norms[row] as number))) / length(norms)).toBeLessThan(1e-5);
      expect(length(sum.map((value, at) => value - (found.sum[at] as number))) / length(sum)).toBeLessThan(1e-4);
      expect(state).toEqual(startState(start, options));
      expect(await model.perSample?.(x, y, state, clip)).toEqual(found);
      model.dispose();
    }
  });

  it.each([
    ["outer products", head(1, [{ kind: "dropout", name: "drop", rate: 0.4 }])],
    ["a loop", picture],
  ] as const)("unclipped come to the batch's, with the same values dropped: by %s", async (_, architecture) => {
    const { tensors, options, start, x, y } = prepared({ architecture, trainable: ALL, ...YES_NO });
    const model = onnxTrainer({ block: 0 }).compile(architecture, tensors, options);
    const state = startState(start, options, "seed");
    const found = await model.perSample?.(x, y, state, 1e9);
    await model.step(x, y, state);
    const whole = Array.from(state.parameters, (value, at) => ((start[at] as number) - value) / RATE);
    expect(length(whole.map((value, at) => value - (found?.sum[at] as number) / BATCH)) / length(whole)).toBeLessThan(1e-4);
    model.dispose();
  });

  it("are zeros where a sample says nothing", async () => {
    const { architecture, tensors, options, start, x, y } = prepared(CASES["dense layers, labels not all known"] as Case);
    const model = onnxTrainer({ block: 0 }).compile(architecture, tensors, options);
    const found = await model.perSample?.(x, y.fill(Number.NaN), startState(start, options), 1);
    expect([...(found?.norms ?? [])]).toEqual(Array<number>(BATCH).fill(0));
    expect(found?.sum.every((value) => value === 0)).toBe(true);
    model.dispose();
  });

  it("are not offered where samples are tied together", () => {
    const cox = prepared({ architecture: head(1), trainable: ALL, loss: { kind: "cox", outputs: 1 }, target: (row) => row });
    expect(onnxTrainer({ block: 0 }).compile(cox.architecture, cox.tensors, cox.options).perSample).toBeUndefined();
    const normed = prepared({ architecture: picture, trainable: { part: "all", norm: "shared" }, ...YES_NO });
    expect(onnxTrainer({ block: 0 }).compile(normed.architecture, normed.tensors, normed.options).perSample).toBeUndefined();
  });
});
