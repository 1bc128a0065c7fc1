/** Where the example's files are, and the declaration that `sites.json` makes for `engraft-site data add`, as the engine reads it. */
import type { CsvTable } from "@engraft/engine/data/declaration";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { HOSPITALS } from "./definition.ts";

export const exampleFile = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A hospital of the example, as `sites.json` declares it. */
export interface SiteDeclaration {
  readonly site: string;
  /** Its table, below the example's folder. */
  readonly file: string;
  /** Of `engraft-site data add`. */
  readonly flags: readonly string[];
}

export const siteDeclarations = async (): Promise<readonly SiteDeclaration[]> =>
  JSON.parse(await readFile(exampleFile("sites.json"), "utf8")) as SiteDeclaration[];

export const siteTable = (hospital: (typeof HOSPITALS)[number]): CsvTable => ({
  path: exampleFile(`data/${hospital}.csv`),
  encoding: "utf-8",
  delimiter: ",",
  decimal: ".",
  missing: [],
  columns: {},
  label: "num",
  patient: "patient",
});
