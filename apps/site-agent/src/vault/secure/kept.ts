/** What a site keeps of an attempt beside the journal's records: its secrets, and every statement exactly as it left. */
import type { Digest, PublicKey, RunId } from "@engraft/core/base/ids";
import type { SiteFigures } from "@engraft/core/models/metrics";
import type { Outcome, SecaggReply } from "@engraft/core/protocol/messages";
import type { SignedText } from "@engraft/core/secagg/signed-text";
import type { BlobRef, Purpose } from "@engraft/core/rounds/events";
import { wipeSecrets, type AttemptSecrets } from "@engraft/core/secagg/advertise";
import type { HeldShares } from "@engraft/core/secagg/share";

/** Of a round: facts about the stored vector, which every attempt's advert bears. */
export interface StoredRound {
  readonly run: RunId;
  readonly round: number;
  readonly roundHash: Digest;
  /** What the vector was made for. */
  readonly purpose: Purpose;
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
  /** By the site's own clock nothing of the attempt leaves after it. */
  readonly until: number;
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
  /** Public key of the site whose journal this is; null in one of an older version, until it is next opened. */
  readonly owner: PublicKey | null;
  readonly attempts: Readonly<Record<string, KeptAttempt>>;
  readonly rounds: Readonly<Record<string, StoredRound>>;
  /** Run that a steward's decision, by its signature, has admitted. */
  readonly admitted: Readonly<Record<string, string>>;
  /** What the last sum of each run came to. */
  readonly outcomes: Readonly<Record<string, Outcome>>;
  /** When the folder was last found to be an older copy; null where never. */
  readonly restored: { readonly at: number; readonly why: string } | null;
  /** Signatures of the decisions that were there then: they count no more. */
  readonly voided: readonly string[];
}

export const NOTHING: Memory = { owner: null, attempts: {}, rounds: {}, admitted: {}, outcomes: {}, restored: null, voided: [] };

/** Masked vectors of attempts that are not over. */
export const maskedOf = ({ attempts }: Pick<Memory, "attempts">): readonly (BlobRef & { readonly until: number })[] =>
  Object.values(attempts).flatMap(({ masked, until }) => (masked === undefined ? [] : [{ ...masked.body, until }]));

/** Overwrites an attempt's secrets: best effort, because copies inside the cryptographic library and the runtime stay. */
export function wipeAttempt({ secrets, own, shared }: KeptAttempt): void {
  wipeSecrets(secrets);
  for (const held of [...(own === undefined ? [] : [own]), ...(shared?.held ?? []).map(([, shares]) => shares)]) {
    held.seed.fill(0);
    held.key.fill(0);
  }
}
