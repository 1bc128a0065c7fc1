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
}

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
): Row {
  const round = (value: number): number => Number(value.toPrecision(4));
  return {
    case: name,
    metric,
    unit,
    ours: round(ours),
    baseline: baseline === undefined ? null : round(baseline.value),
    baselineName: baseline?.name ?? null,
    ratio: baseline === undefined ? null : round(ours / baseline.value),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

export function asTable(report: Report): string {
  const header = ["case", "metric", "ours", "unit", "baseline", "ratio"];
  const rows = report.rows.map((each) => [
    each.case,
    each.metric,
    String(each.ours),
    each.unit,
    each.baseline === null ? "not run" : `${each.baseline} (${each.baselineName ?? ""})`,
    each.ratio === null ? "" : `${each.ratio}x`,
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
