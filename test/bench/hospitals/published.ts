/** FLamby's published results (owkin/FLamby, MIT): means over its seeds and hospitals' test patients. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { mean } from "./solving.ts";

export interface Published {
  readonly method: string;
  readonly value: number;
}

/** Best first. */
export async function publishedIn(folder: string): Promise<readonly Published[]> {
  const files = (await readdir(folder)).filter((name) => name.startsWith("flamby_results_"));
  const rows = (await Promise.all(files.map((name) => readFile(join(folder, name))))).flatMap((text) =>
    parse<{ Method: string; Test: string; Metric: string }>(text, { columns: true }),
  );
  const values = new Map<string, number[]>();
  for (const { Method, Test, Metric } of rows) {
    if (Test.startsWith("client_test_")) values.set(Method, [...(values.get(Method) ?? []), Number(Metric)]);
  }
  return [...values].map(([method, all]) => ({ method, value: mean(all) })).sort((a, b) => b.value - a.value);
}
