/** Training for hours must not grow: every family of models is one line of MODELS. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { flatten, trainedTensors } from "@engraft/core/models/tensors";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { randomFrom } from "../base/random.ts";
import { inputShape, sizeOfShape, type Architecture } from "../ir/layers.ts";
import { tensorsOf } from "../ir/parameters.ts";
import { untrained } from "../architectures/untrained.ts";
import { picture, plane, randomTensors } from "../ir/networks.fixture.ts";
import { architecture as small } from "../model.fixture.ts";
import { chooseTrainer, type Backend } from "./backends.ts";
import { startState } from "./optimizer.ts";
import type { CompileOptions } from "./trainer.ts";

const wide: Architecture = {
  format: "engraft.layers/1",
  input: 2048,
  output: "binary-logit",
  layers: [
    { kind: "dense", name: "dense_1", in: 2048, out: 4 },
    { kind: "activation", name: "relu_1", function: "relu" },
    { kind: "dense", name: "dense_2", in: 4, out: 1 },
  ],
};

const recurrent = untrained("gru", [2, 8]);

interface Family {
  readonly architecture: Architecture;
  readonly batch: number;
  /** Those that have its operations. */
  readonly backends: readonly Backend[];
}

const MODELS: Readonly<Record<string, Family>> = {
  "a small dense model": { architecture: small, batch: 8, backends: ["wasm", "cpu"] },
  "convolutions, normalisation and dropout of pictures": { architecture: picture, batch: 2, backends: ["cpu"] },
  "a recording seen as a picture": { architecture: plane, batch: 2, backends: ["cpu"] },
  "a recurrent model": { architecture: recurrent, batch: 2, backends: ["wasm"] },
  "a wide dense model": { architecture: wide, batch: 8, backends: ["wasm", "cpu"] },
};

const STEPS = 2000;
const WARM_UP = 200;
/** One batch of the wide model kept at every step would be nearly twice that. */
const MAY_GROW = 64 * 1024 ** 2;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as (how: object) => void;

/** Without garbage: newer versions of V8 leave a hundred megabytes of it lying about. */
const used = (): number => {
  collect({ type: "major", execution: "sync", flavor: "last-resort" });
  return process.memoryUsage().rss;
};

describe.each(Object.entries(MODELS))("%s", (_, { architecture, batch, backends }) => {
  it.each(backends)(
    "keeps its memory over 2,000 steps on %s",
    async (backend) => {
      const options: CompileOptions = {
        trainable: { part: "all", norm: "shared" },
        batch,
        optimizer: { name: "adam", learningRate: 0.001 },
        weightDecay: 0,
        loss: { kind: "sigmoid", outputs: 1 },
      };
      const random = randomFrom(["memory"]);
      const tensors = randomTensors(architecture);
      const model = (await chooseTrainer(architecture, tensors, options, [backend])).compile(architecture, tensors, options);
      const state = startState(flatten(trainedTensors(tensorsOf(architecture), options.trainable), tensors), options);
      const x = Float32Array.from({ length: batch * sizeOfShape(inputShape(architecture)) }, () => random.uniform());
      const y = Float32Array.from({ length: batch }, (_value, index) => index % 2);
      const held = new Set<string>();
      let before = 0;
      for (let step = 0; step < STEPS; step++) {
        await model.step(x, y, state);
        if (step === WARM_UP) before = used();
        if (step >= WARM_UP) held.add(JSON.stringify([tf.memory().numTensors, tf.memory().numBytes, tf.memory().numDataBuffers]));
      }
      expect([...held]).toHaveLength(1);
      expect(used() - before).toBeLessThan(MAY_GROW);
      model.dispose();
      // Plain JavaScript takes its time on a busy machine.
    },
    300_000,
  );
});
