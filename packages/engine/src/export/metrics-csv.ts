/** `metrics.csv`: every figure of the run, one a line, for a program or a spreadsheet (RFC 4180). */
import { figuresOf, type DescribedRelease, type Figure } from "./described.ts";

const COLUMNS = ["run", "round", "site", "split", "metric", "value", "ci_low", "ci_high", "n"] as const;

/** Stands for all sites' patients together: no site is called so. */
const ALL_SITES = "*";

/**
 * A figure of a model that a site trained alone has the split "test-alone", one of an earlier model "test-earlier", and a difference of the two
 * "test-over-earlier". `value` is empty where too few patients were counted, the
 * interval where there is none.
 */
export function metricsCsv(release: Pick<DescribedRelease, "plan" | "view">): string {
  const rows = figuresOf(release).map((figure) => rowOf(release.view.run, figure).map(quoted).join(","));
  return `${[COLUMNS.join(","), ...rows].join("\r\n")}\r\n`;
}

function rowOf(run: string, { round, site, split, model, metric, value, interval, n }: Figure): readonly (string | number)[] {
  const [low, high] = interval ?? ["", ""];
  return [
    run,
    round,
    site ?? ALL_SITES,
    model === "base" || model === "federated" ? split : `${split}-${model}`,
    metric,
    value ?? "",
    low,
    high,
    n,
  ];
}

const quoted = (cell: string | number): string =>
  /[",\r\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : String(cell);
