/** Whether the federation's admins may ask this site to look at itself. A local file; without one they may not. */
import { join } from "node:path";
import * as z from "zod";
import { Instant } from "@engraft/core/base/ids";
import { removeIfThere } from "@engraft/runtime/files";
import { readJson, writeJson } from "./json-file.ts";

const AllowedFile = z.strictObject({ format: z.literal("engraft.remote-doctor/1"), since: Instant });

const path = (home: string): string => join(home, "remote-doctor.json");

/** Undefined where it is not allowed. */
export const doctorAllowedSince = async (home: string): Promise<number | undefined> => (await readJson(path(home), AllowedFile))?.since;

export const allowDoctor = (home: string, since: number): Promise<void> =>
  writeJson(path(home), { format: "engraft.remote-doctor/1", since });

export const forbidDoctor = (home: string): Promise<void> => removeIfThere(path(home));
