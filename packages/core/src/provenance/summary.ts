/** A summary as the coordinator signs it: an in-toto statement over the table's canonical JSON, in a DSSE envelope. */
import * as z from "zod";
import { canonicalJson } from "../base/canonical.ts";
import { utf8 } from "../base/bytes.ts";
import { isRefusal, refuse, type Refusal } from "../base/errors.ts";
import type { PublicKey } from "../base/ids.ts";
import { sha256 } from "../crypto/digest.ts";
import type { Identity } from "../crypto/identity.ts";
import { SummaryTable } from "../models/summary/table.ts";
import { dsseText, openDsse, signDsse } from "./dsse.ts";

const STATEMENT = "https://in-toto.io/Statement/v1";
const PREDICATE = "urn:engraft:summary:1";

const Statement = z.strictObject({
  _type: z.literal(STATEMENT),
  subject: z.array(z.strictObject({ name: z.literal("summary.json"), digest: z.strictObject({ sha256: z.string() }) })).length(1),
  predicateType: z.literal(PREDICATE),
  predicate: SummaryTable,
});

/** The same table under the same key gives the same bytes. */
export function signSummary(identity: Identity, table: SummaryTable): string {
  const subject = [{ name: "summary.json" as const, digest: { sha256: sha256(canonicalJson(table)) } }];
  const statement: z.infer<typeof Statement> = { _type: STATEMENT, subject, predicateType: PREDICATE, predicate: table };
  return dsseText(signDsse(identity, utf8(canonicalJson(statement))));
}

/** The table, where this key has signed it. As `openDsse`; `bad-message` where what was signed is no summary. */
export function openSummary(text: string, key: PublicKey): { readonly ok: true; readonly table: SummaryTable } | Refusal {
  const opened = openDsse(text, key);
  if (isRefusal(opened)) return opened;
  try {
    const { subject, predicate } = Statement.parse(JSON.parse(Buffer.from(opened.payload).toString("utf8")));
    if (subject[0]?.digest.sha256 === sha256(canonicalJson(predicate))) return { ok: true, table: predicate };
  } catch {
    // Said below.
  }
  return refuse("bad-message", "What was signed is no summary of a federation.");
}
