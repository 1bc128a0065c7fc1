/** What is wrong with a plan's JSON, each by its key path, in words. */
import type { BaseView } from "@engraft/coordinator/api/views";
import type { Plan } from "@engraft/core/models/plan";
import { differences, isObject } from "../form/merge.ts";
import type { ViolationWords } from "../words/violations.ts";

export interface Violation {
  readonly path: readonly PropertyKey[];
  /** Follows the path, in a sentence. */
  readonly text: string;
  /** Said by core, in English. */
  readonly english: boolean;
}

/** As the schema library names it. */
export type Issue = NonNullable<ReturnType<typeof Plan.safeParse>["error"]>["issues"][number];

export const pathText = (path: readonly PropertyKey[]): string => path.map(String).join(".");

export function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return value[Number(key)] as unknown;
    return isObject(value) && Object.hasOwn(value, key) ? value[String(key)] : undefined;
  }, json);
}

/** Short enough for a sentence; nothing where it says nothing. */
function shownValue(value: unknown): string | undefined {
  if (value === undefined || isObject(value) || Array.isArray(value)) return undefined;
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

const listed = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(", ");

/** What an issue asks for; undefined where core's own sentence says it. */
function demandOf(issue: Issue, words: ViolationWords): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return words.kind(words.kinds[issue.expected] ?? issue.expected);
    case "too_small":
    case "too_big": {
      const small = issue.code === "too_small";
      const limit = Number(small ? issue.minimum : issue.maximum);
      if (issue.origin === "array" || issue.origin === "string")
        return (small ? words.leastLong : words.mostLong)(limit, issue.origin === "array");
      return (small ? words.least : words.most)(limit, issue.inclusive !== false);
    }
    case "invalid_value":
      return issue.values.length === 1 ? words.only(listed(issue.values)) : words.choice(listed(issue.values));
    case "invalid_union":
      if (/^acceptance\.\d+\.limit$/.test(pathText(issue.path))) return words.limit;
      return "options" in issue && issue.options !== undefined ? words.choice(listed(issue.options)) : words.noForm;
    default:
      return undefined;
  }
}

/** Each once. An object with several unknown keys has one for each of them. */
export function violationsOf(issues: readonly Issue[], json: unknown, words: ViolationWords): readonly Violation[] {
  return issues.flatMap((issue): readonly Violation[] => {
    const { path } = issue;
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => ({ path: [...path, key], text: words.unknown, english: false }));
    const value = valueAt(json, path);
    if (value === undefined && path.length > 0) return [{ path, text: words.missing, english: false }];
    const shown = shownValue(value);
    const demand = demandOf(issue, words);
    return [{ path, text: `${demand ?? issue.message}${shown === undefined ? "" : words.itIs(shown)}`, english: demand === undefined }];
  });
}

/** What a plan must say as its base does, and says otherwise. */
export function baseViolations(plan: Plan, base: BaseView, words: ViolationWords): readonly Violation[] {
  const { manifest } = base;
  const own = {
    base: { name: manifest.name, version: manifest.version, weights: manifest.weights.digest },
    data: { fields: manifest.fields, label: manifest.label, ...(manifest.split === null ? {} : { split: manifest.split }) },
  };
  const said = {
    base: { name: plan.base.name, version: plan.base.version, weights: plan.base.weights },
    data: { fields: plan.data.fields, label: plan.data.label, ...(manifest.split === null ? {} : { split: plan.data.split }) },
  };
  return differences(own, said).map(({ path }) => ({ path: path.split("."), text: words.ofBase, english: false }));
}
