/** FedAvg of a linear head in one process: each site trains by the engine's own steps, updates are averaged by samples. */
import { addScaled, applyMean } from "@engraft/core/aggregation/mean";
import type { Samples } from "@engraft/engine/data/samples";
import { randomFrom } from "@engraft/engine/base/random";
import type { Base } from "@engraft/engine/import/describe";
import type { Architecture } from "@engraft/engine/ir/layers";
import { chooseTrainer } from "@engraft/engine/train/backends";
import { batchesOf } from "@engraft/engine/train/batches";
import { startState } from "@engraft/engine/train/optimizer";
import type { Ward } from "./solving.ts";

const BATCH = 32;

interface Averaging {
  readonly rounds: number;
  /** Of Adam. */
  readonly rate: number;
  readonly seed: number;
}

/** One pass over each site's samples in each round. */
export async function averaged(
  base: Base,
  sites: readonly Ward[],
  start: Float32Array,
  { rounds, rate, seed }: Averaging,
): Promise<Float32Array> {
  const width = sites[0]?.width ?? 0;
  const head: Architecture = {
    format: "engraft.layers/1",
    input: width,
    output: "binary-logit",
    layers: [{ kind: "dense", name: "head", in: width, out: 1 }],
  };
  const tensors = new Map([
    ["head/kernel", new Float32Array(width)],
    ["head/bias", new Float32Array(1)],
  ]);
  const settings = { optimizer: { name: "adam", learningRate: rate } as const, weightDecay: 0 };
  const options = { ...settings, trainable: { part: "head" } as const, batch: BATCH, loss: { kind: "sigmoid", outputs: 1 } as const };
  const trainer = await chooseTrainer(head, tensors, options, ["wasm"]);
  const model = trainer.compile(head, tensors, options);
  const vector = start.slice();
  const total = sites.reduce((sum, { rows }) => sum + rows, 0);
  for (let round = 1; round <= rounds; round++) {
    const update = new Float64Array(vector.length);
    for (const [at, { rows, x, y }] of sites.entries()) {
      const samples: Samples = { rows, width, targets: 1, x, y, patients: new Uint32Array(rows) };
      const next = batchesOf(samples, BATCH, randomFrom(["fedavg", base.manifest.name, seed, round, at]));
      const state = startState(vector, settings);
      for (let step = 0; step < Math.ceil(rows / BATCH); step++) {
        const batch = next();
        await model.step(batch.x, batch.y, state);
      }
      addScaled(
        update,
        state.parameters.map((value, index) => value - (vector[index] as number)),
        rows / total,
      );
    }
    applyMean(vector, update);
  }
  model.dispose();
  return vector;
}
