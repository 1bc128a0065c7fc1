/** A data check in words. Numbers of rows and lines only, never a value. */
import type { TableReport } from "@engraft/engine/data/check";

const SHOWN_PLACES = 8;

/** The whole report. */
export function reportLines(report: TableReport): readonly string[] {
  const missing = report.missing.filter(({ count }) => count > 0).map(({ field, count }) => `${field} ${count}`);
  return [
    `  rows      ${report.rows}, of which usable ${report.usable}, of ${report.patients} patients`,
    `  classes   ${report.classes.positive} yes, ${report.classes.negative} no`,
    `  missing   ${missing.length === 0 ? "nothing" : missing.join(", ")}`,
    `  split     ${(["train", "validation", "test"] as const).map((part) => `${part} ${report.parts[part].patients}`).join(", ")} patients`,
    ...report.findings.map(({ effect, text, count, places }) => {
      const where = places.slice(0, SHOWN_PLACES).map(({ line, field }) => (field === null ? `${line}` : `${line} (${field})`));
      return `  ${effect === "error" ? "PROBLEM" : effect === "note" ? "note" : "warning"}   ${text} ${count} time${count === 1 ? "" : "s"}, line ${where.join(", ")}${count > where.length ? ", ..." : ""}`;
    }),
    report.ok ? "  The table can be used." : "  The table cannot be used as it is.",
  ];
}

/** One line for a plan's review. */
export const reportSummary = (report: TableReport): string =>
  `${report.usable} of ${report.rows} rows usable (${report.classes.positive} yes, ${report.classes.negative} no); ${report.parts.train.patients} patients train, ${report.parts.validation.patients} validation, ${report.parts.test.patients} test${report.ok ? "" : '; IT CANNOT BE USED AS IT IS, see "engraft-site data check"'}`;
