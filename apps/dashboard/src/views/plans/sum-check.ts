/** What a secure plan needs beyond its schema. The coordinator checks the same once more when the plan is proposed. */
import { numbersOf } from "@engraft/core/models/directory-numbers";
import type { Plan } from "@engraft/core/models/plan";
import type { EnrolledSite } from "@engraft/core/models/plan-draft";
import { countText, listed, plural } from "../../parts/figures.ts";
import type { FormKey } from "./plan-form.ts";

export type Wrong = Partial<Readonly<Record<FormKey, string>>>;

/** Sums travel as signed 32-bit words. */
const LARGEST_SUM = 2 ** 31 - 1;

const hasTwice = (values: readonly string[]): boolean => new Set(values).size < values.length;

/** Empty where a sum can be made under this plan, and under plain aggregation. */
export function sumProblems({ aggregation, cohort }: Plan, enrolled: readonly EnrolledSite[]): Wrong {
  if (aggregation.method === "plain") return {};
  const { directory, weightCap } = aggregation;
  const size = directory.length;
  const most = Math.floor(LARGEST_SUM / size);
  return {
    ...directoryProblem(directory, enrolled),
    ...operatorProblem(directory),
    ...(cohort.minSites > size && { minSites: `Enter at most ${size}: the directory has ${plural(size, "site")}.` }),
    ...(cohort.fraction !== 1 && { fraction: "Enter 100: secure aggregation asks every site of its directory." }),
    ...(weightCap > most && { weightCap: `Enter at most ${countText(most)}: with ${size} sites a larger number does not fit a sum.` }),
  };
}

type Directory = Extract<Plan["aggregation"], { readonly method: "secure" }>["directory"];

function directoryProblem(directory: Directory, enrolled: readonly EnrolledSite[]): Wrong {
  const keyOf = new Map<string, string>(enrolled.map(({ site, publicKey }) => [site, publicKey]));
  const strangers = directory.filter(({ site }) => !keyOf.has(site)).map(({ site }) => site);
  if (strangers.length > 0) return { directory: `Not enrolled here: ${listed(strangers)}. Invite first, or leave out.` };
  const others = directory.filter(({ site, publicKey }) => keyOf.get(site) !== publicKey).map(({ site }) => site);
  if (others.length > 0)
    return { directory: `Enrolled under another key: ${listed(others)}. Leave publicKey out to use the enrolled one.` };
  return hasTwice(directory.map(({ site }) => site)) ? { directory: "A site is listed twice. List each once." } : {};
}

function operatorProblem(directory: Directory): Wrong {
  if (hasTwice(directory.map(({ operator }) => operator.trim().toLowerCase()))) {
    return { operators: "Two sites have the same operator. A directory lists each operator once: two of its sites would count as one." };
  }
  const { liars } = numbersOf(directory.length);
  return directory.filter(({ withCoordinator }) => withCoordinator).length > liars
    ? { operators: `Of ${directory.length} sites at most ${liars} may be run by whoever runs the coordinator. Untick the others.` }
    : {};
}
