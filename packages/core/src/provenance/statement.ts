/** Where a release comes from, as an in-toto statement (in-toto attestation framework, statement v1): its files, and all that led to them. */
import * as z from "zod";
import { utf8 } from "../base/bytes.ts";
import { Digest, Instant, PublicKey, RunId, SiteName } from "../base/ids.ts";
import { AcceptanceRule } from "../models/plan.ts";

export const PREDICATE_TYPE = "urn:engraft:provenance:1";
const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";

/** One sum, or in plain one mean, that was made. */
const ProvenRound = z.strictObject({
  round: z.int().min(1),
  purpose: z.enum(["train", "evaluate"]),
  /** Digest of the checkpoint that it started from. */
  from: Digest,
  /** Whose updates are in it, in byte order. */
  survivors: z.array(SiteName).min(1),
  /** Samples of all survivors. */
  weight: z.int().min(1),
  /** Digest of the checkpoint that it led to; null for an evaluation. */
  checkpoint: Digest.nullable(),
  /** How the masks were agreed on; null in plain. */
  secure: z.strictObject({ attempt: z.int().min(1), nonce: Digest, roster: Digest, sum: Digest, record: Digest }).nullable(),
  /** With what each survivor trained. */
  engines: z.record(SiteName, z.string()),
});
export type ProvenRound = z.infer<typeof ProvenRound>;

export const Criterion = AcceptanceRule.extend({
  /** The worst figure that it was held against; null where there is none. */
  value: z.number().nullable(),
  met: z.boolean(),
});
export type Criterion = z.infer<typeof Criterion>;

export const Provenance = z.strictObject({
  release: z.strictObject({
    name: z.string(),
    version: z.string(),
    notes: z.string(),
    by: z.string(),
    at: Instant,
    /** The plan's acceptance criteria, and why it was released despite one that it missed. */
    criteria: z.array(Criterion),
    despite: z.string().nullable(),
    /** Whose checkpoint it is, where that is not the run's last. */
    round: z.int().min(1).exactOptional(),
  }),
  run: RunId,
  coordinator: PublicKey,
  base: z.strictObject({
    name: z.string(),
    version: z.string(),
    manifest: Digest,
    weights: Digest,
    licence: z.string(),
    origin: z.string(),
  }),
  plan: Digest,
  aggregation: z.enum(["plain", "secure"]),
  /** Differential privacy that was spent; null: none was applied. */
  privacy: z.null(),
  /** Digest of each site's signed approval, which stands in evidence.jsonl. */
  sites: z.array(
    z.strictObject({
      site: SiteName,
      /** The one of its sums, or in plain of its last update. */
      key: PublicKey,
      approval: Digest,
      version: z.string().nullable(),
      /** Where its key changed between approval and end: all of them, the oldest first; each change stands in evidence.jsonl. */
      keys: z.array(PublicKey).min(2).exactOptional(),
    }),
  ),
  /** The base's trainable values: checkpoint 0. */
  start: Digest,
  rounds: z.array(ProvenRound).min(1),
  /** The values of the last checkpoint, which are in the model. */
  checkpoint: Digest,
  software: z.strictObject({ name: z.literal("engraft-coordinator"), version: z.string(), digest: Digest }),
});
export type Provenance = z.infer<typeof Provenance>;

export const ProvenanceStatement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.array(z.strictObject({ name: z.string(), digest: z.strictObject({ sha256: Digest }) })).min(1),
  predicateType: z.literal(PREDICATE_TYPE),
  predicate: Provenance,
});
export type ProvenanceStatement = z.infer<typeof ProvenanceStatement>;

/** The exact bytes that are signed. */
export function statementBytes(files: readonly { readonly name: string; readonly sha256: string }[], predicate: Provenance): Uint8Array {
  const statement: ProvenanceStatement = {
    _type: STATEMENT_TYPE,
    subject: files.map(({ name, sha256 }) => ({ name, digest: { sha256: sha256 as Digest } })),
    predicateType: PREDICATE_TYPE,
    predicate,
  };
  return utf8(JSON.stringify(statement));
}
