/**
 * Audit entries as lines of JSON: what `audit export` writes, what a site keeps, and all that `audit verify` reads. Each line is
 * canonical JSON (RFC 8785) and ends with a line feed:
 *
 *     {"after":{"hash":"…","seq":0},"format":"engraft.audit/1","key":"…"}    the key that signs, and the entry before the first one
 *     {"action":"…","actor":"…","at":…,"detail":{…},"hash":"…","seq":1,"subject":"…"}
 *     {"head":{…}}                                                          a signed head, right behind the entry that it names
 */
import * as z from "zod";
import { canonicalJson } from "../base/canonical.ts";
import { isRefusal, refuse, type Refusal } from "../base/errors.ts";
import { Digest, Instant, PublicKey } from "../base/ids.ts";
import { Envelope, seal, unseal } from "../crypto/envelope.ts";
import type { Identity } from "../crypto/identity.ts";
import { CHAIN_START, type AuditEntry } from "./chain.ts";

/** A place in the chain: that of the entry with this number and hash. */
export interface Position {
  readonly seq: number;
  readonly hash: Digest;
}

/** Before the first entry. */
export const BEGINNING: Position = { seq: 0, hash: CHAIN_START };

export interface NumberedEntry extends AuditEntry, Position {}

const Place = z.strictObject({ seq: z.int().min(0), hash: Digest });

/** Who keeps the log says: at this time, the chain ended here. */
export const Head = z.strictObject({ seq: z.int().min(1), hash: Digest, at: Instant });
export type Head = z.infer<typeof Head>;

const HEAD_TYPE = "audit.head";

/** The signer is the scope too: a head counts for no other log. */
export const sealHead = (identity: Identity, head: Head): Envelope => seal(identity, HEAD_TYPE, identity.publicKey, head);

export function openHead(envelope: Envelope, key: PublicKey): Head | Refusal {
  const opened = unseal(envelope, { type: HEAD_TYPE, scope: key, key, schema: Head });
  return isRefusal(opened) ? opened : opened.value;
}

const FirstLine = z.strictObject({ format: z.literal("engraft.audit/1"), key: PublicKey, after: Place });
const EntryLine = z.strictObject({
  seq: z.int().min(1),
  at: z.int(),
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  hash: Digest,
});
const HeadLine = z.strictObject({ head: Envelope });

export type AuditLine =
  | { readonly kind: "first"; readonly key: PublicKey; readonly after: Position }
  | { readonly kind: "entry"; readonly entry: NumberedEntry }
  | { readonly kind: "head"; readonly head: Envelope };

const lineOf = (value: unknown): string => `${canonicalJson(value)}\n`;

export const firstLine = (key: PublicKey, after: Position): string => lineOf({ format: "engraft.audit/1", key, after });

export const entryLine = ({ seq, at, actor, action, subject, detail, hash }: NumberedEntry): string =>
  lineOf({ seq, at, actor, action, subject, detail, hash });

export const headLine = (head: Envelope): string => lineOf({ head });

/** One text for each line: what is not canonical, to the byte, is none. */
export function readLine(text: string): AuditLine | Refusal {
  let json: unknown;
  try {
    json = JSON.parse(text);
    if (lineOf(json) !== text) return refuse("bad-message", "The line is not as it was written.");
  } catch {
    return refuse("bad-message", "The line is not as it was written.");
  }
  const entry = EntryLine.safeParse(json);
  if (entry.success) return { kind: "entry", entry: entry.data };
  const head = HeadLine.safeParse(json);
  if (head.success) return { kind: "head", head: head.data.head };
  const first = FirstLine.safeParse(json);
  if (first.success) return { kind: "first", key: first.data.key, after: first.data.after };
  return refuse("bad-message", "The line is neither an entry nor a signed head.");
}
