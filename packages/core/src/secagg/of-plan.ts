/** What a plan fixes of the protocol: who the sites are, and what each word of a vector means. */
import { isRefusal, refuse, type Refusal } from "../base/errors.ts";
import type { SecureAggregation } from "../models/aggregation.ts";
import type { Plan } from "../models/plan.ts";
import { makeDirectory, type Directory } from "./directory.ts";

/** The plan's secure aggregation; undefined where it is plain. */
export const secureOf = (plan: Plan): SecureAggregation | undefined =>
  plan.aggregation.method === "secure" ? plan.aggregation : undefined;

const directories = new WeakMap<Plan, Directory>();

/** The directory that a secure plan pins, or `directory-wrong`, which names what is wrong with it. */
export function directoryOfPlan(plan: Plan): Directory | Refusal {
  const known = directories.get(plan);
  if (known !== undefined) return known;
  const secure = secureOf(plan);
  if (secure === undefined) return refuse("directory-wrong", "The plan adds updates up in plain: it has no directory.");
  const made = makeDirectory(secure.directory, plan.cohort.minSites);
  if (!isRefusal(made)) directories.set(plan, made);
  return made;
}

/** What the schema cannot say: a sound directory, numbers that fit in a word, and no free choice of cohorts. */
export function checkAggregation(plan: Plan): { readonly ok: true } | Refusal {
  const secure = secureOf(plan);
  if (secure === undefined) return { ok: true };
  const directory = directoryOfPlan(plan);
  if (isRefusal(directory)) return directory;
  if (plan.cohort.fraction !== 1) {
    return refuse("plan-invalid", "cohort.fraction: secure aggregation asks every site of the directory, so it must be 1.");
  }
  const most = Math.floor((2 ** 31 - 1) / directory.sites.length);
  return secure.weightCap > most
    ? refuse("plan-invalid", `aggregation.weightCap: with ${directory.sites.length} sites at most ${most} fits a sum.`)
    : { ok: true };
}
