/** Where the example's files are. */
import { TableDeclaration } from "@engraft/engine/data/declaration";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import type { HOSPITALS } from "./definition.ts";

export const exampleFile = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A hospital's declaration from `sites.json`, with an absolute path. */
export function siteTable(hospital: (typeof HOSPITALS)[number]): TableDeclaration {
  const sites = z.record(z.string(), TableDeclaration).parse(JSON.parse(readFileSync(exampleFile("sites.json"), "utf8")));
  const table = TableDeclaration.parse(sites[hospital]);
  return { ...table, path: exampleFile(table.path) };
}
