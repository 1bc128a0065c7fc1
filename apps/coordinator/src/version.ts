import { readFileSync } from "node:fs";
import * as z from "zod";

/** This package's version. */
export const VERSION: string = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))).version;
