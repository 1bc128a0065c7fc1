/** What a secure plan needs beyond its schema. The coordinator checks the same once more when the plan is proposed. */
import { numbersOf } from "@engraft/core/models/directory-numbers";
import type { Plan } from "@engraft/core/models/plan";
import type { EnrolledSite } from "@engraft/core/models/plan-draft";
import type { FormKey } from "./plan-form.ts";
import { ENTER_WORDS, type EnterWords } from "../words/enter.ts";

export type Wrong = Partial<Readonly<Record<FormKey, string>>>;

/** Sums travel as signed 32-bit words. */
const LARGEST_SUM = 2 ** 31 - 1;

const hasTwice = (values: readonly string[]): boolean => new Set(values).size < values.length;

/** Empty where a sum can be made under this plan, and under plain aggregation. */
export function sumProblems({ aggregation, cohort }: Plan, enrolled: readonly EnrolledSite[], words: EnterWords = ENTER_WORDS.en): Wrong {
  if (aggregation.method === "plain") return {};
  const { directory, weightCap } = aggregation;
  const size = directory.length;
  const most = Math.floor(LARGEST_SUM / size);
  return {
    ...directoryProblem(directory, enrolled, words),
    ...operatorProblem(directory, words),
    ...(cohort.minSites > size && { minSites: words.atMostSites(size) }),
    ...(cohort.fraction !== 1 && { fraction: words.everySite }),
    ...(weightCap > most && { weightCap: words.weightCap(most, size) }),
  };
}

type Directory = Extract<Plan["aggregation"], { readonly method: "secure" }>["directory"];

function directoryProblem(directory: Directory, enrolled: readonly EnrolledSite[], words: EnterWords): Wrong {
  const keyOf = new Map<string, string>(enrolled.map(({ site, publicKey }) => [site, publicKey]));
  const strangers = directory.filter(({ site }) => !keyOf.has(site)).map(({ site }) => site);
  if (strangers.length > 0) return { directory: words.strangers(strangers) };
  const others = directory.filter(({ site, publicKey }) => keyOf.get(site) !== publicKey).map(({ site }) => site);
  if (others.length > 0) return { directory: words.otherKey(others) };
  return hasTwice(directory.map(({ site }) => site)) ? { directory: words.twice } : {};
}

function operatorProblem(directory: Directory, words: EnterWords): Wrong {
  if (hasTwice(directory.map(({ operator }) => operator.trim().toLowerCase()))) {
    return { operators: words.sameOperator };
  }
  const { liars } = numbersOf(directory.length);
  return directory.filter(({ withCoordinator }) => withCoordinator).length > liars
    ? { operators: words.tooManyOwn(directory.length, liars) }
    : {};
}
