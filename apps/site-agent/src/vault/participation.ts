/** Whether this site takes part. A local file, so that pausing works without the coordinator and outlives a restart. */
import { join } from "node:path";
import * as z from "zod";
import { Instant } from "@engraft/core/base/ids";
import { removeIfThere } from "@engraft/runtime/files";
import { readJson, writeJson } from "./json-file.ts";

const Steward = z.string().min(1).max(120);
const PausedFile = z.strictObject({ format: z.literal("engraft.paused/1"), since: Instant, by: Steward.optional() });
const ResumedFile = z.strictObject({ format: z.literal("engraft.resumed/1"), at: Instant, by: Steward });

const path = (home: string): string => join(home, "paused.json");
const resumedPath = (home: string): string => join(home, "resumed.json");

/** Since when the site is paused, and by whom where that was said; undefined while it takes part. */
export const pausedBy = (home: string): Promise<{ readonly since: number; readonly by?: string | undefined } | undefined> =>
  readJson(path(home), PausedFile);

export const pausedSince = async (home: string): Promise<number | undefined> => (await pausedBy(home))?.since;

/** Who let the site take part again the last time, where that was said. */
export const resumedBy = async (home: string): Promise<string | undefined> => (await readJson(resumedPath(home), ResumedFile))?.by;

export const pauseSite = (home: string, at: number, by?: string): Promise<void> =>
  writeJson(path(home), { format: "engraft.paused/1", since: at, ...(by === undefined ? {} : { by }) });

/** Who resumes is written down first: the agent looks for it as soon as the pause is gone. */
export async function resumeSite(home: string, at?: number, by?: string): Promise<void> {
  if (at === undefined || by === undefined) await removeIfThere(resumedPath(home));
  else await writeJson(resumedPath(home), { format: "engraft.resumed/1", at, by });
  await removeIfThere(path(home));
}
