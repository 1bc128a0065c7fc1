/** What changed between two versions of a plan, as rows that people can read. */
import type { PlanChange } from "@engraft/core/models/plan-words";

/** An entry of a list, and the value in it. */
const ENTRY = /^(aggregation\.directory\.[^.]+|acceptance\.\d+)\.(.+)$/;

/** A site that came into the directory or left it is one row with all its values, and so is a criterion; every other change stays as it is. */
export function changeRows(changes: readonly PlanChange[]): readonly PlanChange[] {
  const rows: PlanChange[] = [];
  for (const change of changes) {
    // Criteria have no names: their list says nothing that they do not.
    if (change.path === "acceptance") continue;
    const [, path, value] = ENTRY.exec(change.path) ?? [];
    if (path === undefined || value === undefined || change.kind === "changed") {
      rows.push(change);
      continue;
    }
    const at = rows.findIndex((row) => row.path === path && row.kind === change.kind);
    const [before, after] = [named(value, change.before), named(value, change.after)];
    const known = rows[at];
    if (known === undefined) rows.push({ kind: change.kind, path, before, after });
    else rows[at] = { ...known, before: joined(known.before, before), after: joined(known.after, after) };
  }
  return rows;
}

/** The site's name stands in the path already. */
const named = (value: string, text: string): string => (text === "" || value === "site" ? "" : `${value} ${text}`);

const joined = (one: string, other: string): string => [one, other].filter((part) => part !== "").join(", ");
