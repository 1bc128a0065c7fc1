/**
 * A plan: pure data, no code. It says which base is fine-tuned, on which declared fields, how rounds are run and what
 * may leave a site. Its digest (plan-digest.ts) is what sites approve. Free of node's modules, so that the dashboard
 * checks a plan with the same schema while it is being written.
 */
import * as z from "zod";
import { canonicalJson } from "../base/canonical.ts";
import { refuse, type Refusal } from "../base/errors.ts";
import { Digest, RunId } from "../base/ids.ts";
import { Aggregation } from "./aggregation.ts";
import { analyticProblem } from "./analytic.ts";
import { Analytic } from "./analytic-schema.ts";
import { Augmentation } from "./augmentation.ts";
import { readsFile } from "./field-kinds.ts";
import { Field, Split } from "./fields.ts";
import { Label } from "./label-schemas.ts";
import { columnsOf, hasClasses, kindOf, type LabelKind } from "./labels.ts";
import type { Manifest } from "./manifest.ts";
import { AT_HORIZON, METRIC_NAMES, METRICS_OF } from "./metric-names.ts";
import { checkStrategy } from "./strategy.ts";
import { Strategy } from "./strategy-schema.ts";
import { ShiftReference, shiftProblem } from "./summary/shift.ts";
import { summaryProblem } from "./summary/settings.ts";
import { SummarySettings } from "./summary/settings-schema.ts";
import { TrainablePart } from "./tensor-schemas.ts";
import { personalTensors, totalSize, trainableTensors } from "./tensors.ts";

export const MetricName = z.enum(METRIC_NAMES);
export type MetricName = z.infer<typeof MetricName>;

export const Optimizer = z.discriminatedUnion("name", [
  z.strictObject({ name: z.literal("sgd"), learningRate: z.number().gt(0).max(10), momentum: z.number().min(0).lt(1) }),
  z.strictObject({ name: z.literal("adam"), learningRate: z.number().gt(0).max(10) }),
  z.strictObject({ name: z.literal("adamw"), learningRate: z.number().gt(0).max(10) }),
]);

/** One thing that a model must reach on test patients before it may be released. */
export const AcceptanceRule = z.strictObject({
  metric: MetricName,
  /** All sites' patients together out of the sum; the sites' mean by patients; or every site that reports a figure. */
  on: z.enum(["pooled", "mean", "each-site"]),
  limit: z.strictObject({ atLeast: z.number() }).or(z.strictObject({ atMost: z.number() })),
});
export type AcceptanceRule = z.infer<typeof AcceptanceRule>;

/** A model of an earlier run, by the checkpoint that it was made of. */
export const EarlierModel = z.strictObject({ run: RunId, checkpoint: Digest, bytes: z.int().min(4) });
export type EarlierModel = z.infer<typeof EarlierModel>;

/** Syntax only; `Plan` also checks what must go together. */
export const PlanText = z.strictObject({
  format: z.literal("engraft.plan/1"),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$/, "use 2 to 40 of a-z, 0-9 and '-'"),
  /** Rises with each plan of the same name. */
  version: z.int().min(1).max(100_000),
  purpose: z.string().min(1).max(1000),
  base: z.strictObject({ name: z.string(), version: z.string(), manifest: Digest, weights: Digest }),
  data: z.strictObject({
    fields: z.array(Field).max(4096),
    label: Label,
    split: Split,
    /** Patients that a site must have to train: below them its table cannot be used. Absent: the data check warns at 50, 20 and 10. */
    minimum: z
      .strictObject({ train: z.int().min(1).max(1_000_000), test: z.int().min(1).max(1_000_000), perClass: z.int().min(1).max(1_000_000) })
      .exactOptional(),
  }),
  training: z.strictObject({
    trainable: TrainablePart,
    /** How much a site trains in each round. */
    amount: z.discriminatedUnion("unit", [
      z.strictObject({ unit: z.literal("epochs"), count: z.int().min(1).max(1000) }),
      z.strictObject({ unit: z.literal("updates"), count: z.int().min(1).max(1_000_000) }),
    ]),
    batch: z.int().min(1).max(4096),
    optimizer: Optimizer,
    /** Factors on the learning rate for depth 0, 1, ...; the last one holds for all deeper blocks. Absent means 1 (Howard and Ruder 2018). */
    depthRates: z.array(z.number().gt(0).max(1)).min(1).max(64).optional(),
    /** Gradual unfreezing: in the first so many rounds only the head is trained, then one block more after each so many. */
    unfreezeEvery: z.int().min(1).max(1000).optional(),
    /** "balanced" weighs all classes alike, by the numbers of each site's own training samples. Absent means every sample alike. */
    classWeights: z.literal("balanced").optional(),
    /** Absent means the samples as they are. */
    augmentation: Augmentation.optional(),
    /** Rounds in which the head is solved for from sums, in front of those that train. Absent means none. */
    analytic: Analytic.optional(),
    /** L2 penalty on trained weights, per update; under adamw their decay beside the gradient (Loshchilov and Hutter 2019). */
    weightDecay: z.number().min(0).max(1),
    /** Largest L2 norm of the loss's gradient in one update; a longer one is scaled down (Pascanu et al. 2013). Absent means none. */
    gradientClip: z.number().gt(0).max(1e6).optional(),
    /** Largest L2 norm of an update; a longer one is scaled down at the site. */
    clip: z.number().gt(0).max(1e6),
    /** Every random choice of training derives from it, with run, round and site. */
    seed: z
      .int()
      .min(0)
      .max(2 ** 31 - 1),
  }),
  rounds: z.strictObject({
    count: z.int().min(1).max(10_000),
    /** Ends the run early when the mean of `metric` over sites has not improved by `minDelta` for `patience` rounds. */
    stop: z.strictObject({ metric: MetricName, patience: z.int().min(1).max(1000), minDelta: z.number().min(0).max(1) }).nullable(),
  }),
  cohort: z.strictObject({
    /** A round counts from this many sites. */
    minSites: z.int().min(1).max(1000),
    /** Share of the approved sites that a round asks. */
    fraction: z.number().gt(0).max(1),
    /** How long a round waits for approved sites that are offline before it opens without them. */
    gatherSeconds: z.int().min(0).max(86_400),
    /** A round is never open longer. */
    deadlineSeconds: z.int().min(1).max(604_800),
    /** Once `minSites` are in, the others have this long. */
    graceSeconds: z.int().min(0).max(604_800),
  }),
  aggregation: Aggregation,
  /** What a round makes of its updates. Absent means FedAvg: the mean by sample count, as it is (McMahan et al. 2017). */
  strategy: Strategy.optional(),
  metrics: z.strictObject({
    names: z.array(MetricName).min(1),
    /**
     * Whether sites are asked for figures of their own patients, beside those that come out of the sum. Each steward says
     * separately whether they may leave.
     */
    perSite: z.boolean(),
    /** Figures leave only where they were computed from at least this many patients. */
    minCount: z.int().min(1).max(1_000_000),
    /** At the end each site also trains alone, equally long, and reports how that compares. The model stays at the site. */
    compareAlone: z.boolean(),
    /** Then also a model between its own and the federation's, by a weight that it chooses on its validation patients. Absent means no. */
    compareMix: z.literal(true).optional(),
    /** At the end each site also judges the federation's model with an intercept of its own, which stays there. Absent means no. */
    compareIntercept: z.literal(true).optional(),
    /** Where it trains alone: also the gain of the federated model over that one, on the same patients, with an interval of the two together. Absent means no. */
    compareGain: z.literal(true).optional(),
    /** Then also an earlier model over the same base, judged beside the new one on the same patients. Absent means no. */
    compareRelease: EarlierModel.optional(),
    /** Up to which time, in the label's unit, risks are judged by figures that need one. */
    horizon: z.number().gt(0).optional(),
    /** At the end each site also reports how far its patients are from this summary's. Absent means no. */
    shift: ShiftReference.optional(),
  }),
  /** What the model must reach on test patients to be released. Absent means nothing. */
  acceptance: z.array(AcceptanceRule).min(1).max(20).optional(),
  /** Nothing is trained: the run is one sum of counts of the sites' patients. Absent: a plan that trains. */
  summary: SummarySettings.optional(),
});

const KIND_WORDS: Readonly<Record<LabelKind, string>> = {
  binary: "a yes/no label",
  multiclass: "a label of classes",
  ordinal: "a label of ordered classes",
  multilabel: "several yes/no labels",
  regression: "a number",
  survival: "a time to an event",
};

export const Plan = PlanText.superRefine(({ data, training, rounds, metrics, acceptance }, context) => {
  const { label } = data;
  const of = METRICS_OF[kindOf(label)];
  const problem = (path: PropertyKey[], message: string): void => context.addIssue({ code: "custom", path, message });
  const unfit = (name: MetricName): string => `${KIND_WORDS[kindOf(label)]} has no ${name}; it has ${of.join(", ")}`;
  for (const [at, { metric }] of (acceptance ?? []).entries())
    if (!metrics.names.includes(metric)) problem(["acceptance", at, "metric"], `the plan measures no ${metric}; name it in metrics.names`);
  for (const name of metrics.names) if (!of.includes(name)) problem(["metrics", "names"], unfit(name));
  if (label.kind !== "survival" && metrics.horizon !== undefined)
    problem(["metrics", "horizon"], `a horizon is for a time to an event, and this label is ${KIND_WORDS[kindOf(label)]}`);
  if (label.kind === "survival" && (metrics.horizon ?? 0) > label.time.max)
    problem(["metrics", "horizon"], `the horizon is beyond the longest plausible time, ${label.time.max}`);
  const atHorizon = metrics.names.find((name) => AT_HORIZON.has(name));
  if (atHorizon !== undefined && metrics.horizon === undefined)
    problem(["metrics", "horizon"], `${atHorizon} is of risks up to a time; name that time`);
  const watched = rounds.stop?.metric;
  if (watched !== undefined && !of.includes(watched)) problem(["rounds", "stop", "metric"], unfit(watched));
  if (training.classWeights !== undefined && !hasClasses(label))
    problem(["training", "classWeights"], `${KIND_WORDS[kindOf(label)]} has no classes to weigh`);
  const columns = new Set(data.fields.map(({ name }) => name));
  for (const name of columnsOf(label)) if (columns.has(name)) problem(["data", "label"], `the label's column ${name} is a field too`);
});
export type Plan = z.infer<typeof Plan>;

function interceptProblem({ metrics, data, training }: Plan): string | undefined {
  if (metrics.compareIntercept !== true) return undefined;
  if (!metrics.perSite) return "metrics.compareIntercept is of single sites' figures, so perSite must be true";
  if (kindOf(data.label) === "survival") return "metrics.compareIntercept is not offered here: a time to an event has no intercept";
  if (training.trainable.personal === "head")
    return "metrics.compareIntercept is not offered here: each site keeps a head, and so an intercept, of its own";
  return undefined;
}

/** P2: a plan fits its base in every point, or names the first that does not. */
export function checkPlanAgainstBase(plan: Plan, manifestDigest: Digest, manifest: Manifest): { readonly ok: true } | Refusal {
  const no = (what: string) => refuse("plan-invalid", `The plan does not fit its base model: ${what}.`);
  if (plan.base.manifest !== manifestDigest) return no("the manifest has another digest");
  if (plan.base.weights !== manifest.weights.digest) return no("the weights have another digest");
  if (plan.base.name !== manifest.name || plan.base.version !== manifest.version) return no("name or version differ");
  if (canonicalJson(plan.data.fields) !== canonicalJson(manifest.fields)) return no("the fields differ from those the base was made for");
  if (canonicalJson(plan.data.label) !== canonicalJson(manifest.label)) return no("the label differs");
  if (manifest.split !== null && canonicalJson(plan.data.split) !== canonicalJson(manifest.split)) {
    return no("the patient split differs; with another one, patients that trained the base could be tested on");
  }
  const { augmentation } = plan.training;
  const read = manifest.inputs.find(readsFile)?.kind;
  if (augmentation !== undefined && read !== (augmentation.of === "pictures" ? "image" : "signal"))
    return no(`it changes copies of ${augmentation.of}, and the base takes none`);
  if (trainableTensors(manifest.tensors, plan.training.trainable).length === 0) return no("nothing is trained");
  if (plan.metrics.compareMix === true && !(plan.metrics.compareAlone && plan.metrics.perSite))
    return no(
      "metrics.compareMix is of models that are trained alone and of single sites' figures, so compareAlone and perSite must be true",
    );
  if (plan.metrics.compareGain === true && !(plan.metrics.compareAlone && plan.metrics.perSite))
    return no(
      "metrics.compareGain is over models that are trained alone and of single sites' figures, so compareAlone and perSite must be true",
    );
  const problem =
    interceptProblem(plan) ??
    earlierProblem(plan, manifest) ??
    shiftProblem(plan) ??
    summaryProblem(plan) ??
    analyticProblem(plan, manifest);
  return problem === undefined ? checkStrategy(plan) : no(problem);
}

/** Why the earlier model that the plan names cannot be judged beside its own; whether there is such a model the coordinator knows. */
function earlierProblem({ metrics, training }: Plan, { tensors }: Manifest): string | undefined {
  const { compareRelease } = metrics;
  if (compareRelease === undefined) return undefined;
  if (!metrics.perSite) return "metrics.compareRelease is of single sites' figures, so perSite must be true";
  if (personalTensors(tensors, training.trainable).length > 0)
    return "metrics.compareRelease needs whole models, and under this plan a part of each stays at its site";
  return modelValues(compareRelease, tensors, training.trainable) === undefined
    ? `the checkpoint of metrics.compareRelease has ${compareRelease.bytes} bytes, which is not what this plan trains`
    : undefined;
}

/** Of an earlier checkpoint the values that are the model: behind them stand as many again where its run was under SCAFFOLD. Undefined where it does not fit. */
export function modelValues({ bytes }: EarlierModel, tensors: Manifest["tensors"], trainable: TrainablePart): number | undefined {
  const values = totalSize(trainableTensors(tensors, trainable));
  return bytes === 4 * values || bytes === 8 * values ? values : undefined;
}
