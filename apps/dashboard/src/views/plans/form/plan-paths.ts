/** Which field of the propose form holds which value of a plan. */
import type { FormKey } from "./plan-form.ts";
import type { EnterWords } from "../words/enter.ts";

type Entry = keyof EnterWords["say"];

/** Schema path to the field that holds it. */
const FIELD: Readonly<Record<Entry, FormKey>> = {
  name: "name",
  purpose: "purpose",
  "training.trainable.blocks": "blocks",
  "training.unfreezeEvery": "unfreeze",
  "training.depthRates": "depthRates",
  "training.depthRates.*": "depthRates",
  "training.amount.count": "amount",
  "training.batch": "batch",
  "training.optimizer.learningRate": "rate",
  "training.optimizer.momentum": "momentum",
  "training.weightDecay": "weightDecay",
  "training.gradientClip": "gradientClip",
  "training.clip": "clip",
  "training.seed": "seed",
  "rounds.count": "rounds",
  "rounds.stop.patience": "patience",
  "rounds.stop.minDelta": "minDelta",
  "cohort.minSites": "minSites",
  "cohort.fraction": "fraction",
  "training.analytic.rounds": "analyticRounds",
  "training.analytic.penalty": "penalty",
  "training.analytic.bound": "bound",
  "cohort.gatherSeconds": "gather",
  "cohort.deadlineSeconds": "deadline",
  "cohort.graceSeconds": "grace",
  "metrics.names": "metrics",
  "metrics.minCount": "minCount",
  "metrics.horizon": "horizon",
  "data.split.salt": "salt",
  "data.split.train": "train",
  "data.split.validation": "validation",
  "aggregation.directory.*.publicKey": "directory",
  "aggregation.directory.*.operator": "operators",
  "aggregation.weightCap": "weightCap",
  "aggregation.coordinateClip": "coordinateClip",
  "aggregation.attempts": "attempts",
  "aggregation.phaseSeconds": "phaseSeconds",
  "strategy.serverRate": "serverRate",
  "strategy.momentum": "serverMomentum",
  "strategy.beta1": "beta1",
  "strategy.beta2": "beta2",
  "strategy.tau": "tau",
  "strategy.mu": "mu",
  "strategy.liars": "liars",
  "strategy.keep": "keep",
  "data.split": "validation",
  "summary.bins": "bins",
  "acceptance.*.limit": "acceptance",
  "acceptance.*.metric": "acceptance",
};

const isEntry = (entry: string): entry is Entry => Object.hasOwn(FIELD, entry);

/** A path with its lists' indices as *: undefined where no field of the form holds such a value. */
export function entryOf(path: readonly PropertyKey[]): Entry | undefined {
  const entry = path.map((key) => (typeof key === "number" ? "*" : String(key))).join(".");
  return isEntry(entry) ? entry : undefined;
}

/** Each of the acceptance criteria has fields of its own. */
export function fieldOf(path: readonly PropertyKey[]): FormKey | undefined {
  const entry = entryOf(path);
  if (entry === "acceptance.*.limit") return `limit ${Number(path[1])}`;
  if (entry === "acceptance.*.metric") return `criterion ${Number(path[1])}`;
  return entry === undefined ? undefined : FIELD[entry];
}

/** Fields whose problems are of more than one value. */
const WHOLE: Partial<Readonly<Record<FormKey, string>>> = {
  directory: "aggregation.directory",
  operators: "aggregation.directory",
  shift: "metrics.shift",
  earlier: "metrics.compareRelease",
};

/** The path of a field's value in a plan. */
export const pathOf = (key: FormKey): string => WHOLE[key] ?? Object.entries(FIELD).find(([, field]) => field === key)?.[0] ?? key;

/** Shares of one, which the form shows in per cent. */
export const SHARES: ReadonlySet<string> = new Set<Entry>(["cohort.fraction", "data.split.train", "data.split.validation"]);
