/**
 * One training step of every engine beside PyTorch's, for networks that hold every layer and for every architecture that can be trained:
 * no further from float64 than three times what PyTorch's own float32 is. And the losses of 30 steps, which must follow PyTorch's.
 */
import { describe, expect, it } from "vitest";
import { flatten, sizeOf, trainedTensors, type TensorSpec, type TrainablePart } from "@engraft/core/models/tensors";
import { ARCHITECTURES, initialTensors, untrained } from "@engraft/engine/architectures/untrained";
import { randomFrom } from "@engraft/engine/base/random";
import { inputShape, sizeOfShape, type Architecture, type Shape } from "@engraft/engine/ir/layers";
import { tensorsOf } from "@engraft/engine/ir/parameters";
import { chooseTrainer, type Backend } from "@engraft/engine/train/backends";
import { blockHere } from "@engraft/engine/onnx/blocked/probe";
import { onnxTrainer } from "@engraft/engine/train/onnx/trainer";
import { startState } from "@engraft/engine/train/optimizer";
import { ratesOf } from "@engraft/engine/train/rates";
import type { CompileOptions, Trainer } from "@engraft/engine/train/trainer";
import { NETWORKS, randomSamples, randomTensors } from "../packages/engine/src/ir/networks.fixture.ts";
import { findTorch } from "./support/real-weights.ts";
import { requireOrSkip } from "./support/require.ts";
import { torchGradients, torchLosses, type Course, type NetworkCase, type TorchLosses } from "./support/torch-network.ts";

/** A folder that `engine install` has filled. */
const native = process.env["ENGRAFT_TEST_ENGINES"];
if (native !== undefined) process.env["ENGRAFT_ENGINE_CACHE"] = native;

interface Engine {
  readonly name: string;
  readonly takes: (network: NetworkCase) => boolean;
  readonly open: (network: NetworkCase, options: CompileOptions) => Promise<Trainer>;
  /** Distance that is always allowed. */
  readonly slack: number;
  /** Of an odd number of steps the median counts: in a deep network of batch statistics and kinks one alone may be far off by luck. */
  readonly count: number;
}

const tfjs =
  (...backends: readonly Backend[]): Engine["open"] =>
  ({ architecture, tensors }, options) =>
    chooseTrainer(architecture, tensors, options, backends);

/** Plain JavaScript takes minutes for the others. */
const isSmall = ({ architecture }: NetworkCase): boolean => sizeOfShape(inputShape(architecture)) < 1000;

const SLACK = 1e-6;

const onnx =
  (standard: boolean): Engine["open"] =>
  async () =>
    onnxTrainer({ block: standard ? 0 : await blockHere() });

const isRecurrent = ({ architecture }: NetworkCase): boolean => architecture.layers.some(({ kind }) => kind === "gru");

const ENGINES: readonly Engine[] = [
  { name: "onnx standard", takes: (network) => !isRecurrent(network), open: onnx(true), slack: SLACK, count: 5 },
  { name: "onnx as this machine has it", takes: (network) => !isRecurrent(network), open: onnx(false), slack: SLACK, count: 5 },
  // Wasm lacks the gradients of convolutions.
  { name: "tfjs wasm or cpu", takes: isSmall, open: tfjs("wasm", "cpu"), slack: SLACK, count: 5 },
  // TensorFlow adds up less exactly, which a deep network of batch statistics and kinks carries on.
  ...(native === undefined ? [] : [{ name: "tfjs native", takes: () => true, open: tfjs("native"), slack: 0.1, count: 1 }]),
];

/** Small, but with more than one value in every channel of every layer. */
const SHAPES: Readonly<Record<string, Shape>> = {
  logistic: [5],
  mlp: [5],
  resnet1d: [3, 64],
  eegnet: [4, 96],
  gru: [3, 20],
  mobilenet_v2: [3, 64, 64],
  mobilenet_v2_035: [3, 64, 64],
  efficientnet_lite0: [3, 64, 64],
  resnet18: [3, 64, 64],
};

const BATCH = 8;
/** A power of two, so that dividing by it loses nothing; large, so that little of a gradient is lost beside its parameter. */
const RATE = 2 ** 16;
const LAST_BIT = 2 ** -24;

/** Without dropout, whose masks are each engine's own. */
const certain = (architecture: Architecture): Architecture => ({
  ...architecture,
  layers: architecture.layers.map((layer) => (layer.kind === "dropout" ? { ...layer, rate: 0 } : layer)),
});

const WHOLE: readonly (readonly [string, Architecture])[] = [
  ...Object.entries(NETWORKS),
  // Cox is the logistic network under another loss.
  ...ARCHITECTURES.filter((name) => name !== "cox").map((name) => [name, untrained(name, SHAPES[name] as Shape)] as const),
];

const NETWORK_CASES = WHOLE.map(([name, architecture]) => [name, certain(architecture)] as const);

const PARTS = {
  "the head": { part: "head" },
  "the last block": { part: "last-blocks", blocks: 1, norm: "shared" },
  "all layers, normalisations frozen": { part: "all" },
  "all layers, batch statistics": { part: "all", norm: "shared" },
} as const satisfies Readonly<Record<string, TrainablePart>>;

function networkCase(name: string, architecture: Architecture, trainable: TrainablePart): NetworkCase {
  const random = randomFrom(["labels", name]);
  return {
    architecture,
    tensors: randomTensors(architecture),
    trainable,
    batch: BATCH,
    x: randomSamples(architecture, BATCH),
    y: Float32Array.from({ length: BATCH }, () => random.below(2)),
    classWeights: [0.75, 1.5],
  };
}

interface Step {
  readonly loss: number;
  readonly gradients: Float64Array;
  readonly statistics: Float64Array;
}

/** Steps from the same parameters, of the samples as they are and then of ones changed in their last bit, as `torchGradients` has them. */
async function steps(trainer: Trainer, network: NetworkCase, options: CompileOptions, count: number): Promise<readonly Step[]> {
  const { architecture, tensors, trainable, x, y } = network;
  const trained = trainedTensors(tensorsOf(architecture), trainable);
  const start = flatten(trained, tensors);
  const model = trainer.compile(architecture, tensors, options);
  const taken: Step[] = [];
  for (let shaken = 0; shaken < count; shaken++) {
    const random = randomFrom(["last bits", shaken]);
    const samples = shaken === 0 ? x : x.map((value) => value * (1 + (random.below(2) === 0 ? -LAST_BIT : LAST_BIT)));
    const state = startState(start, options);
    state.rates = ratesOf(trained, {}, 1);
    const loss = await model.step(samples, y, state);
    const moved = state.parameters.map((value, at) => (start[at] as number) - value);
    const gradients = pick(trained, moved, ({ role }) => role !== "statistic").map((value) => value / RATE);
    taken.push({ loss, gradients, statistics: pick(trained, state.parameters, ({ role }) => role === "statistic") });
  }
  model.dispose();
  return taken;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

function pick(specs: readonly TensorSpec[], vector: Float32Array, wanted: (spec: TensorSpec) => boolean): Float64Array {
  let at = 0;
  const parts = specs.flatMap((spec) => {
    const part = vector.subarray(at, (at += sizeOf(spec)));
    return wanted(spec) ? [...part] : [];
  });
  return Float64Array.from(parts);
}

const norm = (vector: Float64Array): number => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));

/** L2 distance relative to `exact`. */
function distance(vector: Float64Array, exact: Float64Array): number {
  expect(vector.length).toBe(exact.length);
  if (exact.length === 0) return 0;
  return norm(vector.map((value, at) => value - (exact[at] as number))) / norm(exact);
}

requireOrSkip("PyTorch", findTorch).describe("one step beside PyTorch's", (python) => {
  describe.each(NETWORK_CASES)("%s", (name, architecture) => {
    it.for(Object.entries(PARTS))("%s", async ([, trainable], { skip }) => {
      const network = networkCase(name, architecture, trainable);
      const engines = ENGINES.filter(({ takes }) => takes(network));
      skip(engines.length === 0, "needs an engine that is fast enough: ENGRAFT_TEST_ENGINES");
      const exact = await torchGradients(python, network);
      expect(norm(exact.gradients)).toBeGreaterThan(0);
      const options: CompileOptions = {
        trainable,
        batch: BATCH,
        optimizer: { name: "sgd", learningRate: RATE, momentum: 0 },
        weightDecay: 0,
        loss: { kind: "sigmoid", outputs: 1, weights: network.classWeights === undefined ? undefined : [network.classWeights] },
      };
      for (const { name: engine, open, slack, count } of engines) {
        const ours = await steps(await open(network, options), network, options, count);
        for (const { loss } of ours) expect(Math.abs(loss / exact.loss - 1), `${engine}, loss`).toBeLessThan(1e-4);
        for (const part of ["gradients", "statistics"] as const) {
          const theirs = exact.spread[part];
          const away = median(ours.map((step) => distance(step[part], exact[part])));
          expect(away, `${engine}, ${part}; PyTorch's float32 is ${theirs} away`).toBeLessThanOrEqual(3 * theirs + slack);
        }
      }
    });
  });
});

const STEPS = 30;
const BATCHES = 4;
const CLASS_WEIGHTS = [0.75, 1.5] as const;

/** A case's network as training starts, but with a head that says something; samples of some batches. */
function courseCase(name: string, architecture: Architecture, trainable: TrainablePart): NetworkCase {
  const random = randomFrom(["labels", name]);
  const tensors = new Map(initialTensors(architecture, 1));
  const head = randomTensors(architecture).get("head/kernel") as Float32Array;
  const rows = BATCHES * BATCH;
  return {
    architecture,
    tensors: tensors.set("head/kernel", head),
    trainable,
    batch: rows,
    x: randomSamples(architecture, rows),
    y: Float32Array.from({ length: rows }, () => random.below(2)),
    classWeights: CLASS_WEIGHTS,
  };
}

async function lossesOf(
  trainer: Trainer,
  { architecture, tensors, trainable, x, y }: NetworkCase,
  { seed, steps: count }: Course,
  options: CompileOptions,
) {
  const model = trainer.compile(architecture, tensors, options);
  const state = startState(flatten(trainedTensors(tensorsOf(architecture), trainable), tensors), options, seed);
  const width = sizeOfShape(inputShape(architecture));
  const losses: number[] = [];
  for (let step = 0; step < count; step++) {
    const from = (step % BATCHES) * BATCH;
    losses.push(await model.step(x.slice(from * width, (from + BATCH) * width), y.slice(from, from + BATCH), state));
  }
  model.dispose();
  return losses;
}

/** TensorFlow.js takes minutes for 30 steps of some, and trains those that the other leaves to it. */
function enginesFor(network: NetworkCase): readonly Engine[] {
  const able = ENGINES.filter(({ takes }) => takes(network));
  return isRecurrent(network) ? able : able.filter(({ name }) => name.startsWith("onnx"));
}

/** A kink that one of the runs meets and the others do not moves a loss by about so much of the first. */
const KINK = 0.005;

/**
 * By how much losses leave float64's beyond what rounding explains, as a factor; at most 1 is right. At each step they may be three times as far away as any
 * of PyTorch's own runs has been by then, and a kink besides: where rounding decides on which side of a kink a value lies the trajectories part, and
 * Adam makes steps of full length even of gradients that are nothing but rounding, so that one run says little of another.
 */
function strayed(losses: readonly number[], { exact, runs }: TorchLosses): number {
  const away = (run: readonly number[], step: number): number => Math.abs((run[step] as number) - (exact[step] as number));
  let widest = 0;
  return Math.max(
    ...exact.map((_, step) => {
      widest = Math.max(widest, ...runs.map((run) => away(run, step)));
      return away(losses, step) / (3 * widest + KINK * (exact[0] as number));
    }),
  );
}

/** Rates at which PyTorch's own runs stay together, so that a fault can be told from chaos. */
const COURSES: readonly (readonly [string, TrainablePart, Course["optimizer"]])[] = [
  ["all layers with batch statistics, Adam", PARTS["all layers, batch statistics"], { name: "adam", learningRate: 1e-4 }],
  [
    "the last block with frozen normalisations, momentum",
    { part: "last-blocks", blocks: 1 },
    { name: "sgd", learningRate: 1e-3, momentum: 0.9 },
  ],
];

/** All layers of these take a minute and more, and hold no layer that the others lack: they passed by hand. */
const LONG: ReadonlySet<string> = new Set(["efficientnet_lite0", "resnet18"]);
/** Its family stands for it. */
const NARROWER = "mobilenet_v2";

const FOLLOWED = WHOLE.filter(([name]) => name !== NARROWER);

requireOrSkip("PyTorch", findTorch).describe("30 steps follow PyTorch's", (python) => {
  describe.each(FOLLOWED)("%s", (name, architecture) => {
    it.for(COURSES.filter(([, { part }]) => part !== "all" || !LONG.has(name)))("%s", async ([, trainable, optimizer], { skip }) => {
      const network = courseCase(name, architecture, trainable);
      const engines = enginesFor(network);
      skip(engines.length === 0, "needs an engine that is fast enough: ENGRAFT_TEST_ENGINES");
      const course: Course = { steps: STEPS, batch: BATCH, optimizer, weightDecay: 0.001, seed: "course" };
      const theirs = await torchLosses(python, network, course);
      const options: CompileOptions = {
        trainable,
        batch: BATCH,
        optimizer,
        weightDecay: course.weightDecay,
        loss: { kind: "sigmoid", outputs: 1, weights: [CLASS_WEIGHTS] },
      };
      for (const { name: engine, open } of engines) {
        const away = strayed(await lossesOf(await open(network, options), network, course, options), theirs);
        expect.soft(away, engine).toBeLessThanOrEqual(1);
      }
      for (const [fault, losses] of Object.entries(theirs.faults)) expect.soft(strayed(losses, theirs), fault).toBeGreaterThan(1);
    });
  });
});
