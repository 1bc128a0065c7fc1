/** Where the example's files are, and the declaration that `sites.json` makes for `engraft-site data add`, as the engine reads it. */
import type { TableDeclaration } from "@engraft/engine/data/declaration";
import { fileURLToPath } from "node:url";
import type { HOSPITALS } from "./definition.ts";

export const exampleFile = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export const siteTable = (hospital: (typeof HOSPITALS)[number]): TableDeclaration => ({
  path: exampleFile(`data/${hospital}.csv`),
  encoding: "utf-8",
  delimiter: ",",
  decimal: ".",
  missing: [],
  columns: {},
  label: "num",
  patient: "patient",
});
