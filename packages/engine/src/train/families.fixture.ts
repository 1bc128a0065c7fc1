/** Five steps of training of each family of networks, for tests that compare engines. */
import type { Label } from "@engraft/core/models/labels";
import { flatten, trainedTensors } from "@engraft/core/models/tensors";
import { expect } from "vitest";
import { initialTensors, untrained } from "../architectures/untrained.ts";
import type { Architecture, Shape } from "../ir/layers.ts";
import { randomSamples, randomTensors } from "../ir/networks.fixture.ts";
import { tensorsOf } from "../ir/parameters.ts";
import { chooseTrainer, type Backend } from "./backends.ts";
import { startState } from "./optimizer.ts";
import type { CompileOptions, Trainer } from "./trainer.ts";

const BATCH = 4;
const STEPS = 5;
/** Of the first loss. Engines add up in different orders, and Adam makes steps of what is rounding alone. */
const TOLERANCE = 1e-4;

export type Open = (...given: Parameters<Trainer["compile"]>) => Promise<Trainer>;

export const tfjs =
  (backend: Backend): Open =>
  (...[architecture, tensors, options]) =>
    chooseTrainer(architecture, tensors, options, [backend]);

const SHAPES: Readonly<Record<string, Shape>> = {
  logistic: [5],
  cox: [5],
  mlp: [5],
  resnet1d: [2, 40],
  eegnet: [3, 64],
  gru: [3, 12],
  mobilenet_v2: [3, 32, 32],
  mobilenet_v2_035: [3, 32, 32],
  efficientnet_lite0: [3, 32, 32],
  resnet18: [3, 32, 32],
};

const SURVIVAL: Label = {
  kind: "survival",
  name: "any",
  title: "Any",
  time: { name: "time", unit: "d", max: 10 },
  event: { name: "event", occurred: ["1"], censored: ["0"] },
};

export const familyOf = (name: string): Architecture => untrained(name, SHAPES[name] as Shape, ...(isSurvival(name) ? [SURVIVAL] : []));

const isSurvival = (name: string): boolean => name === "cox";

function optionsFor(name: string): CompileOptions {
  const isPicture = (SHAPES[name] as Shape).length === 3;
  return {
    // All layers of these take plain JavaScript minutes.
    trainable: isPicture ? { part: "last-blocks", blocks: 1, norm: "shared" } : { part: "all", norm: "shared" },
    batch: BATCH,
    optimizer: { name: "adam", learningRate: 1e-4 },
    weightDecay: 0.01,
    loss: isSurvival(name) ? { kind: "cox", outputs: 1 } : { kind: "sigmoid", outputs: 1, weights: [[0.75, 1.5]] },
  };
}

/** Each step's loss, from the start of the family. */
export async function lossesOn(open: Open, name: string, architecture = familyOf(name)): Promise<readonly number[]> {
  const options = optionsFor(name);
  const tensors = new Map(initialTensors(architecture, 1));
  // A head of zeros would pass no gradient on.
  for (const [tensor, values] of randomTensors(architecture)) if (tensor === "head/kernel") tensors.set(tensor, values);
  const y = isSurvival(name) ? Float32Array.of(5, 1, 3, 0, 2, 1, 7, 1) : Float32Array.of(1, 0, 0, 1);
  const model = (await open(architecture, tensors, options)).compile(architecture, tensors, options);
  const state = startState(flatten(trainedTensors(tensorsOf(architecture), options.trainable), tensors), options, "dropout");
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) losses.push(await model.step(randomSamples(architecture, BATCH, `${step}`), y, state));
  model.dispose();
  return losses;
}

/** Within the tolerance that is stated in docs/training-in-onnx.md. */
export function expectSame(losses: readonly number[], expected: readonly number[], engine: string): void {
  expect(new Set(expected).size).toBe(STEPS);
  for (const [step, loss] of losses.entries())
    expect(Math.abs(loss - (expected[step] as number)) / (expected[0] as number), `${engine}, step ${step + 1}`).toBeLessThan(TOLERANCE);
}
