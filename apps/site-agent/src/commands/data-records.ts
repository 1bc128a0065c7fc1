/** `data add --records`: a folder of recordings that needs no table. */
import { resolve } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import { RecordsTable, type TableDeclaration } from "@engraft/engine/data/declaration";
import { RECORD_COLUMNS } from "@engraft/engine/data/record-rows";
import type { ZodError } from "zod";
import type { TableFlags } from "./data.ts";

export const unusable = (error: ZodError): EngraftError =>
  new EngraftError(
    "bad-input",
    `The declaration cannot be used: ${error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ")}.`,
  );

/** Throws `bad-input` with all that is not declared. */
export function recordsDeclaration(flags: TableFlags, columns: Readonly<Record<string, string>>): TableDeclaration {
  const undeclared = [
    ...(flags.ending === undefined ? ["--ending TEXT: what the names of the recordings end with, for example .hea"] : []),
    ...(flags.labels === undefined ? ["--labels WHERE: header:WORD or beats:ENDING"] : []),
  ];
  if (undeclared.length > 0)
    throw new EngraftError(
      "bad-input",
      `Nothing about recordings is guessed. Declare as well:\n${undeclared.map((text) => `  ${text}`).join("\n")}`,
    );
  const foreign = (["file", "delimiter", "decimal", "patient", "label", "at", "files"] as const).filter(
    (flag) => flags[flag] !== undefined,
  );
  if (foreign.length > 0)
    throw new EngraftError(
      "bad-input",
      `${foreign.map((flag) => `--${flag}`).join(", ")} is of a table, and --records of a folder without one. Give one of the two.`,
    );
  const [, from, what] = /^(header|beats):(.+)$/.exec(flags.labels ?? "") ?? [];
  if (from === undefined || what === undefined)
    throw new EngraftError("bad-input", "--labels takes header:WORD, for example header:Dx, or beats:ENDING, for example beats:atr.");
  const parsed = RecordsTable.safeParse({
    source: "records",
    path: resolve(flags.records ?? ""),
    ending: flags.ending,
    labels: from === "header" ? { key: what } : { annotator: what },
    ...(flags.patients === undefined ? {} : { patients: resolve(flags.patients) }),
    missing: (flags.missing ?? []).filter((text) => text !== ""),
    columns,
    ...(flags.rate === undefined ? {} : { rate: Number(flags.rate) }),
    label: RECORD_COLUMNS.label,
    patient: RECORD_COLUMNS.patient,
    ...(from === "beats" ? { at: RECORD_COLUMNS.at } : {}),
  });
  if (!parsed.success) throw unusable(parsed.error);
  return parsed.data;
}

export function describeRecords(name: string, { path, ending, labels, patients }: RecordsTable): string {
  const label = "key" in labels ? `label ${labels.key} in the header` : `a row for each beat in .${labels.annotator}`;
  return `  ${name}: ${path} (recordings *${ending}; ${label}; ${patients === undefined ? "each record a patient" : `patients in ${patients}`})`;
}
