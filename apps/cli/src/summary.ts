/** `engraft summary`: a summary that somebody was given, once its signature holds. */
import { readFile } from "node:fs/promises";
import { EngraftError, isRefusal } from "@engraft/core/base/errors";
import { summaryLines } from "@engraft/core/models/summary/words";
import { openSummary } from "@engraft/core/provenance/summary";
import { keyFlag } from "@engraft/runtime/audit-file";

/** Throws the code of what is wrong with the file. */
export async function showSummary(file: string, { key, json }: { readonly key: string; readonly json?: boolean }): Promise<void> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new EngraftError("not-found", `There is no ${file}.`, { cause });
  });
  const opened = openSummary(text, keyFlag(key));
  if (isRefusal(opened)) throw new EngraftError(opened.code, opened.text);
  const { table } = opened;
  process.stdout.write(json === true ? `${JSON.stringify(table)}\n` : `${summaryLines(table).join("\n")}\n`);
}
