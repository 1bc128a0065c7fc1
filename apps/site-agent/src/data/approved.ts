/** The table that a decision names, as it is declared now. */
import { mappingDigest } from "@engraft/engine/data/mapping";
import type { Decision } from "../vault/decisions.ts";
import type { Standing } from "../work/check-ask.ts";
import { findData } from "./registry.ts";

export async function dataOf(home: string, decision: Decision | undefined): Promise<Pick<Standing, "data" | "mapping">> {
  const name = decision?.data ?? null;
  const data = name === null ? undefined : await findData(home, name);
  return { data, mapping: data === undefined ? null : await mappingDigest(data.table) };
}
