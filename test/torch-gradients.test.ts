/**
 * One training step of every engine beside PyTorch's, for networks that hold every layer and for every architecture that can be trained:
 * no further from float64 than three times what PyTorch's own float32 is.
 */
import { describe, expect, it } from "vitest";
import { flatten, sizeOf, trainedTensors, type TensorSpec, type TrainablePart } from "@engraft/core/models/tensors";
import { ARCHITECTURES, untrained } from "@engraft/engine/architectures/untrained";
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
import { torchGradients, type NetworkCase } from "./support/torch-network.ts";

/** A folder that `engine install` has filled. */
const native = process.env["ENGRAFT_TEST_ENGINES"];
if (native !== undefined) process.env["ENGRAFT_ENGINE_CACHE"] = native;

interface Engine {
  readonly name: string;
  readonly takes: (network: NetworkCase) => boolean;
  readonly open: (network: NetworkCase, options: CompileOptions) => Promise<Trainer>;
  /** Distance that is always allowed. */
  readonly slack: number;
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
  { name: "onnx standard", takes: (network) => !isRecurrent(network), open: onnx(true), slack: SLACK },
  { name: "onnx as this machine has it", takes: (network) => !isRecurrent(network), open: onnx(false), slack: SLACK },
  // Wasm lacks the gradients of convolutions.
  { name: "tfjs wasm or cpu", takes: isSmall, open: tfjs("wasm", "cpu"), slack: SLACK },
  // TensorFlow adds up less exactly, which a deep network of batch statistics and kinks carries on.
  ...(native === undefined ? [] : [{ name: "tfjs native", takes: () => true, open: tfjs("native"), slack: 0.1 }]),
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

/** Without dropout, whose masks are each engine's own. */
const certain = (architecture: Architecture): Architecture => ({
  ...architecture,
  layers: architecture.layers.map((layer) => (layer.kind === "dropout" ? { ...layer, rate: 0 } : layer)),
});

const NETWORK_CASES: readonly (readonly [string, Architecture])[] = [
  ...Object.entries(NETWORKS).map(([name, architecture]) => [name, certain(architecture)] as const),
  // Cox is the logistic network under another loss.
  ...ARCHITECTURES.filter((name) => name !== "cox").map((name) => [name, certain(untrained(name, SHAPES[name] as Shape))] as const),
];

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

/** Loss, gradients and running statistics of one step, as `torchGradients` has them. */
async function step(trainer: Trainer, network: NetworkCase, options: CompileOptions) {
  const { architecture, tensors, trainable, x, y } = network;
  const trained = trainedTensors(tensorsOf(architecture), trainable);
  const start = flatten(trained, tensors);
  const model = trainer.compile(architecture, tensors, options);
  const state = startState(start, options);
  state.rates = ratesOf(trained, {}, 1);
  const loss = await model.step(x, y, state);
  model.dispose();
  const after = pick(trained, state.parameters, ({ role }) => role === "statistic");
  const moved = pick(
    trained,
    state.parameters.map((value, at) => (start[at] as number) - value),
    ({ role }) => role !== "statistic",
  );
  return { loss, gradients: moved.map((value) => value / RATE), statistics: after };
}

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
      for (const { name: engine, open, slack } of engines) {
        const ours = await step(await open(network, options), network, options);
        expect(Math.abs(ours.loss / exact.loss - 1), `${engine}, loss`).toBeLessThan(1e-4);
        for (const part of ["gradients", "statistics"] as const) {
          const theirs = exact.spread[part];
          const away = distance(ours[part], exact[part]);
          expect(away, `${engine}, ${part}; PyTorch's float32 is ${theirs} away`).toBeLessThanOrEqual(3 * theirs + slack);
        }
      }
    });
  });
});
