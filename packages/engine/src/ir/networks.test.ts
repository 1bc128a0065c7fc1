/** TensorFlow.js and ONNX Runtime are given the same networks; neither knows of the other. */
import { flatten, trainedTensors, type TrainablePart } from "@engraft/core/models/tensors";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { chooseTrainer } from "../train/backends.ts";
import { startState } from "../train/optimizer.ts";
import type { CompileOptions } from "../train/trainer.ts";
import { GRAPH_INPUT, GRAPH_OUTPUT, onnxOf } from "../trunk/lower.ts";
import { Architectures } from "./architecture.ts";
import { cutFor, cutsOf, tailOf, trunkOf } from "./cut.ts";
import { inputShape, type Architecture } from "./layers.ts";
import { NETWORKS, picture, pooled, randomSamples, randomTensors, signal } from "./networks.fixture.ts";
import { tensorsOf } from "./parameters.ts";

const ROWS = 4;
const settings = {
  batch: ROWS,
  optimizer: { name: "sgd", learningRate: 1, momentum: 0 },
  weightDecay: 0,
  loss: { kind: "sigmoid", outputs: 1 },
} as const;
const labels = Float32Array.of(1, 0, 0, 1);

async function compiled(architecture: Architecture, trainable: TrainablePart, more: Partial<CompileOptions> = {}) {
  const tensors = randomTensors(architecture);
  const options: CompileOptions = { ...settings, trainable, ...more };
  const model = (await chooseTrainer(architecture, tensors, options, ["cpu"])).compile(architecture, tensors, options);
  const trained = trainedTensors(tensorsOf(architecture), trainable);
  return { model, trained, options, start: flatten(trained, tensors), tensors };
}

async function byOnnx(network: Pick<Architecture, "input" | "layers">, tensors: ReadonlyMap<string, Float32Array>, x: Float32Array) {
  const session = await InferenceSession.create(onnxOf(network, tensors));
  const outputs = await session.run({ [GRAPH_INPUT]: new Tensor("float32", x, [ROWS, ...inputShape(network)]) });
  await session.release();
  return Float32Array.from(outputs[GRAPH_OUTPUT]?.data as Float32Array);
}

const near = (actual: ArrayLike<number>, expected: ArrayLike<number>, digits: number): void => {
  expect(actual).toHaveLength(expected.length);
  for (let at = 0; at < expected.length; at++) expect(actual[at]).toBeCloseTo(expected[at] as number, digits);
};

describe.each(Object.entries(NETWORKS))("%s", (_, architecture) => {
  it("fits together", () => expect(Architectures.safeParse(architecture).error?.issues).toBeUndefined());

  it("gives the same logits in both engines", async () => {
    const { model, start, tensors } = await compiled(architecture, { part: "all" });
    const x = randomSamples(architecture, ROWS);
    const logits = await model.logits(x, ROWS, start);
    expect(new Set(logits).size).toBe(ROWS);
    near(logits, await byOnnx(architecture, tensors, x), 5);
    model.dispose();
  });

  it("gives the same logits wherever it is cut", async () => {
    const x = randomSamples(architecture, ROWS);
    const whole = await compiled(architecture, { part: "all" });
    const expected = await whole.model.logits(x, ROWS, whole.start);
    for (const cut of cutsOf(architecture)) {
      const features = cut.layers === 0 ? x : await byOnnx(trunkOf(architecture, cut), whole.tensors, x);
      const tail = tailOf(architecture, cut);
      expect(Architectures.safeParse(tail).error?.issues).toBeUndefined();
      const options: CompileOptions = { ...settings, trainable: { part: "head" } };
      const model = (await chooseTrainer(tail, whole.tensors, options, ["cpu"])).compile(tail, whole.tensors, options);
      near(await model.logits(features, ROWS, flatten(trainedTensors(tensorsOf(tail), { part: "head" }), whole.tensors)), expected, 5);
      model.dispose();
    }
    whole.model.dispose();
  });

  it("has the gradients that finite differences give", async () => {
    // Normalisations as they are: their batch statistics are tested by themselves.
    const without = {
      ...architecture,
      layers: architecture.layers.map((layer) => (layer.kind === "dropout" ? { ...layer, rate: 0 } : layer)),
    };
    const { model, start, options } = await compiled(without, { part: "all", norm: "frozen" });
    const x = randomSamples(architecture, ROWS);
    const lossAt = async (parameters: Float32Array): Promise<number> => {
      const logits = await model.logits(x, ROWS, parameters);
      return (
        logits.reduce((sum, z, row) => sum + Math.log1p(Math.exp(-Math.abs(z))) + Math.max(z, 0) - z * (labels[row] as number), 0) / ROWS
      );
    };
    const state = startState(start, options);
    await model.step(x, labels, state);
    const step = 1e-3;
    for (let at = 0; at < start.length; at += Math.max(1, Math.floor(start.length / 60))) {
      const moved = (by: number): Float32Array => start.with(at, (start[at] as number) + by);
      const slope = ((await lossAt(moved(step))) - (await lossAt(moved(-step)))) / (2 * step);
      expect((start[at] as number) - (state.parameters[at] as number)).toBeCloseTo(slope, 3);
    }
    model.dispose();
  });
});

describe("a cut", () => {
  const tensorsAt = (architecture: Architecture): readonly string[] => cutsOf(architecture).map(({ tensor }) => tensor);

  it("is possible only where one tensor crosses", () => {
    expect(tensorsAt(picture)).not.toContain("depth_act");
    expect(tensorsAt(picture)).toEqual(expect.arrayContaining(["input", "stem_act", "one_sum", "max", "hidden_act"]));
    expect(tensorsAt(pooled)).toEqual(["input", "first", "same", "sum", "act"]);
  });

  it("is made right in front of what is trained", () => {
    expect(cutFor(picture, 0)).toEqual({ layers: 16, tensor: "hidden_act", shape: [5] });
    expect(cutFor(picture, 1)).toMatchObject({ tensor: "flat", shape: [12] });
    expect(cutFor(picture, 2)).toMatchObject({ tensor: "max" });
    expect(cutFor(picture, 3)).toMatchObject({ tensor: "stem_act" });
    expect(cutFor(picture, Number.POSITIVE_INFINITY)).toMatchObject({ layers: 0, tensor: "input" });
    expect(cutFor(signal, 1)).toMatchObject({ tensor: "each" });
  });
});

describe("batch normalisation", () => {
  const statistic = (name: string): boolean => name.endsWith("/mean") || name.endsWith("/variance");

  it("stays as the base has it where it is frozen, in every bit", async () => {
    const { model, trained, start, options, tensors } = await compiled(picture, { part: "all" }, { weightDecay: 0.1 });
    expect(trained.some(({ role }) => role !== undefined)).toBe(false);
    const state = startState(start, options);
    for (let step = 0; step < 3; step++) await model.step(randomSamples(picture, ROWS, `${step}`), labels, state);
    const frozen = model.frozen();
    expect([...frozen.keys()].filter((name) => name.startsWith("one_norm/"))).toHaveLength(4);
    for (const [name, values] of frozen) expect(values).toEqual(tensors.get(name));
    model.dispose();
  });

  it("learns, and its statistics follow the batches, where it is trained", async () => {
    const bare = { ...picture, layers: [...picture.layers] };
    const { model, trained, start, options } = await compiled(bare, { part: "all", norm: "shared" }, { weightDecay: 0.5 });
    const x = randomSamples(bare, ROWS);
    const state = startState(start, options);
    await model.step(x, labels, state);
    const at = trained.findIndex(({ name }) => name === "stem_norm/mean");
    const offset = trained.slice(0, at).reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0);
    // What enters the normalisation, from the other engine.
    const stem = await byOnnx({ input: bare.input, layers: bare.layers.slice(0, 1) }, randomTensors(bare), x);
    const channel = Array.from({ length: ROWS }, (_, row) => [...stem.subarray(row * 160, row * 160 + 20)]).flat();
    const mean = channel.reduce((sum, value) => sum + value, 0) / channel.length;
    const variance = channel.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (channel.length - 1);
    expect(state.parameters[offset]).toBeCloseTo(0.9 * (start[offset] as number) + 0.1 * mean, 5);
    expect(state.parameters[offset + 8]).toBeCloseTo(0.9 * (start[offset + 8] as number) + 0.1 * variance, 5);
    expect(trained.filter(({ name }) => statistic(name))).toHaveLength(4);
    model.dispose();
  });
});

it("dropout is the same for the same seed, and another for another", async () => {
  const { model, start, options } = await compiled(picture, { part: "all" });
  const after = async (seed: string): Promise<Float32Array> => {
    const state = startState(start, options, seed);
    await model.step(randomSamples(picture, ROWS), labels, state);
    return state.parameters;
  };
  const [one, again, other] = [await after("a"), await after("a"), await after("b")];
  expect(again).toEqual(one);
  expect(other).not.toEqual(one);
  model.dispose();
});

it("class weights scale the loss of each sample", async () => {
  const plain = await compiled(pooled, { part: "all" });
  const weighted = await compiled(pooled, { part: "all" }, { loss: { kind: "sigmoid", outputs: 1, weights: [[0, 3]] } });
  const x = randomSamples(pooled, ROWS);
  const logits = await plain.model.logits(x, ROWS, plain.start);
  const positives = [0, 3].map((row) => Math.log1p(Math.exp(-(logits[row] as number))));
  expect(await weighted.model.step(x, labels, startState(weighted.start, weighted.options))).toBeCloseTo(
    (3 * ((positives[0] as number) + (positives[1] as number))) / ROWS,
    5,
  );
  plain.model.dispose();
  weighted.model.dispose();
});
