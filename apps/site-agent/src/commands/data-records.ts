/** `data add --records`: a folder of recordings that needs no table. */
import { resolve } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import type { RecordsTable } from "@engraft/engine/data/declaration";
import { RECORD_COLUMNS } from "@engraft/engine/data/record-columns";
import type { TableFlags } from "./table-flags.ts";

/** Flags of a table: a folder has neither columns nor a file of its own. */
const FOREIGN = [
  "file",
  "parquet",
  "query",
  "databaseEnv",
  "databaseFile",
  "delimiter",
  "decimal",
  "patient",
  "label",
  "at",
  "files",
  "match",
] as const satisfies readonly (keyof TableFlags)[];

/** What `data add --records` declares of the folder. Throws `bad-input`. */
export function recordsPart(flags: TableFlags): object {
  const foreign = [
    ...FOREIGN.filter((flag) => flags[flag] !== undefined).map(
      (flag) => `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    ),
    ...(flags.patientId === false ? ["--no-patient-id"] : []),
  ];
  if (foreign.length > 0)
    throw new EngraftError("bad-input", `${foreign.join(", ")} is of a table, and --records of a folder without one. Give one of the two.`);
  const [, from, what] = /^(header|beats):(.+)$/.exec(flags.labels ?? "") ?? [];
  if (from === undefined || what === undefined)
    throw new EngraftError("bad-input", "--labels takes header:WORD, for example header:Dx, or beats:ENDING, for example beats:atr.");
  return {
    source: "records",
    path: resolve(flags.records ?? ""),
    ending: flags.ending,
    labels: from === "header" ? { key: what } : { annotator: what },
    ...(flags.patients === undefined ? {} : { patients: resolve(flags.patients) }),
    label: RECORD_COLUMNS.label,
    patient: RECORD_COLUMNS.patient,
    ...(from === "beats" ? { at: RECORD_COLUMNS.at } : {}),
  };
}

export function recordsWords({ path, ending, labels, patients }: RecordsTable): string {
  const label = "key" in labels ? `label ${labels.key} in the header` : `a row for each beat in .${labels.annotator}`;
  return `${path} (recordings *${ending}; ${label}; ${patients === undefined ? "each record a patient" : `patients in ${patients}`})`;
}
