/**
 * Every engine of this machine that can train a family gives the same losses: five steps from one start, dropout included, beside those of the
 * first engine that can.
 */
import type { Label } from "@engraft/core/models/labels";
import { flatten, trainedTensors } from "@engraft/core/models/tensors";
import { describe, expect, it } from "vitest";
import { ARCHITECTURES, initialTensors, untrained } from "../architectures/untrained.ts";
import type { Architecture, Shape } from "../ir/layers.ts";
import { randomSamples, randomTensors } from "../ir/networks.fixture.ts";
import { tensorsOf } from "../ir/parameters.ts";
import { blockHere } from "../onnx/blocked/probe.ts";
import { chooseTrainer, type Backend } from "./backends.ts";
import { onnxTrainer } from "./onnx/trainer.ts";
import { startState } from "./optimizer.ts";
import type { CompileOptions, Trainer } from "./trainer.ts";

const BATCH = 4;
const STEPS = 5;
/** Of the first loss. Engines add up in different orders, and Adam makes steps of what is rounding alone. */
const TOLERANCE = 1e-4;

type Open = (...given: Parameters<Trainer["compile"]>) => Promise<Trainer>;

const tfjs =
  (backend: Backend): Open =>
  (...[architecture, tensors, options]) =>
    chooseTrainer(architecture, tensors, options, [backend]);

const native = process.env["ENGRAFT_TEST_ENGINES"];
if (native !== undefined) process.env["ENGRAFT_ENGINE_CACHE"] = native;

const ONNX: Readonly<Record<string, Open>> = {
  "onnx standard": async () => onnxTrainer({ block: 0 }),
  "onnx as this machine has it": async () => onnxTrainer({ block: await blockHere() }),
};
const CPU: Readonly<Record<string, Open>> = { ...(native === undefined ? {} : { native: tfjs("native") }), cpu: tfjs("cpu") };
const WASM: Readonly<Record<string, Open>> = { wasm: tfjs("wasm") };

/** Wasm lacks the gradients of convolutions, ONNX recurrent layers. */
const enginesFor = ({ layers }: Architecture): Readonly<Record<string, Open>> => {
  const has = (kind: string): boolean => layers.some((layer) => layer.kind === kind);
  return { ...(has("gru") ? {} : ONNX), ...CPU, ...(has("conv") ? {} : WASM) };
};

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

async function lossesOn(open: Open, name: string, architecture: Architecture): Promise<readonly number[]> {
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

describe.each(ARCHITECTURES)("%s", (name) => {
  it("has the same losses on every engine", async () => {
    const architecture = untrained(name, SHAPES[name] as Shape, ...(isSurvival(name) ? [SURVIVAL] : []));
    const [[, first] = [], ...others] = Object.entries(enginesFor(architecture));
    const expected = await lossesOn(first as Open, name, architecture);
    expect(others.length).toBeGreaterThan(0);
    expect(new Set(expected).size).toBe(STEPS);
    for (const [engine, open] of others)
      for (const [step, loss] of (await lossesOn(open, name, architecture)).entries())
        expect(Math.abs(loss - (expected[step] as number)) / (expected[0] as number), `${engine}, step ${step + 1}`).toBeLessThan(
          TOLERANCE,
        );
  });
});
