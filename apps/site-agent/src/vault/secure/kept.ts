/** What a site keeps of an attempt beside the journal's records: its secrets, and every statement exactly as it left. */
import type { Digest, RunId } from "@engraft/core/base/ids";
import type { Outcome, SecaggReply, SignedText, SiteFigures } from "@engraft/core/protocol/messages";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { AttemptSecrets } from "@engraft/core/secagg/advertise";
import type { HeldShares } from "@engraft/core/secagg/share";

/** Of a round: facts about the stored vector, which every attempt's advert bears. */
export interface StoredRound {
  readonly run: RunId;
  readonly round: number;
  readonly roundHash: Digest;
  readonly figures: SiteFigures;
  readonly engine: string;
  readonly seconds: { readonly fetch: number; readonly train: number };
}

export interface KeptAttempt {
  readonly run: RunId;
  readonly round: number;
  readonly number: number;
  readonly attemptHash: Digest;
  readonly roundHash: Digest;
  readonly plan: Digest;
  readonly secrets: AttemptSecrets;
  readonly advert: Extract<SecaggReply, { phase: "advert" }>;
  /** In the roster's order. */
  readonly roster?: readonly SignedText[];
  readonly deal?: Extract<SecaggReply, { phase: "deal" }>;
  readonly own?: HeldShares;
  readonly shared?: {
    readonly hash: Digest;
    readonly dealers: readonly number[];
    readonly held: readonly (readonly [number, HeldShares])[];
  };
  readonly masked?: Extract<SecaggReply, { phase: "masked" }>;
  readonly complaints?: readonly Extract<SecaggReply, { phase: "complaint" }>[];
  readonly answers?: readonly { readonly complainer: number; readonly reply: Extract<SecaggReply, { phase: "answer" }> }[];
  readonly survivors?: { readonly members: readonly number[]; readonly hash: Digest };
  readonly echo?: Extract<SecaggReply, { phase: "echo" }>;
  readonly release?: Extract<SecaggReply, { phase: "release" }>;
}

/** Everything that is not a record of the rules. */
export interface Memory {
  readonly attempts: Readonly<Record<string, KeptAttempt>>;
  readonly rounds: Readonly<Record<string, StoredRound>>;
  /** Run that a steward's decision, by its signature, has admitted. */
  readonly admitted: Readonly<Record<string, string>>;
  /** What the last sum of each run came to. */
  readonly outcomes: Readonly<Record<string, Outcome>>;
  /** Decisions made before count no more. */
  readonly restoredAt: number;
}

export const NOTHING: Memory = { attempts: {}, rounds: {}, admitted: {}, outcomes: {}, restoredAt: 0 };

/** Masked vectors that may leave. */
export const maskedOf = (memory: Memory): readonly BlobRef[] =>
  Object.values(memory.attempts).flatMap(({ masked }) => (masked === undefined ? [] : [masked.body]));
