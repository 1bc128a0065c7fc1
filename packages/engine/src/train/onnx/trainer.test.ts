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
import { blockHere } from "../../onnx/blocked/probe.ts";
import type { Loss } from "../loss.ts";
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

const SGD = {
  optimizer: { name: "sgd", learningRate: 1, momentum: 0 },
  weightDecay: 0,
  batch: ROWS,
  loss: { kind: "sigmoid", outputs: 1 },
} as const;

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

/** Standard operators, those of this machine, and both as they are written: the runtime rewrites graphs, and must not change what they compute. */
const forms = async (): Promise<readonly Trainer[]> => {
  const block = await blockHere();
  return [
    onnxTrainer({ block: 0 }),
    onnxTrainer({ block: 0, rewrites: false }),
    ...(block === 0 ? [] : [onnxTrainer({ block }), onnxTrainer({ block, rewrites: false })]),
  ];
};

describe.each(Object.entries(SMALL))("%s", (_, architecture) => {
  it.each(DEPTHS)("has TensorFlow.js's loss and gradients %s", async (_, trainable) => {
    const other = await chooseTrainer(architecture, randomTensors(architecture), { ...SGD, trainable }, ["cpu"]);
    const theirs = started(other, architecture, trainable);
    const expected = await theirs.at(theirs.start);
    for (const trainer of await forms()) {
      const ours = started(trainer, architecture, trainable);
      const actual = await ours.at(ours.start);
      expect(actual.loss).toBeCloseTo(expected.loss, 5);
      expect(distance(actual.gradient, expected.gradient)).toBeLessThan(5e-6);
      expect(await ours.at(ours.start)).toEqual(actual);
      ours.model.dispose();
    }
    theirs.model.dispose();
  });
});

const row: Architecture = {
  format: "engraft.layers/1",
  input: 6,
  output: "logits",
  layers: [
    { kind: "dense", name: "hidden", in: 6, out: 5 },
    { kind: "activation", name: "bend", function: "tanh" },
    { kind: "dense", name: "head", in: 5, out: 3 },
  ],
};
const one: Architecture = { ...row, layers: [...row.layers.slice(0, 2), { kind: "dense", name: "head", in: 5, out: 1 }] };

const LOSSES: Readonly<Record<string, { readonly loss: Loss; readonly y: readonly number[] }>> = {
  "several yes/no labels, some not known": {
    loss: {
      kind: "sigmoid",
      outputs: 3,
      weights: [
        [1, 2],
        [1, 1],
        [0.5, 3],
      ],
    },
    y: [1, 0, Number.NaN, 0, 0, 1, 1, 1, 1, Number.NaN, Number.NaN, 0, 0, 1, 0, 1, 0, 1],
  },
  "weighted classes": { loss: { kind: "softmax", outputs: 3, weights: [1, 2, 0.5] }, y: [0, 2, 1, 1, 0, 2] },
  numbers: { loss: { kind: "squares", outputs: 3 }, y: Array.from({ length: 18 }, (_, at) => Math.sin(at)) },
  "times to an event, with ties": { loss: { kind: "cox", outputs: 1 }, y: [5, 1, 3, 0, 3, 1, 3, 1, 9, 0, 1, 1] },
  "times without an event": { loss: { kind: "cox", outputs: 1 }, y: [5, 0, 3, 0, 3, 0, 3, 0, 9, 0, 1, 0] },
};

describe("30 steps follow TensorFlow.js's", () => {
  it.each(Object.keys(LOSSES))("%s", async (name) => {
    const { loss, y } = LOSSES[name] as (typeof LOSSES)[string];
    const architecture = loss.outputs === 1 ? one : row;
    const tensors = randomTensors(architecture);
    for (const optimizer of [
      { name: "sgd", learningRate: 0.05, momentum: 0.9 },
      { name: "adam", learningRate: 0.02 },
      { name: "adamw", learningRate: 0.02 },
    ] as const) {
      const options: CompileOptions = { trainable: { part: "all" }, batch: ROWS, optimizer, weightDecay: 0.01, loss };
      const start = flatten(trainedTensors(tensorsOf(architecture), options.trainable), tensors);
      const train = async (trainer: Trainer) => {
        const model = trainer.compile(architecture, tensors, options);
        const state = startState(start, options);
        state.rates = start.map((_, at) => (at % 3) / 2);
        const losses: number[] = [];
        for (let step = 0; step < 30; step++)
          losses.push(await model.step(randomSamples(architecture, ROWS, `${step % 4}`), Float32Array.from(y), state));
        model.dispose();
        return { losses, state };
      };
      const theirs = await train(await chooseTrainer(architecture, tensors, options, ["cpu"]));
      const ours = await train(onnxTrainer({ block: 0 }));
      for (const [step, value] of ours.losses.entries()) expect(value).toBeCloseTo(theirs.losses[step] as number, 4);
      expect(ours.state.steps).toBe(30);
      // All log hazards may shift alike: the last bias has no gradient but rounding, which Adam makes steps of.
      const [one, other] = [ours, theirs].map(({ state }) => state.parameters.subarray(0, loss.kind === "cox" ? -1 : undefined));
      expect(distance(one as Float32Array, other as Float32Array)).toBeLessThan(1e-4);
    }
  });
});

it("a layer that is not covered is refused by name", async () => {
  const { model, start, at } = started(onnxTrainer({ block: 0 }), signal, { part: "all" });
  await expect(at(start)).rejects.toThrow(/layer of kind gru/);
  model.dispose();
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
      const step = 2e-2 / slope;
      const moved = async (by: number) => (await at(start.map((value, index) => value + (by * (direction[index] as number)) / slope))).loss;
      const seen = ((await moved(step)) - (await moved(-step))) / (2 * step);
      expect(seen / slope).toBeGreaterThan(0.97);
      expect(seen / slope).toBeLessThan(1.03);
    }
    model.dispose();
  });
});

describe("what enters the head", () => {
  it.each(Object.entries(SMALL))("is the same in both engines, and the head makes the logits of it: %s", async (_name, architecture) => {
    const [tfjs, onnx] = [
      await chooseTrainer(architecture, randomTensors(architecture), { ...SGD, trainable: { part: "head" } }, ["cpu"]),
      onnxTrainer({ block: 0 }),
    ];
    const models = [tfjs, onnx].map((trainer) => started(trainer, architecture, { part: "head" }));
    const samples = randomSamples(architecture, ROWS);
    const found = await Promise.all(models.map(({ model, start }) => model.headInputs(samples, ROWS, start)));
    const [one, other] = found as [Float32Array, Float32Array];
    expect(distance(other, one)).toBeLessThan(1e-4);
    const { model, start } = models[0] as ReturnType<typeof started>;
    const width = one.length / ROWS;
    const logits = await model.logits(samples, ROWS, start);
    for (let row = 0; row < ROWS; row++) {
      const made = one
        .subarray(row * width, (row + 1) * width)
        .reduce((sum, value, i) => sum + value * (start[i] as number), start[width] as number);
      expect(made).toBeCloseTo(logits[row] as number, 3);
    }
  });
});
