/** What is wrong with a plan as it is being written, and at which field, in words that say what to enter. */
import type { BaseView } from "@engraft/coordinator/api/views";
import type { Digest } from "@engraft/core/base/ids";
import { MAX_SITES, MIN_SITES } from "@engraft/core/models/directory-numbers";
import { checkPlanAgainstBase, Plan } from "@engraft/core/models/plan";
import { completeDraft, type EnrolledSite } from "@engraft/core/models/plan-draft";
import { sumProblems, type Wrong } from "./sum-check.ts";
import type { FormKey } from "./plan-form.ts";

/** Schema path to the field that holds it, and what to enter there. */
const ENTER: Readonly<Record<string, { readonly key: FormKey; readonly say: string }>> = {
  name: { key: "name", say: "Enter 2 to 40 of a-z, 0-9 and “-”, starting and ending with a letter or digit." },
  purpose: { key: "purpose", say: "Enter what the model is for, in a sentence that a steward can judge." },
  "training.trainable.blocks": { key: "blocks", say: "Enter a whole number from 1 to 1,000." },
  "training.unfreezeEvery": { key: "unfreeze", say: "Enter a whole number from 1 to 1,000, or leave it empty." },
  "training.depthRates": { key: "depthRates", say: "Enter factors separated by spaces, or leave it empty." },
  "training.depthRates.*": { key: "depthRates", say: "Enter factors above 0, at most 1, separated by spaces; for example 1 0.3 0.1." },
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
  "training.analytic.rounds": { key: "analyticRounds", say: "Enter a whole number from 1 to 20." },
  "training.analytic.penalty": { key: "penalty", say: "Enter a number above 0; for example 10." },
  "training.analytic.bound": { key: "bound", say: "Enter a number above 0 that no input of the head exceeds; for example 32." },
  "cohort.gatherSeconds": { key: "gather", say: "Enter whole seconds from 0 to 86,400 (a day)." },
  "cohort.deadlineSeconds": { key: "deadline", say: "Enter whole seconds from 1 to 604,800 (a week)." },
  "cohort.graceSeconds": { key: "grace", say: "Enter whole seconds from 0 to 604,800 (a week)." },
  "metrics.names": { key: "metrics", say: "Choose at least one metric; without one nobody can see whether training helps." },
  "metrics.minCount": { key: "minCount", say: "Enter a whole number of at least 1. Small numbers can point at a patient." },
  "data.split.salt": { key: "salt", say: "Enter a text of 1 to 64 characters." },
  "data.split.train": { key: "train", say: "Enter per cent above 0 and below 100." },
  "data.split.validation": { key: "validation", say: "Enter per cent from 0 to below 100." },
  "aggregation.directory.*.publicKey": { key: "directory", say: "A ticked site is not enrolled here. Untick it, or invite it first." },
  "aggregation.directory.*.operator": { key: "operators", say: "Enter who runs each site: up to 120 plain letters, digits and signs." },
  "aggregation.weightCap": { key: "weightCap", say: "Enter a whole number from 1 to 100,000,000." },
  "aggregation.coordinateClip": { key: "coordinateClip", say: "Enter a number above 0, or leave it empty for the clip." },
  "aggregation.attempts": { key: "attempts", say: "Enter a whole number from 1 to 20." },
  "aggregation.phaseSeconds": { key: "phaseSeconds", say: "Enter whole seconds from 1 to 86,400 (a day)." },
  "strategy.serverRate": {
    key: "serverRate",
    say: "Enter a number above 0, at most 10; for example 1, or 0.01 where each value has its own scale.",
  },
  "strategy.momentum": { key: "serverMomentum", say: "Enter a number from 0 to below 1; for example 0.9." },
  "strategy.beta1": { key: "beta1", say: "Enter a number from 0 to below 1; for example 0.9." },
  "strategy.beta2": { key: "beta2", say: "Enter a number from 0 to below 1; for example 0.99." },
  "strategy.tau": { key: "tau", say: "Enter a number above 0, at most 1; for example 0.001." },
  "strategy.mu": { key: "mu", say: "Enter a number above 0, at most 100; for example 0.1." },
  "strategy.liars": { key: "liars", say: "Enter a whole number from 1 to 49." },
  "strategy.keep": { key: "keep", say: "Enter a whole number from 1 to 100." },
  "data.split": { key: "validation", say: "Enter less: training and validation together must leave test patients." },
};

export interface Judged {
  readonly plan: Plan | undefined;
  readonly wrong: Wrong;
  /** Problems of no single field. */
  readonly general: readonly string[];
}

/** Judges what the coordinator would make of `json`: what it leaves out is filled in from the sites that are enrolled now. */
export function judge(json: unknown, base: BaseView | undefined, enrolled: readonly EnrolledSite[]): Judged {
  const parsed = Plan.safeParse(completeDraft(json, enrolled));
  if (!parsed.success) return namedByField(parsed.error.issues, enrolled.length);
  const no = (wrong: Wrong, ...general: readonly string[]): Judged => ({ plan: undefined, wrong, general });
  if (base === undefined) return no({}, "The plan names a base model that is not here. Register it first, or choose one of those listed.");
  const fits = checkPlanAgainstBase(parsed.data, base.digest as Digest, base.manifest);
  if (!fits.ok) return no({}, fits.text);
  const wrong = sumProblems(parsed.data, enrolled);
  return Object.keys(wrong).length === 0 ? { plan: parsed.data, wrong, general: [] } : no(wrong);
}

function namedByField(issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[], enrolled: number): Judged {
  const wrong: Partial<Record<FormKey, string>> = {};
  const general: string[] = [];
  for (const issue of issues) {
    const path = issue.path.join(".");
    const entry = ENTER[path.replaceAll(/\.\d+(?=\.|$)/g, ".*")];
    if (path === "aggregation.directory") wrong.directory ??= directorySize(enrolled);
    else if (entry === undefined) general.push(`${path === "" ? "The plan" : path}: ${issue.message}`);
    else wrong[entry.key] ??= entry.say;
  }
  // The largest single value follows the clip, as long as nobody says otherwise.
  if (wrong.clip !== undefined) delete wrong.coordinateClip;
  return { plan: undefined, wrong, general };
}

/** The directory is too small, or too large. */
function directorySize(enrolled: number): string {
  if (enrolled >= MIN_SITES) return `Tick ${MIN_SITES} to ${MAX_SITES} sites. A sum of fewer than ${MIN_SITES} hides nothing.`;
  const there = enrolled === 0 ? "none is" : enrolled === 1 ? "1 is" : `${enrolled} are`;
  return `Secure aggregation needs at least ${MIN_SITES} sites, and ${there} enrolled. Invite more hospitals under Sites, then come back.`;
}
