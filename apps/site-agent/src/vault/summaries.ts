/** Which summaries this site's counts went into. Counts of the same patients leave once. */
import { join } from "node:path";
import * as z from "zod";
import { refuse, type Refusal } from "@engraft/core/base/errors";
import { RunId } from "@engraft/core/base/ids";
import type { Plan } from "@engraft/core/models/plan";
import { measuresOf, partitionsOf } from "@engraft/core/models/summary/settings";
import type { JournalRecord } from "@engraft/core/secagg/release-rules";
import { readJson, writeJson } from "./json-file.ts";

const Given = z.strictObject({
  run: RunId,
  at: z.int(),
  patients: z.int().min(0),
  /** Names of the fields and labels that were counted. */
  names: z.array(z.string()),
});
export type Given = z.infer<typeof Given>;
const SummariesFile = z.strictObject({ format: z.literal("engraft.summaries/1"), given: z.array(Given) });

const pathOf = (home: string): string => join(home, "summaries.json");

export const givenSummaries = async (home: string): Promise<readonly Given[]> => (await readJson(pathOf(home), SummariesFile))?.given ?? [];

/** Written before the counts are offered; whether they may have left too, the secure journal says. */
export async function noteSummary(home: string, given: Given): Promise<void> {
  const others = (await givenSummaries(home)).filter(({ run }) => run !== given.run);
  await writeJson(pathOf(home), { format: "engraft.summaries/1", given: [...others, given] });
}

export function countedNames({ data, summary }: Plan): readonly string[] {
  if (summary === undefined) return [];
  return [...new Set([...measuresOf(data, summary), ...partitionsOf(data.label)].map(({ name }) => name))];
}

/**
 * Its masked vector was made: it can be in a sum that others opened, whether or not this site was there to release a share for it.
 */
function mayHaveLeft(records: readonly JournalRecord[], run: string): boolean {
  const vectors = new Set(records.flatMap((record) => (record.kind === "stored" && record.run === run ? [record.vector] : [])));
  return records.some(
    (record) => (record.kind === "masked" && vectors.has(record.vector)) || (record.kind === "released" && record.run === run),
  );
}

/**
 * F3: the difference of two summaries over the same patients, with a site less in one of them or other bins, would be that site's counts,
 * or those of few patients. So what has left once leaves again only where at least the plan's minimum count of patients came or went.
 */
export function countedBefore(
  given: readonly Given[],
  records: readonly JournalRecord[],
  now: { readonly run: string; readonly patients: number; readonly names: readonly string[]; readonly minCount: number },
): Refusal | undefined {
  const before = given.find(
    ({ run, patients, names }) =>
      run !== now.run &&
      mayHaveLeft(records, run) &&
      names.some((name) => now.names.includes(name)) &&
      Math.abs(patients - now.patients) < now.minCount,
  );
  return before === undefined
    ? undefined
    : refuse(
        "round-released",
        `This site's counts of these patients have left it in ${before.run}. From two summaries the counts of one site, or of few patients, could be told, so they leave again only when at least ${now.minCount} patients have come or gone. Where that sum was never opened, its people can take the run out of summaries.json in the agent's home.`,
      );
}
