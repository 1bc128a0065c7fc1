/** A site's data and model, loaded once: trains and evaluates. Runs inside the training thread. */
import type { Statistics } from "@engraft/core/aggregation/statistics";
import { EngraftError } from "@engraft/core/base/errors";
import type { Manifest } from "@engraft/core/models/manifest";
import type { Plan } from "@engraft/core/models/plan";
import { randomFrom } from "../base/random.ts";
import { countsIn, type Counts } from "../data/counts.ts";
import type { CachePlace } from "../trunk/feature-cache.ts";
import type { TableDeclaration } from "../data/declaration.ts";
import { samplesOf, type Features, type Samples } from "../data/samples.ts";
import { intoFold, type Fold } from "../data/folds.ts";
import type { Part } from "../data/split.ts";
import { FINDING_KINDS } from "../data/findings.ts";
import { isBelowMinimum } from "../data/inspect.ts";
import type { SiteSplit } from "../data/kept-cuts.ts";
import { readTable, withoutFiles, type Table } from "../data/table.ts";
import type { Encoder } from "../trunk/encoder.ts";
import type { Copy } from "../trunk/features.ts";
import { headView, siteStatistics, solvedAlone } from "./analytic.ts";
import { chooseTrainer, type Backend } from "./backends.ts";
import { stepper } from "./batches.ts";
import { copiesOf, withCopies } from "./copies.ts";
import { guided, type Guidance } from "./guidance.ts";
import { judging, type Judging } from "./judge.ts";
import { lossOf } from "./label-loss.ts";
import { loadModel } from "./model.ts";
import { startState } from "./optimizer.ts";
import { partsOf, type Parts } from "./parts.ts";
import { ratesOf } from "./rates.ts";
import { compileOptionsOf, type CompiledModel } from "./trainer.ts";

export interface SessionOptions {
  readonly manifest: Manifest;
  /** The safetensors file. */
  readonly weights: Uint8Array;
  readonly plan: Plan;
  readonly table: TableDeclaration;
  /** The ONNX file, where the base has a trunk. */
  readonly trunk?: Uint8Array | undefined;
  /** Where the frozen part's features are kept; without one they are worked out at every opening. */
  readonly featureCache?: CachePlace | undefined;
  /** Needed where the plan's split is keyed. */
  readonly site?: SiteSplit | undefined;
  /** Tried in this order; the default is that of this machine (native/wanted.ts). */
  readonly backends?: readonly Backend[];
  /** Trains and validates on this fold of all but the test patients, in place of the plan's own parts. */
  readonly fold?: Fold | undefined;
}

/** Where training stands, in the plan's own unit. */
export interface TrainingProgress {
  readonly unit: "epochs" | "updates" | "files";
  readonly done: number;
  readonly total: number;
  /** Mean loss of the batches since the last report. It stays at the site. */
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
  /** What travels: trained minus start, scaled down to the plan's clip, and behind it what the strategy lets travel along. */
  readonly update: Float32Array;
  /** What stays at the site, trained; empty where nothing does. */
  readonly personal: Float32Array;
  /** The site's own control variate after the round; empty where the plan's strategy has none. */
  readonly variate: Float32Array;
  /** Training samples. */
  readonly sampleCount: number;
  /** Time spent training. */
  readonly seconds: number;
  /** L2 norm before clipping. */
  readonly norm: number;
}

/** What chooses the order of samples, beside the plan's seed: equal parts, equal update, to the bit, on the same engine. */
export interface RoundSeed {
  readonly run: string;
  readonly round: number;
  readonly site: string;
}

/** What a site would have without the others. */
export interface AloneOutcome {
  readonly vector: Float32Array;
  readonly personal: Float32Array;
}

/**
 * Vectors are checkpoints as they travel. `personal`, everywhere, is what stays at the site; without it the base's own values are used.
 * `variate` is the site's own control variate under SCAFFOLD; without it zeros are used.
 */
export interface Session extends Judging {
  readonly engine: string;
  readonly counts: Readonly<Record<Part, Counts>>;
  /** One round's training from `start`. */
  train(
    start: Float32Array,
    seed: RoundSeed,
    control: TrainingControl,
    personal?: Float32Array,
    variate?: Float32Array,
  ): Promise<TrainingOutcome>;
  /** This site's sums of an analytic round, at the head that ends `start` or at one of zeros. */
  statistics(start: Float32Array, fromZero: boolean, personal?: Float32Array): Promise<Statistics>;
  /** After as much training as `rounds` rounds, from the base, on this site's data only. */
  trainAlone(rounds: number, control: TrainingControl): Promise<AloneOutcome>;
}

/**
 * Loads table, base and engine. Throws `data-missing` or `data-invalid` where the table cannot be used, `bad-input` or
 * `digest-mismatch` where the base cannot, `training-failed` where no engine runs.
 */
export async function openSession(options: SessionOptions, control: TrainingControl): Promise<Session> {
  const { manifest, plan } = options;
  const { trainable, classWeights } = plan.training;
  const { tensors, tail, encoder } = await loadModel(manifest, options.weights, options.trunk, plan.training);
  const read = await usableTable(options);
  const features = encoder === undefined ? undefined : await encoded(encoder, options, read, control);
  const table = features === undefined ? read : usableRows(withoutFiles(read, plan.data, features.unreadable));
  const counts = countsIn(plan.data.label, table);
  // The table itself has been found large enough, but then pictures are left out that cannot be read.
  if (isBelowMinimum(plan.data, counts))
    throw new EngraftError("data-invalid", `${FINDING_KINDS["below-minimum"].text} Run \`engraft-site data check\`.`);
  const part = (name: Part, from: Features | undefined = features): Samples => samplesOf(table, plan.data, manifest, name, from);
  const samples = { train: part("train"), validation: part("validation"), test: part("test") };
  const copies: Features[] = [];
  if (encoder !== undefined) for (const copy of copiesOf(plan, table)) copies.push(await encoded(encoder, options, table, control, copy));
  const learnt = withCopies(samples.train, copies, (from) => part("train", from));
  const loss = lossOf(plan.data.label, classWeights === "balanced" ? samples.train : undefined);
  const compileOptions = compileOptionsOf(plan.training, loss);
  const trainer = await chooseTrainer(tail, tensors, compileOptions, options.backends);
  const model = trainer.compile(tail, tensors, compileOptions);
  const parts = partsOf(manifest.tensors, trainable, tensors);
  const fitting = { model, plan, samples: learnt, parts };
  return {
    engine: trainer.name,
    counts,
    train: async (checkpoint, { run, round, site }, control, personal, variate) => {
      const begin = performance.now();
      const { start, guidance, travelling } = guided(plan, parts, checkpoint, personal, variate);
      const trained = parts.split(await fit({ ...fitting, guidance }, start, { first: round, count: 1 }, [run, round, site], control));
      const seconds = (performance.now() - begin) / 1000;
      return { ...travelling(trained.shared), personal: trained.personal, sampleCount: samples.train.rows, seconds };
    },
    statistics: async (start, fromZero, personal) => {
      const view = await headView(model, learnt, parts.join(start, personal));
      return siteStatistics(plan, view, counts.train.patients, start, fromZero);
    },
    trainAlone: async (rounds, control) => {
      const base = parts.join(parts.base.shared);
      const solved =
        plan.training.analytic === undefined
          ? { vector: base, rounds: 0 }
          : solvedAlone(plan, await headView(model, learnt, base), base, rounds);
      const left = { first: 1 + solved.rounds, count: rounds - solved.rounds };
      const { shared, personal } = parts.split(
        left.count === 0 ? solved.vector : await fit(fitting, solved.vector, left, ["alone"], control),
      );
      return { vector: shared, personal };
    },
    ...judging({ model, plan, samples, parts, loss }),
  };
}

async function usableTable({ table: declaration, plan, site, fold }: SessionOptions): Promise<Table> {
  const reading = await readTable(declaration, plan.data, { site });
  const errors = reading.findings.list().filter((finding) => finding.effect === "error");
  if (errors.length > 0)
    throw new EngraftError(
      "data-invalid",
      `The table cannot be used (${errors.map((error) => error.kind).join(", ")}). Run \`engraft-site data check\`.`,
    );
  return usableRows(fold === undefined ? reading.table : intoFold(reading.table, plan.data, fold));
}

function usableRows(table: Table): Table {
  if (table.rows === 0) throw new EngraftError("data-invalid", "The table has no usable row. Run `engraft-site data check`.");
  return table;
}

async function encoded(encoder: Encoder, { featureCache }: SessionOptions, table: Table, control: TrainingControl, copy?: Copy) {
  // Loaded late: most bases take columns only.
  const { featuresOf } = await import("../trunk/features.ts");
  const progress = (done: number, total: number): void => control.progress({ unit: "files", done, total, loss: 0 });
  const asked = { encoder, files: table.files, cache: featureCache, progress, aborted: control.aborted };
  const features = await featuresOf(copy === undefined ? asked : { ...asked, copy });
  if (features === undefined) throw new Aborted();
  return features;
}

const PROGRESS_EVERY_MS = 200;

interface Rounds {
  readonly first: number;
  readonly count: number;
}

interface Fitting {
  readonly model: CompiledModel;
  readonly plan: Plan;
  readonly samples: Samples;
  readonly parts: Parts;
  readonly guidance?: Guidance;
}

/** The engine's vector, trained. The optimizer's state lives as long as this call: sites share weights, not moments. */
async function fit(
  { model, plan, samples, parts, guidance }: Fitting,
  start: Float32Array,
  rounds: Rounds,
  seed: readonly (string | number)[],
  control: TrainingControl,
): Promise<Float32Array> {
  if (samples.rows === 0) throw new EngraftError("data-invalid", "No patient of this table falls into the training part.");
  const { batch, amount } = plan.training;
  const total = rounds.count * amount.count;
  const updatesPerUnit = amount.unit === "updates" ? 1 : samples.rows / batch;
  const updates = Math.ceil(total * updatesPerUnit);
  const take = stepper(model, samples, batch, randomFrom([plan.training.seed, ...seed]));
  const state = startState(start, plan.training, [plan.training.seed, ...seed].join("/"), guidance);
  let [reported, loss, since] = [performance.now(), 0, 0];
  for (let round = 0, done = 0; round < rounds.count; round++) {
    const end = Math.ceil(((round + 1) * updates) / rounds.count);
    state.rates = ratesOf(parts.trained, plan.training, rounds.first + round);
    while (done < end) {
      if (control.aborted()) throw new Aborted();
      const taken = await take(end - done, state);
      done += taken.count;
      loss += taken.loss;
      since += taken.count;
      if (done < updates && performance.now() - reported < PROGRESS_EVERY_MS) continue;
      control.progress({ unit: amount.unit, done: Math.min(total, Math.floor(done / updatesPerUnit)), total, loss: loss / since });
      [reported, loss, since] = [performance.now(), 0, 0];
    }
  }
  if (!state.parameters.every(Number.isFinite))
    throw new EngraftError(
      "training-failed",
      "Training gave values that are no finite numbers. The plan's learning rate may be too high for this site's data.",
    );
  return state.parameters;
}
