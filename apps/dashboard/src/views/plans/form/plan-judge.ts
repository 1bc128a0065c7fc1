/** What is wrong with a plan as it is being written, and at which field, in words that say what to enter. */
import type { BaseView } from "@engraft/coordinator/api/views";
import type { Digest } from "@engraft/core/base/ids";
import { MAX_SITES, MIN_SITES } from "@engraft/core/models/directory-numbers";
import { checkPlanAgainstBase, Plan } from "@engraft/core/models/plan";
import { completeDraft, type EnrolledSite } from "@engraft/core/models/plan-draft";
import { pathText, violationsOf, type Issue, type Violation } from "../file/violations.ts";
import { outcomeProblems } from "./outcome-check.ts";
import type { FormKey } from "./plan-form.ts";
import { entryOf, fieldOf } from "./plan-paths.ts";
import { sumProblems, type Wrong } from "./sum-check.ts";
import { ENTER_WORDS, type EnterWords } from "../words/enter.ts";
import { VIOLATION_WORDS, type ViolationWords } from "../words/violations.ts";

export interface JudgeWords {
  readonly enter: EnterWords;
  readonly violations: ViolationWords;
}

export interface Judged {
  readonly plan: Plan | undefined;
  readonly wrong: Wrong;
  /** Problems of no single field. */
  readonly general: readonly string[];
  /** Those of `general` that core says, in English. */
  readonly english: readonly string[];
}

/** Judges what the coordinator would make of `json`: what it leaves out is filled in from the sites that are enrolled now. */
export function judge(
  json: unknown,
  base: BaseView | undefined,
  enrolled: readonly EnrolledSite[],
  words: JudgeWords = { enter: ENTER_WORDS.en, violations: VIOLATION_WORDS.en },
): Judged {
  const { enter } = words;
  const parsed = Plan.safeParse(completeDraft(json, enrolled));
  if (!parsed.success) return namedByField(parsed.error.issues, json, enrolled.length, words);
  const no = (wrong: Wrong, general: readonly string[] = [], english = general): Judged => ({ plan: undefined, wrong, general, english });
  if (base === undefined) return no({}, [enter.noBase], []);
  const wrong = { ...sumProblems(parsed.data, enrolled, enter), ...outcomeProblems(parsed.data, enter) };
  const fits = checkPlanAgainstBase(parsed.data, base.digest as Digest, base.manifest);
  if (Object.keys(wrong).length > 0) return no(wrong);
  return fits.ok ? { plan: parsed.data, wrong, general: [], english: [] } : no({}, [fits.text]);
}

function namedByField(issues: readonly Issue[], json: unknown, enrolled: number, { enter, violations }: JudgeWords): Judged {
  const wrong: Partial<Record<FormKey, string>> = {};
  const general: Violation[] = [];
  for (const issue of issues) {
    const [entry, field] = [entryOf(issue.path), fieldOf(issue.path)];
    if (pathText(issue.path) === "aggregation.directory") wrong.directory ??= directorySize(enrolled, enter);
    else if (entry === undefined || field === undefined) general.push(...violationsOf([issue], json, violations));
    else wrong[field] ??= enter.say[entry];
  }
  // The largest single value follows the clip, as long as nobody says otherwise.
  if (wrong.clip !== undefined) delete wrong.coordinateClip;
  const said = ({ path, text }: Violation): string => `${path.length === 0 ? violations.plan : pathText(path)}: ${text}`;
  return { plan: undefined, wrong, general: general.map(said), english: general.filter(({ english }) => english).map(said) };
}

/** The directory is too small, or too large. */
function directorySize(enrolled: number, words: EnterWords): string {
  if (enrolled >= MIN_SITES) return words.tick(MIN_SITES, MAX_SITES);
  return words.inviteMore(MIN_SITES, enrolled);
}
