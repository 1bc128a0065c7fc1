/** Directories whose code this site's steward has compared with the other stewards, by voice. */
import { join } from "node:path";
import * as z from "zod";
import { Digest, Instant } from "@engraft/core/base/ids";
import { readJson, writeJson } from "./json-file.ts";

const ComparedFile = z.strictObject({ format: z.literal("engraft.directory/1"), directory: Digest, steward: z.string(), at: Instant });
export type Compared = z.infer<typeof ComparedFile>;

const path = (home: string, directory: string): string => join(home, "directories", `${directory}.json`);

export const markCompared = (home: string, compared: Omit<Compared, "format">): Promise<void> =>
  writeJson(path(home, compared.directory), { format: "engraft.directory/1", ...compared });

/** Undefined where nobody here has compared it. */
export const findCompared = (home: string, directory: string): Promise<Compared | undefined> =>
  readJson(path(home, directory), ComparedFile);
