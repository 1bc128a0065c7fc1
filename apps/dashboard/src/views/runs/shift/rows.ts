/** What sites have said of how far their patients are from a summary's: one row for each field and site. */
import type { Plan } from "@engraft/core/models/plan";
import { shiftWord } from "@engraft/core/models/summary/shift";
import type { RunView } from "@engraft/core/rounds/view";

export interface ShiftRow {
  readonly site: string;
  readonly field: string;
  readonly title: string;
  /** Null: too few. */
  readonly psi: number | null;
  readonly base: number | null;
  readonly word: "little" | "some" | "large" | "too few";
}

export interface PrevalenceRow {
  readonly site: string;
  readonly label: string;
  readonly of: string;
  readonly difference: number | null;
}

export interface Shifts {
  readonly rows: readonly ShiftRow[];
  readonly labels: readonly PrevalenceRow[];
  /** Sites of the run that said nothing of it. */
  readonly silent: readonly string[];
}

export function shiftsOf(plan: Plan, view: RunView): Shifts {
  const titles = new Map<string, string>(plan.data.fields.map(({ name, title }) => [name, title]));
  titles.set(plan.data.label.name, plan.data.label.title);
  const said = view.comparisons.flatMap(({ site, shift }) => (shift ? [{ site, shift }] : []));
  const rows = said.flatMap(({ site, shift }) =>
    shift.fields.map(({ name, psi, base }) => ({
      site,
      field: name,
      title: titles.get(name) ?? name,
      psi,
      base,
      word: psi === null ? ("too few" as const) : shiftWord(psi),
    })),
  );
  const labels = said.flatMap(({ site, shift }) =>
    shift.labels.map(({ name, of, difference }) => ({ site, label: titles.get(name) ?? name, of, difference })),
  );
  return { rows, labels, silent: view.sites.filter((site) => said.every((one) => one.site !== site)) };
}

/** What rows are sorted by: the farthest from the base first, whichever way; not known comes last. */
export const baseRank = ({ base }: ShiftRow): number => (base === null ? -1 : Math.abs(base));
