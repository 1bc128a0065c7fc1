/** What a site has said of how its table becomes the plan's fields, under one digest: the steward approves it with the plan. */
import { canonicalJson } from "@engraft/core/base/canonical";
import type { Digest } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import { codesBytes } from "./codes.ts";
import type { TableDeclaration } from "./declaration.ts";

/**
 * Null where values and patients are taken as they stand: then a column may still have another name, which cannot change what a
 * value means without the data check seeing it. Throws `data-missing` where the file of codes is gone.
 */
export async function mappingDigest({ columns, units, factors, codes, patient, part }: TableDeclaration): Promise<Digest | null> {
  const declared = [units, factors].some((entries) => Object.keys(entries ?? {}).length > 0) || codes !== undefined;
  if (!declared && patient !== null && part === undefined) return null;
  return sha256(
    canonicalJson({
      format: "engraft.mapping/1",
      columns,
      units: units ?? {},
      factors: factors ?? {},
      codes: codes === undefined ? null : sha256(await codesBytes(codes)),
      patients: patient === null ? "rows" : "ids",
      part: part ?? null,
    }),
  );
}
