/** The two engines that train know nothing of each other: one step of each, from the same start. */
import { flatten, sizeOf, trainedTensors, type TrainablePart } from "@engraft/core/models/tensors";
import { describe, expect, it } from "vitest";
import { eegnet } from "../../architectures/eegnet.ts";
import { efficientnetLite0 } from "../../architectures/efficientnet-lite.ts";
import { mobilenetV2 } from "../../architectures/mobilenet-v2.ts";
import { initialTensors } from "../../architectures/untrained.ts";
import { resnet18 } from "../../architectures/resnet18.ts";
import { resnet1d } from "../../architectures/resnet1d.ts";
import type { Known } from "../../architectures/known-architecture.ts";
import type { NamedArchitecture } from "../../architectures/net.ts";
import type { Architecture } from "../../ir/layers.ts";
import { NETWORKS, randomSamples, randomTensors, signal } from "../../ir/networks.fixture.ts";
import { tensorsOf } from "../../ir/parameters.ts";
import { chooseTrainer } from "../backends.ts";
import { startState } from "../optimizer.ts";
import type { CompileOptions, Trainer } from "../trainer.ts";
import { onnxTrainer } from "./trainer.ts";

const ROWS = 6;
const labels = Float32Array.of(1, 0, 0, 1, 1, 0);

/** The signal network up to its recurrent layer, which this engine leaves to the other. */
const unrecurrent: Architecture = {
  ...signal,
  layers: [
    ...signal.layers.slice(0, signal.layers.findIndex(({ kind }) => kind === "transpose") + 2),
    { kind: "flatten", name: "flat" },
    { kind: "dense", name: "head", in: 20, out: 1 },
  ],
};

const binary = ({ architecture }: NamedArchitecture): Architecture => ({ ...architecture, output: "binary-logit" });
const published = (known: Known, size: number) => binary((known.forms[0] as Known["forms"][number]).build([3, size, size], 1));

const SMALL: Readonly<Record<string, Architecture>> = { ...NETWORKS, signal: unrecurrent, eegnet: binary(eegnet([3, 96], 1)) };

/** Too large for TensorFlow.js's plain JavaScript within a test's time. */
const LARGE: Readonly<Record<string, Architecture>> = {
  resnet1d: binary(resnet1d([2, 120], 1)),
  mobilenet_v2: published(mobilenetV2, 64),
  efficientnet_lite0: published(efficientnetLite0, 64),
  resnet18: published(resnet18, 40),
};

const SGD = { optimizer: { name: "sgd", learningRate: 1, momentum: 0 }, weightDecay: 0, batch: ROWS } as const;

function started(trainer: Trainer, architecture: Architecture, trainable: TrainablePart, tensors = randomTensors(architecture)) {
  const options: CompileOptions = { ...SGD, trainable };
  const model = trainer.compile(architecture, tensors, options);
  const trained = trainedTensors(tensorsOf(architecture), trainable);
  const start = flatten(trained, tensors);
  const samples = randomSamples(architecture, ROWS);
  /** Loss at `parameters`, and its gradient: at rate 1 it is what the step takes away. */
  const at = async (parameters: Float32Array) => {
    const state = startState(parameters, options, "seed");
    const loss = await model.step(samples, labels, state);
    return { loss, gradient: parameters.map((value, index) => value - (state.parameters[index] as number)) };
  };
  return { model, trained, start, at };
}

const length = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
const distance = (one: Float32Array, other: Float32Array): number =>
  length(one.map((value, at) => value - (other[at] as number))) / length(other);

/** As training starts, where the loss is smooth enough for differences, but with a head that says something. */
const wellKept = (architecture: Architecture): ReadonlyMap<string, Float32Array> => {
  const tensors = new Map(initialTensors(architecture, 1));
  const head = randomTensors(architecture).get("head/kernel") as Float32Array;
  return tensors.set("head/kernel", head);
};

const DEPTHS = [
  ["with the batch's statistics", { part: "all", norm: "shared" }],
  ["with the base's statistics", { part: "all", norm: "frozen" }],
  ["of the last block", { part: "last-blocks", blocks: 1 }],
] as const;

describe.each(Object.entries(SMALL))("%s", (_, architecture) => {
  it.each(DEPTHS)("has TensorFlow.js's loss and gradients %s", async (_, trainable) => {
    const other = await chooseTrainer(architecture, randomTensors(architecture), { ...SGD, trainable }, ["cpu"]);
    const [theirs, ours] = [started(other, architecture, trainable), started(onnxTrainer({ block: 0 }), architecture, trainable)];
    const [expected, actual] = [await theirs.at(theirs.start), await ours.at(ours.start)];
    expect(actual.loss).toBeCloseTo(expected.loss, 5);
    expect(distance(actual.gradient, expected.gradient)).toBeLessThan(2e-6);
    theirs.model.dispose();
    ours.model.dispose();
  });
});

describe.each(Object.entries(LARGE))("%s", (_, architecture) => {
  it.each(DEPTHS)("has gradients that tell how the loss moves %s", async (_, trainable) => {
    const { model, trained, start, at } = started(onnxTrainer({ block: 0 }), architecture, trainable, wellKept(architecture));
    const { gradient } = await at(start);
    // Along a third of the tensors at a time, so that a wrong one is not hidden behind the others.
    for (const part of [0, 1, 2]) {
      let from = 0;
      const direction = new Float32Array(start.length);
      trained.forEach((spec, index) => {
        if (index % 3 === part) direction.set(gradient.subarray(from, from + sizeOf(spec)), from);
        from += sizeOf(spec);
      });
      const slope = length(direction);
      if (slope === 0) continue;
      const step = 2e-3 / slope;
      const moved = async (by: number) => (await at(start.map((value, index) => value + (by * (direction[index] as number)) / slope))).loss;
      const seen = ((await moved(step)) - (await moved(-step))) / (2 * step);
      expect(seen / slope).toBeGreaterThan(0.97);
      expect(seen / slope).toBeLessThan(1.03);
    }
    model.dispose();
  });
});
