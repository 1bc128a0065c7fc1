/** FedAvg of a model's head in one process: each site trains by the engine's own steps, updates are averaged by samples. */
import { addScaled, applyMean } from "@engraft/core/aggregation/mean";
import type { Label } from "@engraft/core/models/labels";
import { randomFrom } from "@engraft/engine/base/random";
import type { Samples } from "@engraft/engine/data/samples";
import type { Architecture } from "@engraft/engine/ir/layers";
import { chooseTrainer } from "@engraft/engine/train/backends";
import { batchesOf } from "@engraft/engine/train/batches";
import { lossOf } from "@engraft/engine/train/label-loss";
import { startState } from "@engraft/engine/train/optimizer";
import type { HeadSamples } from "@engraft/core/aggregation/statistics";

const BATCH = 32;

export interface Averaging {
  readonly rounds: number;
  /** Of Adam. */
  readonly rate: number;
  readonly seed: number;
  /** What the head predicts, and whether its classes count alike. */
  readonly label: Label;
  readonly balanced?: boolean;
  /** Called with the head after each round. */
  readonly each?: (round: number, head: Float32Array) => void;
}

/** The head as layers and its values by name: kernel [width][outputs], then bias. */
const headOf = (width: number, outputs: number, output: Architecture["output"]) => ({
  architecture: {
    format: "engraft.layers/1",
    input: width,
    output,
    layers: [{ kind: "dense", name: "head", in: width, out: outputs }],
  } as Architecture,
  tensors: new Map([
    ["head/kernel", new Float32Array(width * outputs)],
    ["head/bias", new Float32Array(outputs)],
  ]),
});

/** One pass over each site's samples in each round. */
export async function averaged(sites: readonly HeadSamples[], start: Float32Array, options: Averaging): Promise<Float32Array> {
  const { rounds, rate, seed, label, balanced = false, each } = options;
  const width = sites[0]?.width ?? 0;
  const outputs = start.length / (width + 1);
  const { architecture, tensors } = headOf(width, outputs, outputs === 1 ? "binary-logit" : "class-logits");
  const settings = { optimizer: { name: "adam", learningRate: rate } as const, weightDecay: 0 };
  const vector = start.slice();
  const total = sites.reduce((sum, { rows }) => sum + rows, 0);
  const models = [];
  for (const site of sites) {
    const compiled = { ...settings, trainable: { part: "head" } as const, batch: BATCH, loss: lossOf(label, balanced ? site : undefined) };
    models.push((await chooseTrainer(architecture, tensors, compiled, ["wasm"])).compile(architecture, tensors, compiled));
  }
  for (let round = 1; round <= rounds; round++) {
    const update = new Float64Array(vector.length);
    for (const [at, { rows, x, y }] of sites.entries()) {
      const samples: Samples = { rows, width, targets: 1, x, y, patients: new Uint32Array(rows) };
      const next = batchesOf(samples, BATCH, randomFrom(["fedavg", seed, round, at]));
      const state = startState(vector, settings);
      for (let step = 0; step < Math.ceil(rows / BATCH); step++) {
        const batch = next();
        await models[at]?.step(batch.x, batch.y, state);
      }
      addScaled(
        update,
        state.parameters.map((value, index) => value - (vector[index] as number)),
        rows / total,
      );
    }
    applyMean(vector, update);
    each?.(round, vector);
  }
  for (const model of models) model.dispose();
  return vector;
}
