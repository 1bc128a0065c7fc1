/** Whether this site takes part. A local file, so that pausing works without the coordinator and outlives a restart. */
import { join } from "node:path";
import * as z from "zod";
import { Instant } from "@engraft/core/base/ids";
import { removeIfThere } from "@engraft/runtime/files";
import { readJson, writeJson } from "./json-file.ts";

const PausedFile = z.strictObject({ format: z.literal("engraft.paused/1"), since: Instant });

const path = (home: string): string => join(home, "paused.json");

/** Since when the site is paused; undefined while it takes part. */
export const pausedSince = async (home: string): Promise<number | undefined> => (await readJson(path(home), PausedFile))?.since;

export const pauseSite = (home: string, at: number): Promise<void> => writeJson(path(home), { format: "engraft.paused/1", since: at });

export const resumeSite = (home: string): Promise<void> => removeIfThere(path(home));
