/** A site's data and model, loaded once: trains and evaluates. Runs inside the training thread. */
import { clipTo } from "@engraft/core/aggregation/mean";
import { EngraftError } from "@engraft/core/base/errors";
import type { Manifest } from "@engraft/core/models/manifest";
import type { SiteMetrics } from "@engraft/core/models/metrics";
import type { Plan } from "@engraft/core/models/plan";
import type { Tally } from "@engraft/core/models/tally";
import { flatten, trainableTensors } from "@engraft/core/models/tensors";
import { randomFrom } from "../base/random.ts";
import { countParts, type Counts } from "../data/check.ts";
import type { CachePlace } from "../trunk/feature-cache.ts";
import type { TableDeclaration } from "../data/declaration.ts";
import { inputWidth, samplesOf, type Samples } from "../data/samples.ts";
import type { Part } from "../data/split.ts";
import { readTable, type Table } from "../data/table.ts";
import { siteMetrics } from "../evaluate/bootstrap.ts";
import { tallyOf } from "../evaluate/tally.ts";
import { readWeights } from "../import/base.ts";
import { architectureOf } from "../ir/layers.ts";
import { chooseTrainer, type Backend } from "./backends.ts";
import { batchesOf } from "./batches.ts";
import { sigmoid } from "./loss.ts";
import { startState } from "./optimizer.ts";
import type { CompiledModel } from "./trainer.ts";

export interface SessionOptions {
  readonly manifest: Manifest;
  /** The safetensors file. */
  readonly weights: Uint8Array;
  readonly plan: Plan;
  readonly table: TableDeclaration;
  /** The ONNX file, where the base has a trunk. */
  readonly trunk?: Uint8Array | undefined;
  /** Where the trunk's features are kept; without one they are worked out at every opening. */
  readonly featureCache?: CachePlace | undefined;
  /** Tried in this order; the default is native, wasm, cpu. */
  readonly backends?: readonly Backend[];
}

/** Where training stands, in the plan's own unit. */
export interface TrainingProgress {
  readonly unit: "epochs" | "updates" | "pictures";
  readonly done: number;
  readonly total: number;
  /** Mean loss of the training samples seen since the last report, in nats. It stays at the site. */
  readonly loss: number;
}

export interface TrainingControl {
  readonly progress: (progress: TrainingProgress) => void;
  readonly aborted: () => boolean;
}

/** Thrown inside a session when `aborted` says so. */
export class Aborted extends Error {
  override readonly name = "Aborted";
}

export interface TrainingOutcome {
  /** Trained minus start, scaled down to the plan's clip. */
  readonly update: Float32Array;
  /** Training samples. */
  readonly sampleCount: number;
  /** Time spent training. */
  readonly seconds: number;
  /** L2 norm before clipping. */
  readonly norm: number;
}

export interface Session {
  readonly engine: string;
  readonly counts: Readonly<Record<Part, Counts>>;
  /** One round's training from `start`; the seed parts choose the order of samples. */
  train(start: Float32Array, seed: readonly (string | number)[], control: TrainingControl): Promise<TrainingOutcome>;
  /** The vector after as much training as `rounds` rounds, from the base, on this site's data only. */
  trainAlone(rounds: number, control: TrainingControl): Promise<Float32Array>;
  /** Null where the part has fewer patients than the plan's minimum count. */
  evaluate(vector: Float32Array, part: Part): Promise<SiteMetrics | null>;
  /** Counts for the figures of all sites together; null likewise. */
  tally(vector: Float32Array, part: Part): Promise<Tally | null>;
}

/**
 * Loads table, base and engine. Throws `data-missing` or `data-invalid` where the table cannot be used, `bad-input` or
 * `digest-mismatch` where the base cannot, `training-failed` where no engine runs.
 */
export async function openSession(options: SessionOptions, control: TrainingControl): Promise<Session> {
  const { manifest, plan } = options;
  const architecture = architectureOf(manifest);
  if (architecture.input !== inputWidth(manifest))
    throw new EngraftError(
      "bad-input",
      "The base model's input rules do not give as many numbers as its first layer takes. Ask its author for a corrected manifest.",
    );
  const tensors = readWeights(manifest, options.weights);
  const table = await usableTable(options);
  const features = await trunkFeatures(options, table, control);
  const part = (name: Part): Samples => samplesOf(table, plan.data, manifest, name, features);
  const samples = { train: part("train"), validation: part("validation"), test: part("test") };
  const { trainable, batch, optimizer, weightDecay } = plan.training;
  const compileOptions = { trainable, batch, optimizer, weightDecay };
  const trainer = await chooseTrainer(architecture, tensors, compileOptions, options.backends);
  const model = trainer.compile(architecture, tensors, compileOptions);
  const base = flatten(trainableTensors(manifest.tensors, trainable), tensors);
  const checked = (vector: Float32Array): Float32Array => {
    if (vector.length !== base.length)
      throw new EngraftError("wrong-shape", `The vector has ${vector.length} values; the plan trains ${base.length}.`);
    return vector;
  };
  return {
    engine: trainer.name,
    counts: countParts(table, plan.data),
    train: async (start, seed, control) => {
      const begin = performance.now();
      const update = await fit(model, plan, samples.train, checked(start), { rounds: 1, seed, control });
      for (let i = 0; i < update.length; i++) update[i] = (update[i] as number) - (start[i] as number);
      const norm = clipTo(update, plan.training.clip);
      return { update, sampleCount: samples.train.rows, seconds: (performance.now() - begin) / 1000, norm };
    },
    trainAlone: (rounds, control) => fit(model, plan, samples.train, base, { rounds, seed: ["alone"], control }),
    evaluate: async (vector, part) => {
      const { y, patients } = samples[part];
      const probabilities = await predict(model, plan, samples[part], checked(vector));
      return probabilities === null ? null : siteMetrics(probabilities, y, patients, plan.metrics.names);
    },
    tally: async (vector, part) => {
      const { y, patients } = samples[part];
      const probabilities = await predict(model, plan, samples[part], checked(vector));
      return probabilities === null ? null : tallyOf(probabilities, y, patients);
    },
  };
}

async function usableTable({ table: declaration, plan }: SessionOptions): Promise<Table> {
  const { table, findings } = await readTable(declaration, plan.data);
  const errors = findings.list().filter((finding) => finding.effect === "error");
  if (errors.length > 0)
    throw new EngraftError(
      "data-invalid",
      `The table cannot be used (${errors.map((error) => error.kind).join(", ")}). Run \`engraft-site data check\`.`,
    );
  if (table.rows === 0) throw new EngraftError("data-invalid", "The table has no usable row. Run `engraft-site data check`.");
  return table;
}

/** Undefined for a base without a trunk. */
async function trunkFeatures({ manifest, trunk, featureCache }: SessionOptions, table: Table, control: TrainingControl) {
  if (manifest.trunk === undefined) return undefined;
  if (trunk === undefined)
    throw new EngraftError("blob-missing", "The base model's trunk is not here. It is fetched again with the next ask.");
  // Loaded late: most bases are without one.
  const { featuresOf } = await import("../trunk/features.ts");
  const progress = (done: number, total: number): void => control.progress({ unit: "pictures", done, total, loss: 0 });
  const features = await featuresOf({ manifest, trunk, files: table.files, cache: featureCache, progress, aborted: control.aborted });
  if (features === undefined) throw new Aborted();
  return features;
}

const PROGRESS_EVERY_MS = 200;

/** The trained vector. The optimizer's state lives as long as this call: sites share weights, not moments. */
async function fit(
  model: CompiledModel,
  plan: Plan,
  samples: Samples,
  start: Float32Array,
  { rounds, seed, control }: { readonly rounds: number; readonly seed: readonly (string | number)[]; readonly control: TrainingControl },
): Promise<Float32Array> {
  if (samples.rows === 0) throw new EngraftError("data-invalid", "No patient of this table falls into the training part.");
  const { batch, amount } = plan.training;
  const total = rounds * amount.count;
  const updatesPerUnit = amount.unit === "updates" ? 1 : samples.rows / batch;
  const updates = Math.ceil(total * updatesPerUnit);
  const next = batchesOf(samples, batch, randomFrom([plan.training.seed, ...seed]));
  const state = startState(start, plan.training);
  let [reported, loss, since] = [performance.now(), 0, 0];
  for (let update = 1; update <= updates; update++) {
    if (control.aborted()) throw new Aborted();
    const { x, y } = next();
    loss += await model.step(x, y, state);
    since++;
    if (update < updates && performance.now() - reported < PROGRESS_EVERY_MS) continue;
    control.progress({ unit: amount.unit, done: Math.min(total, Math.floor(update / updatesPerUnit)), total, loss: loss / since });
    [reported, loss, since] = [performance.now(), 0, 0];
  }
  if (!state.parameters.every(Number.isFinite))
    throw new EngraftError(
      "training-failed",
      "Training gave values that are no finite numbers. The plan's learning rate may be too high for this site's data.",
    );
  return state.parameters;
}

/** Samples in one forward pass: bounds memory, not results. */
const SLICE = 4096;

/** Null for fewer patients than the plan lets a site report of. */
async function predict(model: CompiledModel, plan: Plan, samples: Samples, vector: Float32Array): Promise<Float64Array | null> {
  const patients = samples.patients.reduce((most, patient) => Math.max(most, patient + 1), 0);
  if (patients < plan.metrics.minCount) return null;
  const probabilities = new Float64Array(samples.rows);
  for (let from = 0; from < samples.rows; from += SLICE) {
    const to = Math.min(from + SLICE, samples.rows);
    const logits = await model.logits(samples.x.subarray(from * samples.width, to * samples.width), to - from, vector);
    logits.forEach((logit, index) => (probabilities[from + index] = sigmoid(logit)));
  }
  if (probabilities.some(Number.isNaN)) throw new EngraftError("not-finite", "The model's predictions are no finite numbers.");
  return probabilities;
}
