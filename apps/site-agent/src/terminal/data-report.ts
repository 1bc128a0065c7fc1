/** A data check in words. Numbers of rows and lines only, never a value. */
import type { TableReport } from "@engraft/engine/data/check";

const SHOWN_PLACES = 8;

const YES_AND_NO: Readonly<Record<string, string>> = { positive: "yes", negative: "no" };

/** "139 yes, 164 no". */
const outcomes = ({ classes }: TableReport): string =>
  Object.entries(classes)
    .map(([name, rows]) => `${rows} ${YES_AND_NO[name] ?? name}`)
    .join(", ");

/** The whole report. */
export function reportLines(report: TableReport): readonly string[] {
  const missing = report.missing.filter(({ count }) => count > 0).map(({ field, count }) => `${field} ${count}`);
  return [
    `  rows      ${report.rows}, of which usable ${report.usable}, of ${report.patients} patients`,
    ...(outcomes(report) === "" ? [] : [`  label     ${outcomes(report)}`]),
    `  missing   ${missing.length === 0 ? "nothing" : missing.join(", ")}`,
    `  split     ${(["train", "validation", "test"] as const).map((part) => `${part} ${report.parts[part].patients}`).join(", ")} patients`,
    ...report.findings.map(({ effect, text, count, places }) => {
      const where = places.slice(0, SHOWN_PLACES).map(({ line, field, detail }) => {
        const about = [field, detail].filter((part) => part !== null && part !== undefined).join(", ");
        return about === "" ? `${line}` : `${line} (${about})`;
      });
      return `  ${effect === "error" ? "PROBLEM" : effect === "note" ? "note" : "warning"}   ${text} ${count} time${count === 1 ? "" : "s"}, ${report.places} ${where.join(", ")}${count > where.length ? ", ..." : ""}`;
    }),
    report.ok ? "  The table can be used." : "  The table cannot be used as it is.",
  ];
}

/** One line for a plan's review. */
export const reportSummary = (report: TableReport): string =>
  `${report.usable} of ${report.rows} rows usable${outcomes(report) === "" ? "" : ` (${outcomes(report)})`}; ${report.parts.train.patients} patients train, ${report.parts.validation.patients} validation, ${report.parts.test.patients} test${report.ok ? "" : '; IT CANNOT BE USED AS IT IS, see "engraft-site data check"'}`;
