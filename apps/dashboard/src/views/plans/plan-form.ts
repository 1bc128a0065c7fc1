/** The propose form as data: texts as they were typed, to a plan and back, with what to enter where a value is wrong. */
import type { BaseView } from "@engraft/coordinator/api/views";
import { checkPlanAgainstBase, Plan, type MetricName } from "@engraft/core/models/plan";
import type { Digest } from "@engraft/core/base/ids";

export interface PlanForm {
  readonly name: string;
  readonly purpose: string;
  readonly part: "head" | "last-blocks" | "all";
  readonly blocks: string;
  readonly rounds: string;
  readonly unit: "epochs" | "updates";
  readonly amount: string;
  readonly batch: string;
  readonly optimizer: "sgd" | "adam";
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
  readonly stops: boolean;
  readonly stopMetric: MetricName;
  readonly patience: string;
  readonly minDelta: string;
  readonly salt: string;
  readonly train: string;
  readonly validation: string;
}

export type FormKey = keyof PlanForm;

/** Where nothing is known yet: careful values for a small table and a small model. */
export function formFromBase(base: BaseView): PlanForm {
  const split = base.manifest.split ?? { salt: base.name, train: 0.6, validation: 0.2 };
  return {
    name: `${base.name}-head`.slice(0, 40).replace(/-$/, ""),
    purpose: "",
    part: "head",
    blocks: "1",
    rounds: "15",
    unit: "updates",
    amount: "100",
    batch: "16",
    optimizer: "sgd",
    rate: "0.05",
    momentum: "0.9",
    weightDecay: "0.0001",
    clip: "5",
    seed: "1",
    minSites: "3",
    fraction: "100",
    gather: "60",
    deadline: "600",
    grace: "60",
    metrics: ["auroc", "auprc", "accuracy", "loss", "brier"],
    minCount: "10",
    compareAlone: true,
    stops: false,
    stopMetric: "auroc",
    patience: "5",
    minDelta: "0.001",
    salt: split.salt,
    train: percentText(split.train),
    validation: percentText(split.validation),
  };
}

export function formFromPlan(plan: Plan): PlanForm {
  const { training, rounds, cohort, metrics, data } = plan;
  return {
    name: plan.name,
    purpose: plan.purpose,
    part: training.trainable.part,
    blocks: String(training.trainable.part === "last-blocks" ? training.trainable.blocks : 1),
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
    stops: rounds.stop !== null,
    stopMetric: rounds.stop?.metric ?? "auroc",
    patience: String(rounds.stop?.patience ?? 5),
    minDelta: String(rounds.stop?.minDelta ?? 0.001),
    salt: data.split.salt,
    train: percentText(data.split.train),
    validation: percentText(data.split.validation),
  };
}

const percentText = (share: number): string => String(Number((share * 100).toFixed(6)));

/** A share typed in per cent. Rounded, so that 60 gives 0.6 and not 0.6000000000000001. */
const share = (text: string): number => Number((figure(text) / 100).toFixed(8));

/** Both decimal marks are understood; an empty text is no number. */
const figure = (text: string): number => (text.trim() === "" ? Number.NaN : Number(text.trim().replace(",", ".")));

/** The plan as the schema will judge it: figures may be NaN here. */
export function draftOf(form: PlanForm, base: BaseView, version: number): unknown {
  const { manifest } = base;
  return {
    format: "engraft.plan/1",
    name: form.name.trim(),
    version,
    purpose: form.purpose.trim(),
    base: { name: manifest.name, version: manifest.version, manifest: base.digest, weights: manifest.weights.digest },
    data: {
      fields: manifest.fields,
      label: manifest.label,
      split: manifest.split ?? { salt: form.salt.trim(), train: share(form.train), validation: share(form.validation) },
    },
    training: {
      trainable: form.part === "last-blocks" ? { part: form.part, blocks: figure(form.blocks) } : { part: form.part },
      amount: { unit: form.unit, count: figure(form.amount) },
      batch: figure(form.batch),
      optimizer:
        form.optimizer === "sgd"
          ? { name: "sgd", learningRate: figure(form.rate), momentum: figure(form.momentum) }
          : { name: "adam", learningRate: figure(form.rate) },
      weightDecay: figure(form.weightDecay),
      clip: figure(form.clip),
      seed: figure(form.seed),
    },
    rounds: {
      count: figure(form.rounds),
      stop: form.stops ? { metric: form.stopMetric, patience: figure(form.patience), minDelta: figure(form.minDelta) } : null,
    },
    cohort: {
      minSites: figure(form.minSites),
      fraction: share(form.fraction),
      gatherSeconds: figure(form.gather),
      deadlineSeconds: figure(form.deadline),
      graceSeconds: figure(form.grace),
    },
    aggregation: { method: "plain" },
    metrics: { names: form.metrics, perSite: true, minCount: figure(form.minCount), compareAlone: form.compareAlone },
  };
}

/** Schema path to the field that holds it, and what to enter there. */
const ENTER: Readonly<Record<string, { readonly key: FormKey; readonly say: string }>> = {
  name: { key: "name", say: "Enter 2 to 40 of a-z, 0-9 and “-”, starting and ending with a letter or digit." },
  purpose: { key: "purpose", say: "Enter what the model is for, in a sentence that a steward can judge." },
  "training.trainable.blocks": { key: "blocks", say: "Enter a whole number from 1 to 1,000." },
  "training.amount.count": { key: "amount", say: "Enter a whole number of at least 1; at most 1,000 epochs." },
  "training.batch": { key: "batch", say: "Enter a whole number from 1 to 4,096." },
  "training.optimizer.learningRate": { key: "rate", say: "Enter a number above 0, at most 10; for example 0.05." },
  "training.optimizer.momentum": { key: "momentum", say: "Enter a number from 0 to below 1; for example 0.9." },
  "training.weightDecay": { key: "weightDecay", say: "Enter a number from 0 to 1; 0 turns it off." },
  "training.clip": { key: "clip", say: "Enter a number above 0; for example 5." },
  "training.seed": { key: "seed", say: "Enter a whole number from 0 to 2,147,483,647." },
  "rounds.count": { key: "rounds", say: "Enter a whole number from 1 to 10,000." },
  "rounds.stop.patience": { key: "patience", say: "Enter a whole number from 1 to 1,000." },
  "rounds.stop.minDelta": { key: "minDelta", say: "Enter a number from 0 to 1; for example 0.001." },
  "cohort.minSites": { key: "minSites", say: "Enter a whole number from 1 to 1,000." },
  "cohort.fraction": { key: "fraction", say: "Enter per cent above 0, at most 100." },
  "cohort.gatherSeconds": { key: "gather", say: "Enter whole seconds from 0 to 86,400 (a day)." },
  "cohort.deadlineSeconds": { key: "deadline", say: "Enter whole seconds from 1 to 604,800 (a week)." },
  "cohort.graceSeconds": { key: "grace", say: "Enter whole seconds from 0 to 604,800 (a week)." },
  "metrics.names": { key: "metrics", say: "Choose at least one metric; without one nobody can see whether training helps." },
  "metrics.minCount": { key: "minCount", say: "Enter a whole number of at least 1. Small numbers can point at a patient." },
  "data.split.salt": { key: "salt", say: "Enter a text of 1 to 64 characters." },
  "data.split.train": { key: "train", say: "Enter per cent above 0 and below 100." },
  "data.split.validation": { key: "validation", say: "Enter per cent from 0 to below 100." },
  "data.split": { key: "validation", say: "Enter less: training and validation together must leave test patients." },
};

export interface Judged {
  readonly plan: Plan | undefined;
  readonly wrong: Partial<Readonly<Record<FormKey, string>>>;
  /** Problems of no single field. */
  readonly general: readonly string[];
}

export function judge(draft: unknown, base: BaseView | undefined): Judged {
  const parsed = Plan.safeParse(draft);
  if (!parsed.success) {
    const wrong: Partial<Record<FormKey, string>> = {};
    const general: string[] = [];
    for (const issue of parsed.error.issues) {
      const path = issue.path.join(".");
      const entry = ENTER[path];
      if (entry === undefined) general.push(`${path === "" ? "The plan" : path}: ${issue.message}`);
      else wrong[entry.key] ??= entry.say;
    }
    return { plan: undefined, wrong, general };
  }
  if (base === undefined)
    return {
      plan: undefined,
      wrong: {},
      general: ["The plan names a base model that is not here. Register it first, or choose one of those listed."],
    };
  const fits = checkPlanAgainstBase(parsed.data, base.digest as Digest, base.manifest);
  return fits.ok ? { plan: parsed.data, wrong: {}, general: [] } : { plan: undefined, wrong: {}, general: [fits.text] };
}
