/** FedAvg in one process: each site trains by the engine's own steps, updates are averaged by samples. */
import { addScaled, applyMean } from "@engraft/core/aggregation/mean";
import type { Label } from "@engraft/core/models/labels";
import type { TrainablePart } from "@engraft/core/models/tensors";
import { randomFrom } from "@engraft/engine/base/random";
import type { Samples } from "@engraft/engine/data/samples";
import type { Architecture } from "@engraft/engine/ir/layers";
import { chooseTrainer, type Backend } from "@engraft/engine/train/backends";
import { batchesOf } from "@engraft/engine/train/batches";
import { lossOf } from "@engraft/engine/train/label-loss";
import { startState } from "@engraft/engine/train/optimizer";
import type { CompiledModel } from "@engraft/engine/train/trainer";
import type { HeadSamples } from "@engraft/core/aggregation/statistics";

export const BATCH = 32;
/** Samples whose logits are asked for at once. */
const ROWS = 64;

/** What is trained: layers, all their values by name, and which of them move. */
export interface Trained {
  readonly architecture: Architecture;
  readonly tensors: ReadonlyMap<string, Float32Array>;
  readonly trainable: TrainablePart;
  readonly engines: readonly Backend[];
}

export interface Averaging {
  readonly rounds: number;
  /** Of Adam. */
  readonly rate: number;
  readonly seed: number;
  /** What the model predicts, and whether its classes count alike. */
  readonly label: Label;
  readonly balanced?: boolean;
  /** A head on the samples, where nothing is given. */
  readonly model?: Trained;
  /** Called with the trained values after each round. */
  readonly each?: (round: number, vector: Float32Array) => void | Promise<void>;
}

/** The head as layers and its values by name: kernel [width][outputs], then bias. */
const headOf = (width: number, outputs: number): Trained => ({
  architecture: {
    format: "engraft.layers/1",
    input: width,
    output: outputs === 1 ? "binary-logit" : "class-logits",
    layers: [{ kind: "dense", name: "head", in: width, out: outputs }],
  },
  tensors: new Map([
    ["head/kernel", new Float32Array(width * outputs)],
    ["head/bias", new Float32Array(outputs)],
  ]),
  trainable: { part: "head" },
  engines: ["wasm"],
});

/** `counted`: whose classes weigh alike. */
async function compiled(
  { architecture, tensors, trainable, engines }: Trained,
  { rate, label }: Pick<Averaging, "rate" | "label">,
  counted?: HeadSamples,
): Promise<CompiledModel> {
  const settings = { optimizer: { name: "adam", learningRate: rate } as const, weightDecay: 0 };
  const all = { ...settings, trainable, batch: BATCH, loss: lossOf(label, counted) };
  return (await chooseTrainer(architecture, tensors, all, engines)).compile(architecture, tensors, all);
}

/** One pass over each site's samples in each round. `start`: what is trained, in the engine's order. */
export async function averaged(sites: readonly HeadSamples[], start: Float32Array, options: Averaging): Promise<Float32Array> {
  const { rounds, rate, seed, each } = options;
  const width = sites[0]?.width ?? 0;
  const model = options.model ?? headOf(width, start.length / (width + 1));
  const settings = { optimizer: { name: "adam", learningRate: rate } as const, weightDecay: 0 };
  const vector = start.slice();
  const total = sites.reduce((sum, { rows }) => sum + rows, 0);
  const models: CompiledModel[] = [];
  for (const site of sites) models.push(await compiled(model, options, options.balanced === true ? site : undefined));
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
    await each?.(round, vector);
  }
  for (const model of models) model.dispose();
  return vector;
}

/** One number of each sample of each site, by a model of one output under trained values. */
export async function scoresOf(
  model: Trained,
  label: Label,
  sites: readonly HeadSamples[],
  vector: Float32Array,
): Promise<readonly Float32Array[]> {
  // Nothing is trained, so any rate will do.
  const running = await compiled(model, { label, rate: 0.001 });
  const scores: Float32Array[] = [];
  for (const { rows, width, x } of sites) {
    const own = new Float32Array(rows);
    for (let from = 0; from < rows; from += ROWS) {
      const to = Math.min(rows, from + ROWS);
      own.set(await running.logits(x.slice(from * width, to * width), to - from, vector), from);
    }
    scores.push(own);
  }
  running.dispose();
  return scores;
}
