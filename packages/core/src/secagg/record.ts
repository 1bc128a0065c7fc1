/**
 * The record of an opened sum: everything that the coordinator was sent and held, in the form in which a script of its own
 * rebuilds the sum (SPEC.md, "Record"). Bytes are base64url; digests are hex. Masked vectors lie beside it, by digest.
 */
import * as z from "zod";
import { Digest, PublicKey, RunId, SiteName } from "../base/ids.ts";
import { DirectoryEntry } from "../models/aggregation.ts";
import { Strategy } from "../models/strategy-schema.ts";
import { SummaryFigures } from "../models/summary/table.ts";
import { SignedText } from "./signed-text.ts";

const Blob = z.strictObject({ digest: Digest, bytes: z.int().min(0) });

export const RoundRecord = z.strictObject({
  format: z.literal("engraft.record/1"),
  run: RunId,
  round: z.int().min(1),
  attempt: z.int().min(1),
  purpose: z.enum(["train", "evaluate"]),
  /** Of the attempt's opening. */
  nonce: Digest,
  plan: Digest,
  /** Digest of the checkpoint that the round started from. */
  base: Digest,
  coordinator: PublicKey,
  directory: z.array(DirectoryEntry),
  /** How many sites must stand together, and how many inputs a sum has at least. */
  threshold: z.int().min(1),
  minCohort: z.int().min(1),
  roundHash: Digest,
  attemptHash: Digest,
  roster: Digest,
  /** In the roster's order: a place in it, from 1, is a site's index. */
  adverts: z.array(SignedText),
  deals: z.array(z.strictObject({ statement: SignedText, seedCommitment: Digest, leaves: z.array(z.string()) })),
  /** Signed headers of the masked vectors in the sum. */
  headers: z.array(SignedText),
  echoes: z.array(SignedText),
  /** Shares that dealers told complainers in clear. */
  answers: z.array(SignedText),
  releases: z.array(SignedText),
  /**
   * Words of the vector: how many, how many of them are the update's and the totals' (of a compact one the update's are
   * rotated, with zeros behind), and how many bits of each of the update's travel.
   */
  words: z.strictObject({ all: z.int(), values: z.int(), totals: z.int(), bits: z.int() }),
  /** The summed words, little-endian, packed as a masked vector is. */
  sum: Blob,
  masked: z.array(z.strictObject({ site: SiteName, body: Blob })),
  /**
   * Of a round that trained: what the checkpoint was made of beside the sum. Absent in analytic rounds, whose sum is no update, and in
   * records of an earlier version.
   */
  checkpoint: z
    .strictObject({
      before: Blob,
      after: Blob,
      /** What the strategy keeps at the server; null where it keeps nothing, and before the first round. */
      stateBefore: Blob.nullable(),
      stateAfter: Blob.nullable(),
      /** Null for FedAvg. */
      strategy: Strategy.nullable(),
      /** Of the run, whether or not they are in the sum. */
      sites: z.int().min(1),
      /** How a sum's words are values: the largest weight, and the largest absolute value of a coordinate. */
      cap: z.int().min(1),
      clip: z.number(),
    })
    .optional(),
  /** Of the first analytic round: what the sum says of the head's inputs. Later rounds, which do not sum it again, go by it. */
  moments: z.strictObject({ samples: z.int().min(1), sums: z.array(z.number()), squares: z.array(z.number()) }).optional(),
  /** Of a summary: what may be shown of the sum. */
  summary: SummaryFigures.optional(),
});
export type RoundRecord = z.infer<typeof RoundRecord>;
