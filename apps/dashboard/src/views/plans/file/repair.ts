/** A plan out of JSON that is one only in part, so that a form can show what of it is right. Pure. */
import { Plan } from "@engraft/core/models/plan";
import { isObject } from "../form/merge.ts";
import { pathText, valueAt } from "./violations.ts";

type Path = readonly PropertyKey[];

/** `json` with `value` there; without what stands there where it is undefined. Changes `json`. */
function put(json: unknown, path: Path, value: unknown): void {
  const holder = valueAt(json, path.slice(0, -1));
  const key = path.at(-1);
  if (key === undefined || (!isObject(holder) && !Array.isArray(holder))) return;
  if (value === undefined) Reflect.deleteProperty(holder, key);
  else Reflect.set(holder, key, value);
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** From the outermost list on a value has no counterpart: entries of two lists are not of the same things. */
function comparable(path: Path): Path {
  const list = path.findIndex((key) => typeof key === "number");
  return list === -1 ? path : path.slice(0, list);
}

/**
 * What breaks the schema gives way to what `blank` has there, or to nothing where it has nothing; the rest is kept. Of `blank` the shape
 * must be right, not every value: so the result too may have a value that is out of range.
 */
export function repaired(json: unknown, blank: Plan): Plan {
  if (!isObject(json)) return blank;
  const plan: unknown = structuredClone(json);
  const unmendable = new Set(Plan.safeParse(blank).error?.issues.map(({ path }) => pathText(path)));
  for (;;) {
    const parsed = Plan.safeParse(plan);
    if (parsed.success) return parsed.data;
    const changed = parsed.error.issues.filter((issue) =>
      issue.code === "unrecognized_keys" ? dropped(plan, issue.path, issue.keys) : replaced(plan, issue.path, blank, unmendable),
    );
    if (changed.length === 0) return plan as Plan;
  }
}

function dropped(plan: unknown, path: Path, keys: readonly string[]): boolean {
  for (const key of keys) put(plan, [...path, key], undefined);
  return keys.length > 0;
}

/** At the innermost part of the path that is otherwise than in `blank`; false where none is. */
function replaced(plan: unknown, path: Path, blank: Plan, unmendable: ReadonlySet<string>): boolean {
  if (unmendable.has(pathText(path)) && same(valueAt(plan, path), valueAt(blank, path))) return false;
  for (let part = comparable(path); part.length > 0; part = part.slice(0, -1)) {
    const wanted = valueAt(blank, part);
    if (same(valueAt(plan, part), wanted)) continue;
    put(plan, part, structuredClone(wanted));
    return true;
  }
  return false;
}
