/**
 * What a base is worth to one site, before a run: the base unchanged, a head on its frozen features, and the same architecture from
 * nothing, on the same patients in the same folds with the same seeds and steps. Test patients are neither trained on nor looked at.
 */
import { EngraftError } from "@engraft/core/base/errors";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Manifest } from "@engraft/core/models/manifest";
import { AT_HORIZON, hasDirection, type MetricName } from "@engraft/core/models/metric-names";
import type { Estimate, SiteMetrics } from "@engraft/core/models/metrics";
import type { Plan } from "@engraft/core/models/plan";
import { writeSafetensors } from "@engraft/core/models/safetensors";
import type { TrainablePart } from "@engraft/core/models/tensors";
import { initialTensors } from "../architectures/untrained.ts";
import type { Fold } from "../data/folds.ts";
import { pairedDifference, siteMetrics, type Predicted } from "../evaluate/site-metrics.ts";
import { initialVector } from "../import/base.ts";
import { architectureOf } from "../ir/architecture.ts";
import { openSession, type SessionOptions, type TrainingControl } from "../train/session.ts";
import { recommend, type Recommendation } from "./recommend.ts";

/** With fewer patients each of them validates once; with more, a fifth of them is enough. */
const FEW = 1000;
const FOLDS = 5;
/** So many of the plan's rounds at most, as a probe takes minutes; but so many steps at least, or training from nothing could only lose. */
const ROUNDS = 20;
const LEAST_STEPS = 300;
/** Fewer patients of a class than folds would leave folds without it. */
const LEAST = 20;

export type Arm = "base" | "probe" | "scratch";

export interface Probe {
  readonly patients: number;
  readonly folds: number;
  readonly rounds: number;
  readonly metric: MetricName;
  /** On patients that the model was not trained on; `scratch` is null where there is no such architecture. */
  readonly arms: Readonly<Record<Arm, SiteMetrics | null>>;
  /** Goodness of the first less that of the second, with its 95 % interval of the same resampled patients. */
  readonly differences: { readonly probeOverBase: Estimate | null; readonly probeOverScratch: Estimate | null };
  readonly recommendation: Recommendation;
  readonly engine: string;
}

type Given = Omit<SessionOptions, "fold">;

/** The plan as one for a probe: no more than the chosen part is trained, as the plan's optimizer and batches have it. */
function planFor({ strategy: _, acceptance: __, ...plan }: Plan, trainable: TrainablePart): Plan {
  const { depthRates: ___, unfreezeEvery: ____, augmentation: _____, analytic: ______, ...training } = plan.training;
  const { minimum: _______, ...data } = plan.data;
  return { ...plan, data, training: { ...training, trainable }, metrics: { ...plan.metrics, minCount: 1 } };
}

/** The manifest and weights of the same architecture before any training. */
async function untrainedLike(manifest: Manifest, seed: number): Promise<Pick<Given, "manifest" | "weights">> {
  const architecture = architectureOf(manifest);
  const tensors = initialTensors(architecture, seed);
  const weights = writeSafetensors(manifest.tensors, tensors);
  const digest = { digest: sha256(weights), bytes: weights.byteLength };
  if (manifest.reference === undefined) return { manifest: { ...manifest, weights: digest }, weights };
  const { referenceFeatures } = await import("../trunk/encoder.ts");
  const features = [...(await referenceFeatures(architecture, tensors))];
  return { manifest: { ...manifest, weights: digest, reference: { ...manifest.reference, features } }, weights };
}

const HEAD: TrainablePart = { part: "head" };
const ALL: TrainablePart = { part: "all", norm: "shared" };

/** Throws as `openSession`, and `data-invalid` where there are too few patients to probe with. */
export async function probeTransfer(given: Given, control: TrainingControl): Promise<Probe> {
  const { manifest, plan } = given;
  const seed = plan.training.seed;
  const metric = plan.metrics.names.find((name) => hasDirection(name) && !AT_HORIZON.has(name)) ?? "loss";
  const fold = (index: number): Fold => ({ index, of: FOLDS, seed });
  const openHead = (index: number) => openSession({ ...given, plan: planFor(plan, HEAD), fold: fold(index) }, control);
  const first = await openHead(0);
  const { counts } = first;
  const { amount, batch } = plan.training;
  const steps = amount.unit === "updates" ? amount.count : Math.max(1, (amount.count * counts.train.rows) / batch);
  const rounds = Math.max(Math.min(ROUNDS, plan.rounds.count), Math.ceil(LEAST_STEPS / steps));
  const patients = counts.train.patients + counts.validation.patients;
  if (patients < LEAST) throw new EngraftError("data-invalid", `A probe needs at least ${LEAST} patients outside the test part.`);
  const folds = patients < FEW ? FOLDS : 1;
  const untrained = manifest.trunk === undefined ? await untrainedLike(manifest, seed) : undefined;
  const found: Record<Arm, Predicted[]> = { base: [], probe: [], scratch: [] };
  let engine = "";
  for (let index = 0; index < folds; index++) {
    const head = index === 0 ? first : await openHead(index);
    ({ engine } = head);
    const trained = await head.trainAlone(rounds, control);
    found.base.push(mustBe(await head.predict(initialVector(manifest, given.weights, HEAD), "validation")));
    found.probe.push(mustBe(await head.predict(trained.vector, "validation", trained.personal)));
    if (untrained === undefined) continue;
    const scratch = await openSession({ ...given, ...untrained, plan: planFor(plan, ALL), fold: fold(index) }, control);
    const alone = await scratch.trainAlone(rounds, control);
    found.scratch.push(mustBe(await scratch.predict(alone.vector, "validation", alone.personal)));
  }
  const [base, probe] = [together(found.base), together(found.probe)];
  const scratch = untrained === undefined ? null : together(found.scratch);
  const figures = (predicted: Predicted): SiteMetrics =>
    siteMetrics(predicted, { names: plan.metrics.names, minCount: plan.metrics.minCount });
  const probeOverScratch = scratch === null ? null : pairedDifference(probe, scratch, metric);
  return {
    patients,
    folds,
    rounds,
    metric,
    arms: { base: figures(base), probe: figures(probe), scratch: scratch === null ? null : figures(scratch) },
    differences: { probeOverBase: pairedDifference(probe, base, metric), probeOverScratch },
    recommendation: recommend(probeOverScratch, scratch !== null),
    engine,
  };
}

function mustBe(predicted: Predicted | null): Predicted {
  if (predicted === null) throw new EngraftError("data-invalid", "A fold has no patient to judge by. There are too few for a probe.");
  return predicted;
}

/** Predictions of all folds as if they were of one part. */
export function together(folds: readonly Predicted[]): Predicted {
  let from = 0;
  const patients = folds.flatMap((fold) => {
    const own = Array.from(fold.patients, (patient) => from + patient);
    // A fold can have more rows than a call takes arguments.
    for (const patient of own) from = Math.max(from, patient + 1);
    return own;
  });
  const [{ label } = { label: undefined }] = folds;
  if (label === undefined) throw new Error("Bug: no fold was made");
  return {
    label,
    predictions: Float64Array.from(folds.flatMap(({ predictions }) => Array.from(predictions))),
    y: Float64Array.from(folds.flatMap(({ y }) => Array.from(y))),
    patients,
  };
}
