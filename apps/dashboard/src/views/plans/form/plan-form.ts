/** The propose form as data: texts as they were typed, to a plan and back. What is wrong with it says plan-judge.ts. */
import type { BaseView } from "@engraft/coordinator/api/views";
import type { AggregationMethod, DirectoryEntry, SecureAggregation } from "@engraft/core/models/aggregation";
import { kindOf, type LabelKind } from "@engraft/core/models/labels";
import type { MetricName, Plan } from "@engraft/core/models/plan";
import { completeDraft, type EnrolledSite } from "@engraft/core/models/plan-draft";
import { figure } from "./figure.ts";
import { acceptanceDraft, FRESH_OUTCOME, outcomeForm, type OutcomeForm } from "./outcome-form.ts";
import { freshStrategy, strategyDraft, strategyForm, type StrategyForm } from "./strategy-form.ts";
import { FRESH_TUNING, tuningDraft, tuningForm, type TuningForm } from "./tuning-form.ts";

/** A site whose updates go into the sum; its key is that of its enrolment. */
export type ListedSite = Pick<DirectoryEntry, "site" | "operator" | "withCoordinator">;

/** How updates are added up, and whether sites show figures of their own. */
interface AggregationForm {
  readonly method: AggregationMethod;
  readonly directory: readonly ListedSite[];
  readonly weights: SecureAggregation["weights"];
  readonly weightCap: string;
  /** Empty: as large as the clip. */
  readonly coordinateClip: string;
  readonly encoding: SecureAggregation["encoding"];
  readonly attempts: string;
  readonly phaseSeconds: string;
  readonly perSite: boolean;
}

export interface PlanForm extends AggregationForm, StrategyForm, TuningForm, OutcomeForm {
  readonly name: string;
  readonly purpose: string;
  readonly rounds: string;
  readonly unit: "epochs" | "updates";
  readonly amount: string;
  readonly batch: string;
  readonly optimizer: Plan["training"]["optimizer"]["name"];
  readonly rate: string;
  readonly momentum: string;
  readonly weightDecay: string;
  readonly clip: string;
  readonly seed: string;
  readonly minSites: string;
  readonly fraction: string;
  readonly gather: string;
  readonly deadline: string;
  readonly grace: string;
  readonly metrics: readonly MetricName[];
  readonly minCount: string;
  readonly compareAlone: boolean;
  readonly compareMix: boolean;
  readonly compareIntercept: boolean;
  readonly compareGain: boolean;
  /** Of a time to an event; empty: none. */
  readonly horizon: string;
  readonly stops: boolean;
  readonly stopMetric: MetricName;
  readonly patience: string;
  readonly minDelta: string;
  readonly salt: string;
  readonly train: string;
  readonly validation: string;
}

/** A value of the form; `operators`: who runs the listed sites; or the limit or the metric of one of the acceptance criteria. */
export type FormKey = keyof PlanForm | "operators" | `limit ${number}` | `criterion ${number}`;

export const listedSite = (site: EnrolledSite["site"]): ListedSite => ({ site, operator: site, withCoordinator: false });

/** What a plan gets that says nothing of it: secure aggregation over all enrolled sites. */
export function freshAggregation(enrolled: readonly EnrolledSite[]): AggregationForm {
  // The values are the coordinator's own; without sites they are no whole plan, so no schema has checked them here.
  const { aggregation } = completeDraft({}, []) as { readonly aggregation: SecureAggregation };
  return { ...secureTexts(aggregation), coordinateClip: "", directory: enrolled.map(({ site }) => listedSite(site)), perSite: false };
}

const secureTexts = (secure: SecureAggregation): Omit<AggregationForm, "perSite" | "coordinateClip"> => ({
  method: "secure",
  directory: secure.directory.map(({ site, operator, withCoordinator }) => ({ site, operator, withCoordinator })),
  weights: secure.weights,
  weightCap: String(secure.weightCap),
  encoding: secure.encoding,
  attempts: String(secure.attempts),
  phaseSeconds: String(secure.phaseSeconds),
});

function aggregationForm({ aggregation, training, metrics: { perSite } }: Plan, enrolled: readonly EnrolledSite[]): AggregationForm {
  if (aggregation.method === "plain") return { ...freshAggregation(enrolled), method: "plain", perSite };
  const { coordinateClip } = aggregation;
  return { ...secureTexts(aggregation), coordinateClip: coordinateClip === training.clip ? "" : String(coordinateClip), perSite };
}

/** What a plan shows that names no figures: few enough to read. The first is the one watched. */
const FIRST_METRICS: Readonly<Record<LabelKind, readonly MetricName[]>> = {
  binary: ["auroc", "auprc", "accuracy", "loss", "brier"],
  multilabel: ["auroc", "auprc", "accuracy", "loss", "brier"],
  multiclass: ["macro-f1", "balanced-accuracy", "auroc", "accuracy", "loss"],
  ordinal: ["weighted-kappa", "balanced-accuracy", "auroc", "accuracy", "loss"],
  regression: ["mae", "rmse", "r2", "loss"],
  survival: ["c-index", "loss"],
};

/** Where nothing is known yet: careful values for a small table and a small model. */
export function formFromBase(base: BaseView, enrolled: readonly EnrolledSite[]): PlanForm {
  const split = base.manifest.split ?? { salt: base.name, train: 0.6, validation: 0.2 };
  return {
    ...freshAggregation(enrolled),
    name: `${base.name}-head`.slice(0, 40).replace(/-$/, ""),
    ...FRESH_TUNING,
    ...freshStrategy(),
    ...FRESH_OUTCOME,
    purpose: "",
    rounds: "15",
    unit: "updates",
    amount: "100",
    batch: "16",
    optimizer: "sgd",
    // Of 0.0003 to 0.03 the best on validation patients in the sweep (strategy-form.ts): FedAvg .828, .837, .826, .795, .779; with the head alone
    // every rate from 0.001 on had .802 to .803.
    rate: "0.001",
    momentum: "0.9",
    weightDecay: "0.0001",
    clip: "5",
    seed: "1",
    minSites: "3",
    fraction: "100",
    gather: "60",
    deadline: "600",
    grace: "60",
    metrics: FIRST_METRICS[kindOf(base.manifest.label)],
    minCount: "10",
    compareAlone: true,
    compareMix: false,
    compareIntercept: false,
    compareGain: true,
    horizon: "",
    stops: false,
    stopMetric: FIRST_METRICS[kindOf(base.manifest.label)][0] ?? "loss",
    patience: "5",
    minDelta: "0.001",
    salt: split.salt,
    train: percentText(split.train),
    validation: percentText(split.validation),
  };
}

/** A plan's own values; its directory is kept as it is, whoever has joined since. */
export function formFromPlan(plan: Plan, enrolled: readonly EnrolledSite[]): PlanForm {
  const { training, rounds, cohort, metrics, data } = plan;
  return {
    ...aggregationForm(plan, enrolled),
    name: plan.name,
    purpose: plan.purpose,
    ...tuningForm(training),
    ...strategyForm(plan.strategy),
    ...outcomeForm(plan),
    rounds: String(rounds.count),
    unit: training.amount.unit,
    amount: String(training.amount.count),
    batch: String(training.batch),
    optimizer: training.optimizer.name,
    rate: String(training.optimizer.learningRate),
    momentum: String(training.optimizer.name === "sgd" ? training.optimizer.momentum : 0.9),
    weightDecay: String(training.weightDecay),
    clip: String(training.clip),
    seed: String(training.seed),
    minSites: String(cohort.minSites),
    fraction: percentText(cohort.fraction),
    gather: String(cohort.gatherSeconds),
    deadline: String(cohort.deadlineSeconds),
    grace: String(cohort.graceSeconds),
    metrics: metrics.names,
    minCount: String(metrics.minCount),
    compareAlone: metrics.compareAlone,
    compareMix: metrics.compareMix === true,
    compareIntercept: metrics.compareIntercept === true,
    compareGain: metrics.compareGain === true,
    horizon: metrics.horizon === undefined ? "" : String(metrics.horizon),
    stops: rounds.stop !== null,
    stopMetric: rounds.stop?.metric ?? metrics.names[0] ?? "loss",
    patience: String(rounds.stop?.patience ?? 5),
    minDelta: String(rounds.stop?.minDelta ?? 0.001),
    salt: data.split.salt,
    train: percentText(data.split.train),
    validation: percentText(data.split.validation),
  };
}

export const percentText = (share: number): string => String(Number((share * 100).toFixed(6)));

/** A share typed in per cent. Rounded, so that 60 gives 0.6 and not 0.6000000000000001. */
const share = (text: string): number => Number((figure(text) / 100).toFixed(8));

/** The whole plan, as the schema will judge it: figures may be NaN here, and a site that is not enrolled has an empty key. */
export function draftOf(form: PlanForm, base: BaseView, version: number, enrolled: readonly EnrolledSite[]): unknown {
  const { manifest } = base;
  const makesModel = form.makes === "model";
  const strategy = makesModel ? strategyDraft(form) : undefined;
  return {
    format: "engraft.plan/1",
    name: form.name.trim(),
    version,
    purpose: form.purpose.trim(),
    base: { name: manifest.name, version: manifest.version, manifest: base.digest, weights: manifest.weights.digest },
    data: {
      fields: manifest.fields,
      label: manifest.label,
      split: manifest.split ?? { salt: form.salt.trim(), train: share(form.train), validation: share(form.validation), keyed: true },
    },
    training: trainingDraft(form),
    rounds: makesModel ? roundsDraft(form) : { count: 1, stop: null },
    cohort: {
      minSites: figure(form.minSites),
      // A sum asks every site of its directory.
      fraction: form.method === "secure" ? 1 : share(form.fraction),
      gatherSeconds: figure(form.gather),
      deadlineSeconds: figure(form.deadline),
      graceSeconds: figure(form.grace),
    },
    aggregation: form.method === "plain" ? { method: "plain" } : secureDraft(form, enrolled),
    ...(strategy === undefined ? {} : { strategy }),
    metrics: {
      names: form.metrics,
      minCount: figure(form.minCount),
      ...(form.horizon.trim() === "" ? {} : { horizon: figure(form.horizon) }),
      ...(makesModel ? ownFigures(form, kindOf(manifest.label)) : { perSite: false, compareAlone: false }),
    },
    ...(makesModel && form.acceptance.length > 0 ? { acceptance: acceptanceDraft(form.acceptance) } : {}),
    ...(makesModel ? {} : { summary: { bins: figure(form.bins) } }),
  };
}

const roundsDraft = (form: PlanForm): unknown => ({
  count: figure(form.rounds),
  stop: form.stops ? { metric: form.stopMetric, patience: figure(form.patience), minDelta: figure(form.minDelta) } : null,
});

const ownFigures = (form: PlanForm, label: LabelKind) => {
  const { perSite, compareAlone, compareMix, compareIntercept, compareGain, personalHead, shift, earlier } = form;
  return {
    perSite,
    compareAlone,
    // Of single sites, between two models of theirs.
    ...(compareMix && compareAlone && perSite ? { compareMix: true } : {}),
    ...(compareIntercept && perSite && !personalHead && label !== "survival" ? { compareIntercept: true } : {}),
    ...(compareGain && compareAlone && perSite ? { compareGain: true } : {}),
    ...(shift === undefined ? {} : { shift }),
    ...(earlier === undefined ? {} : { compareRelease: earlier }),
  };
};

function trainingDraft(form: PlanForm): unknown {
  return {
    ...tuningDraft(form.makes === "model" ? form : { ...form, analytic: "none" }),
    amount: { unit: form.unit, count: figure(form.amount) },
    batch: figure(form.batch),
    optimizer:
      form.optimizer === "sgd"
        ? { name: "sgd", learningRate: figure(form.rate), momentum: figure(form.momentum) }
        : { name: form.optimizer, learningRate: figure(form.rate) },
    weightDecay: figure(form.weightDecay),
    clip: figure(form.clip),
    seed: figure(form.seed),
  };
}

function secureDraft(form: PlanForm, enrolled: readonly EnrolledSite[]): unknown {
  return {
    method: "secure",
    directory: form.directory.map(({ site, operator, withCoordinator }) => ({
      site,
      publicKey: enrolled.find((one) => one.site === site)?.publicKey ?? "",
      operator: operator.trim(),
      withCoordinator,
    })),
    weights: form.weights,
    weightCap: figure(form.weightCap),
    coordinateClip: figure(form.coordinateClip.trim() === "" ? form.clip : form.coordinateClip),
    encoding: form.encoding,
    attempts: figure(form.attempts),
    phaseSeconds: figure(form.phaseSeconds),
  };
}
