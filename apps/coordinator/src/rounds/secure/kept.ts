/**
 * Deals and releases of a round under way: kept as blobs, because they are larger than an event should be, and let go with
 * their attempt. Read once and remembered while the attempt lasts.
 */
import { fromBase64url, toBase64url, utf8 } from "@engraft/core/base/bytes";
import { EngraftError, isRefusal } from "@engraft/core/base/errors";
import { Digest, type RunId } from "@engraft/core/base/ids";
import { packPath } from "@engraft/core/crypto/merkle";
import { type SecaggReply } from "@engraft/core/protocol/messages";
import { SignedText } from "@engraft/core/secagg/signed-text";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { Dealt, Unmasking } from "@engraft/core/rounds/secure/state";
import type { RunParams } from "@engraft/core/rounds/state";
import type { Roster } from "@engraft/core/secagg/advertise";
import type { Directory } from "@engraft/core/secagg/directory";
import { acceptDeal, partsOf, type AcceptedDeal, type DealPart } from "@engraft/core/secagg/share";
import { statementOf } from "@engraft/core/secagg/signed-text";
import { roundHash } from "@engraft/core/secagg/transcript";
import type { BlobStore } from "@engraft/runtime/blobs";
import * as z from "zod";

const DealFile = z.strictObject({ statement: SignedText, seedCommitment: Digest, leaves: z.array(z.string()) });

export const dealBytes = ({ statement, seedCommitment, leaves }: Extract<SecaggReply, { phase: "deal" }>): Uint8Array =>
  utf8(JSON.stringify({ statement, seedCommitment, leaves }));

export const releaseBytes = (statement: SignedText): Uint8Array => utf8(JSON.stringify(statement));

interface KnownDeal {
  readonly accepted: AcceptedDeal;
  readonly part: (holder: number) => DealPart;
}

export class Kept {
  readonly #blobs: BlobStore;
  #roster = "";
  #deals = new Map<string, KnownDeal>();

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** An accepted deal, and the parts of it. Throws `blob-missing` or `digest-mismatch`. */
  async deal(directory: Directory, roster: Roster, { deal }: Dealt): Promise<KnownDeal> {
    if (this.#roster !== roster.hash) {
      this.#roster = roster.hash;
      this.#deals = new Map();
    }
    const known = this.#deals.get(deal.digest);
    if (known !== undefined) return known;
    const file = DealFile.parse(await this.#json(deal));
    const leaves = file.leaves.map((leaf) => fromBase64url(leaf) ?? new Uint8Array());
    const offered = { statement: statementOf("deal", file.statement), seedCommitment: file.seedCommitment, leaves };
    const accepted = acceptDeal(directory, roster, offered);
    if (isRefusal(accepted)) throw new EngraftError("digest-mismatch", `A kept deal is not what was accepted: ${accepted.text}`);
    const made = { accepted: accepted.value, part: partsOf(accepted.value) };
    this.#deals.set(deal.digest, made);
    return made;
  }

  deals(directory: Directory, roster: Roster, dealt: readonly Dealt[]): Promise<readonly KnownDeal[]> {
    return Promise.all(dealt.map((one) => this.deal(directory, roster, one)));
  }

  async release(ref: BlobRef): Promise<SignedText> {
    return SignedText.parse(await this.#json(ref));
  }

  async #json(ref: BlobRef): Promise<unknown> {
    return JSON.parse(Buffer.from(await this.#blobs.read(ref.digest)).toString("utf8"));
  }
}

/** R0 of the round whose sum is being opened. */
export function roundHashOf(run: RunId, { secure, planDigest }: RunParams, { attempt, checkpoint }: Unmasking): Digest {
  if (secure === null) throw new Error("Bug: a plain plan has no secure rounds");
  const { directory, coordinator } = secure;
  return roundHash({ run, round: attempt.round, plan: planDigest, base: checkpoint.digest, directory: directory.hash, coordinator });
}

/** A part as it travels. */
export const partText = ({ statement, seedCommitment, seedPath, leaf, path }: DealPart) => ({
  statement: { site: statement.site, body: toBase64url(statement.body), signature: statement.signature },
  seedCommitment,
  seedPath: packPath(seedPath),
  leaf: toBase64url(leaf),
  path: packPath(path),
});
