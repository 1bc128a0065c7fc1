/** What changed between two versions of a plan, as rows that people can read. */
import type { PlanChange } from "@engraft/core/models/plan-words";

const ENTRY = /^aggregation\.directory\.([^.]+)\.([^.]+)$/;

/** A site that came into the directory or left it is one row with all its values; every other change stays as it is. */
export function changeRows(changes: readonly PlanChange[]): readonly PlanChange[] {
  const rows: PlanChange[] = [];
  for (const change of changes) {
    const [, site, value] = ENTRY.exec(change.path) ?? [];
    if (site === undefined || value === undefined || change.kind === "changed") {
      rows.push(change);
      continue;
    }
    const path = `aggregation.directory.${site}`;
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
