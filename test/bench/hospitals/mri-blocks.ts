/** EfficientNet-Lite0's last three blocks, trained on after the ridge head: its last residual block, the convolution behind it and the head. */
import type { Plan } from "@engraft/core/models/plan";
import { flatten, trainedTensors } from "@engraft/core/models/tensors";
import type { Base } from "@engraft/engine/import/describe";
import { tensorsOf } from "@engraft/engine/ir/parameters";
import { loadModel } from "@engraft/engine/train/model";
import { averaged, BATCH, scoresOf, type Averaging, type Trained } from "./averaging.ts";
import { encoded, type Slice } from "./mri-data.ts";
import { ridgeFit } from "./ridge.ts";
import { auc, mean, rowsWhere, shuffledPatients, together, type Ward } from "./solving.ts";

export const BLOCKS = { part: "last-blocks", blocks: 3 } as const;
export const ROUNDS = 12;
const RATES = [0.0003, 0.001];
const FOLDS = 3;

/** The same as agents are told it; their copies are mirrored by chance. */
export const trainingAt = (rate: number): Partial<Plan["training"]> => ({
  trainable: BLOCKS,
  amount: { unit: "epochs", count: 1 },
  batch: BATCH,
  optimizer: { name: "adam", learningRate: rate },
  // A million values move further than a head does.
  clip: 100,
  augmentation: { of: "pictures", copies: 1, flip: true, rotate: 0, brightness: 0 },
});

/** What enters the blocks, of each slice. */
export const blockInputs = (base: Base, slices: readonly Slice[]): Promise<readonly Float32Array[]> => encoded(base, slices, BLOCKS);

/** The blocks as layers, and where they start. */
export async function blocksOf({ manifest, weights }: Base): Promise<{ readonly model: Trained; readonly start: Float32Array }> {
  const { tensors, tail } = await loadModel(manifest, weights, undefined, { trainable: BLOCKS });
  const model: Trained = { architecture: tail, tensors, trainable: BLOCKS, engines: ["onnx", "wasm"] };
  return { model, start: flatten(trainedTensors(tensorsOf(tail), BLOCKS), tensors) };
}

/** One institution's training slices: features of the head, and what enters the blocks, of pictures and their mirrored copies. */
export interface Learner {
  readonly head: Ward;
  readonly blocks: Ward;
}

export interface Tuning {
  readonly base: Base;
  readonly learners: readonly Learner[];
  readonly penalty: number;
  readonly seed: number;
}

const startAt = (start: Float32Array, head: Float32Array): Float32Array => {
  const vector = start.slice();
  vector.set(head, vector.length - head.length);
  return vector;
};

/** Mean of institutions. */
export async function blocksAuc(base: Base, wards: readonly Ward[], vector: Float32Array): Promise<number> {
  const scores = await scoresOf((await blocksOf(base)).model, base.manifest.label, wards, vector);
  const areas = wards.map(({ y }, at) => auc(scores[at] as Float32Array, y));
  return mean(areas.filter((area) => !Number.isNaN(area)));
}

const optionsFor = ({ manifest }: Base, model: Trained, rate: number, seed: number): Averaging => ({
  rounds: ROUNDS,
  rate,
  seed,
  label: manifest.label,
  model,
});

/** From the ridge head of the same samples; the rate is the better one on a third of the training patients, held back from head and blocks. */
export async function tuned(tuning: Tuning): Promise<{ readonly vector: Float32Array; readonly rate: number }> {
  const { learners, seed } = tuning;
  const held = learners.map(
    ({ head }, at) => new Set(shuffledPatients(head, ["fold", seed, at]).filter((_, place) => place % FOLDS === 0)),
  );
  const parted = (wanted: boolean): Learner[] =>
    learners.map((learner, at) => {
      const pick = (ward: Ward): Ward => rowsWhere(ward, (row) => held[at]?.has(ward.patients[row] as string) === wanted);
      return { head: pick(learner.head), blocks: pick(learner.blocks) };
    });
  const [learn, judge] = [parted(false).filter(({ head }) => head.rows > 0), parted(true)];
  const found: { rate: number; score: number }[] = [];
  for (const rate of RATES) {
    const vector = await trained({ ...tuning, learners: learn }, rate);
    found.push({
      rate,
      score: await blocksAuc(
        tuning.base,
        judge.map(({ blocks }) => blocks),
        vector,
      ),
    });
  }
  const { rate } = found.reduce((best, one) => (one.score > best.score ? one : best));
  return { vector: await trained(tuning, rate), rate };
}

async function trained({ base, learners, penalty, seed }: Tuning, rate: number): Promise<Float32Array> {
  const { model, start } = await blocksOf(base);
  const head = ridgeFit(together(learners.map((learner) => learner.head)), [penalty])[0] as Float32Array;
  return averaged(
    learners.map(({ blocks }) => blocks),
    startAt(start, head),
    optionsFor(base, model, rate, seed),
  );
}
