/**
 * From the dealt shares to the masked vector. A share set with garbage in it waits, in memory, until the dealers at fault have
 * answered: after a restart the coordinator shows the shares and the answers again.
 */
import { isRefusal, refuse, type Refusal } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import type { SecaggStep } from "@engraft/core/protocol/messages";
import { withAnswer } from "@engraft/core/secagg/complaint";
import { announceMasked, maskInPlace, vectorBytes } from "@engraft/core/secagg/mask-input";
import { pack } from "@engraft/core/secagg/pack";
import { mayLeave } from "@engraft/core/secagg/release-rules";
import type { Keyed } from "@engraft/core/secagg/share";
import { statementText } from "@engraft/core/secagg/signed-text";
import type { BlobStore } from "@engraft/runtime/blobs";
import type { SecureJournal } from "../../vault/secure/journal.ts";
import { complainAbout, readAnswered, readShares, replyOf, type Here, type PhaseStep } from "./phases.ts";

type SharesStep = Extract<SecaggStep, { phase: "shares" }>;

const SLICE = 1024 * 1024;

export class Masking {
  readonly #secure: SecureJournal;
  readonly #blobs: BlobStore;
  readonly #complaining = new Map<Digest, { readonly step: SharesStep; keyed: Keyed }>();

  constructor(secure: SecureJournal, blobs: BlobStore) {
    this.#secure = secure;
    this.#blobs = blobs;
  }

  /** The share set: complain where it holds garbage, else mask. */
  async shares(here: Here, step: SharesStep): Promise<PhaseStep | Refusal> {
    const read = readShares(here, step);
    if (isRefusal(read)) return read;
    const keyed = read.value;
    // Where it was masked already, the rules tell the same share set from another one.
    if (keyed.wrong.length === 0 || here.attempt.masked !== undefined) return this.#mask(here, keyed);
    this.#complaining.set(here.attempt.attemptHash, { step, keyed });
    return complainAbout(here, keyed);
  }

  /** A dealer's answer to a complaint; undefined where it changes nothing yet. */
  async answered(here: Here, step: Extract<SecaggStep, { phase: "answer" }>): Promise<PhaseStep | Refusal | undefined> {
    const open = this.#complaining.get(here.attempt.attemptHash);
    if (open === undefined) return undefined;
    const read = readAnswered(here, open.step, step);
    if (isRefusal(read)) return read;
    const { dealer, shares } = read.value;
    if (!open.keyed.wrong.includes(dealer)) return refuse("bad-message", "Nobody here complained about that dealer.");
    open.keyed = withAnswer(open.keyed, dealer, shares);
    if (open.keyed.wrong.some((one) => !open.keyed.held.has(one))) return undefined;
    return this.#mask(here, open.keyed);
  }

  forget(attemptHash: Digest): void {
    this.#complaining.delete(attemptHash);
  }

  async #mask(here: Here, keyed: Keyed): Promise<PhaseStep | Refusal> {
    const { attempt, directory, records, layout } = here;
    const stored = records.findLast((record) => record.kind === "stored" && record.roundHash === attempt.roundHash);
    if (stored?.kind !== "stored" || layout === undefined) return refuse("attempt-stale", "No vector is stored for this round.");
    const { hash: shares, dealers, roster } = keyed;
    const request = { kind: "mask", now: here.now, roster: roster.hash, shares, dealers, vector: stored.vector } as const;
    const decision = mayLeave(records, directory.numbers, request);
    if (isRefusal(decision)) return decision;
    if (decision.repeat) {
      return attempt.masked === undefined
        ? refuse("attempt-stale", "What was sent before is not kept any more.")
        : { ok: true, again: true, replies: [attempt.masked] };
    }
    const bytes = await this.#secure.vector(attempt.roundHash);
    // In place: it is read for this, and unmasked it need not be there a second time.
    const masked = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    maskInPlace(keyed, attempt.secrets, masked);
    const packed = pack(layout, masked);
    const body = await this.#keep(vectorBytes(packed));
    const statement = statementText(announceMasked(here.by, keyed, packed, body.digest));
    const reply = { ...replyOf(attempt), phase: "masked", statement, body } as const;
    this.forget(attempt.attemptHash);
    const keep = { shared: { hash: shares, dealers, held: [...keyed.held] }, masked: reply };
    return { ok: true, again: false, records: decision.records, keep, replies: [reply] };
  }

  /** In slices, so that hashing a large vector does not keep the link waiting. Durable: it must be there before it is announced. */
  #keep(bytes: Uint8Array) {
    return this.#blobs.write(async (append) => {
      for (let at = 0; at < bytes.byteLength; at += SLICE) await append(bytes.subarray(at, at + SLICE));
    });
  }
}
