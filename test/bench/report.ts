/** One form for every benchmark's result. */
import { availableParallelism, cpus, totalmem } from "node:os";

export interface Row {
  readonly case: string;
  readonly metric: string;
  readonly unit: string;
  readonly ours: number;
  /** Null where no baseline ran. */
  readonly baseline: number | null;
  readonly baselineName: string | null;
  /** ours / baseline. */
  readonly ratio: number | null;
  /** What is aimed at. Null where nothing is, or where its baseline did not run. */
  readonly goal: (Goal & { readonly met: boolean }) | null;
  /** How the figure came about, where it was not simply measured. */
  readonly note: string | null;
}

/** At most this much of the baseline, at most this value, or at least this one. */
export type Goal = { readonly ratio: number } | { readonly value: number } | { readonly least: number };

export interface Report {
  readonly bench: string;
  readonly machine: string;
  readonly rows: readonly Row[];
}

export const machine = (): string =>
  `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${process.platform} ${process.arch}`;

export function row(
  name: string,
  metric: string,
  unit: string,
  ours: number,
  baseline?: { readonly name: string; readonly value: number },
  goal?: Goal,
  note: string | null = null,
): Row {
  const round = (value: number): number => Number(value.toPrecision(4));
  const ratio = baseline === undefined ? null : ours / baseline.value;
  return {
    case: name,
    metric,
    unit,
    ours: round(ours),
    baseline: baseline === undefined ? null : round(baseline.value),
    baselineName: baseline?.name ?? null,
    ratio: ratio === null ? null : round(ratio),
    goal: goal === undefined ? null : judged(goal, ours, ratio),
    note,
  };
}

function judged(goal: Goal, ours: number, ratio: number | null): Row["goal"] {
  if ("least" in goal) return { ...goal, met: ours >= goal.least };
  if ("value" in goal) return { ...goal, met: ours <= goal.value };
  return ratio === null ? null : { ...goal, met: ratio <= goal.ratio };
}

export function goalText({ goal }: Row): string {
  if (goal === null) return "";
  const wanted = "ratio" in goal ? `<= ${goal.ratio}x` : "least" in goal ? `>= ${goal.least}` : `<= ${goal.value}`;
  return `${wanted} ${goal.met ? "met" : "MISSED"}`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

export function asTable(report: Report): string {
  const header = ["case", "metric", "ours", "unit", "baseline", "ratio", "goal", "note"];
  const rows = report.rows.map((each) => [
    each.case,
    each.metric,
    String(each.ours),
    each.unit,
    each.baseline === null ? "not run" : `${each.baseline} (${each.baselineName ?? ""})`,
    each.ratio === null ? "" : `${each.ratio}x`,
    goalText(each),
    each.note ?? "",
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((cells) => cells[column]?.length ?? 0)));
  const lines = [header, ...rows].map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return `${report.bench} on ${report.machine}\n${lines.join("\n")}\n`;
}
