/**
 * A plan: pure data, no code. It says which base is fine-tuned, on which declared fields, how rounds are run and what
 * may leave a site. Its digest (plan-digest.ts) is what sites approve. Free of node's modules, so that the dashboard
 * checks a plan with the same schema while it is being written.
 */
import * as z from "zod";
import { canonicalJson } from "../base/canonical.ts";
import { refuse, type Refusal } from "../base/errors.ts";
import { Digest } from "../base/ids.ts";
import { Aggregation } from "./aggregation.ts";
import { Analytic, analyticProblem } from "./analytic.ts";
import { Augmentation } from "./augmentation.ts";
import { Field, readsFile, Split } from "./fields.ts";
import { columnsOf, hasClasses, kindOf, Label, type LabelKind } from "./labels.ts";
import type { Manifest } from "./manifest.ts";
import { METRIC_NAMES, METRICS_OF } from "./metric-names.ts";
import { checkStrategy, Strategy } from "./strategy.ts";
import { TrainablePart, trainableTensors } from "./tensors.ts";

export const MetricName = z.enum(METRIC_NAMES);
export type MetricName = z.infer<typeof MetricName>;

export const Optimizer = z.discriminatedUnion("name", [
  z.strictObject({ name: z.literal("sgd"), learningRate: z.number().gt(0).max(10), momentum: z.number().min(0).lt(1) }),
  z.strictObject({ name: z.literal("adam"), learningRate: z.number().gt(0).max(10) }),
]);

/** One thing that a model must reach on test patients before it may be released. */
export const AcceptanceRule = z.strictObject({
  metric: MetricName,
  /** All sites' patients together out of the sum; the sites' mean by patients; or every site that reports a figure. */
  on: z.enum(["pooled", "mean", "each-site"]),
  limit: z.strictObject({ atLeast: z.number() }).or(z.strictObject({ atMost: z.number() })),
});
export type AcceptanceRule = z.infer<typeof AcceptanceRule>;

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
    /** L2 penalty on trained weights, per update. */
    weightDecay: z.number().min(0).max(1),
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
  }),
  /** What the model must reach on test patients to be released. Absent means nothing. */
  acceptance: z.array(AcceptanceRule).min(1).max(20).optional(),
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
  const problem = (path: string[], message: string): void => context.addIssue({ code: "custom", path, message });
  const unfit = (name: MetricName): string => `${KIND_WORDS[kindOf(label)]} has no ${name}; it has ${of.join(", ")}`;
  for (const { metric } of acceptance ?? [])
    if (!metrics.names.includes(metric)) problem(["acceptance"], `the plan measures no ${metric}; name it in metrics.names`);
  for (const name of metrics.names) if (!of.includes(name)) problem(["metrics", "names"], unfit(name));
  const watched = rounds.stop?.metric;
  if (watched !== undefined && !of.includes(watched)) problem(["rounds", "stop", "metric"], unfit(watched));
  if (training.classWeights !== undefined && !hasClasses(label))
    problem(["training", "classWeights"], `${KIND_WORDS[kindOf(label)]} has no classes to weigh`);
  const columns = new Set(data.fields.map(({ name }) => name));
  for (const name of columnsOf(label)) if (columns.has(name)) problem(["data", "label"], `the label's column ${name} is a field too`);
});
export type Plan = z.infer<typeof Plan>;

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
  const problem = analyticProblem(plan, manifest);
  return problem === undefined ? checkStrategy(plan) : no(problem);
}
