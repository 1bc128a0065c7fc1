/**
 * Answers that the coordinator has not yet settled. An answer is here, synced, before its first byte leaves: after kill -9
 * the very same bytes go out again. What is here is also all that this site serves: the list of what may leave.
 */
import { join } from "node:path";
import * as z from "zod";
import { Digest, RunId } from "@engraft/core/base/ids";
import { Envelope } from "@engraft/core/crypto/envelope";
import type { Ask } from "@engraft/core/protocol/messages";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { BlobStore } from "@engraft/runtime/blobs";
import { crashPoint } from "@engraft/runtime/crash-point";
import { removeIfThere } from "@engraft/runtime/files";
import { readAll, writeJson } from "./json-file.ts";

const AnswerFile = z.strictObject({
  format: z.literal("engraft.answer/1"),
  run: RunId,
  round: z.int().min(0),
  kind: z.enum(["train", "evaluate"]),
  /** The checkpoint that was asked about. */
  checkpoint: Digest,
  statement: Envelope,
  /** The update, which the coordinator fetches by digest. */
  blob: z.strictObject({ digest: Digest, bytes: z.int().min(0) }).nullable(),
});

export interface StoredAnswer {
  readonly run: RunId;
  readonly round: number;
  readonly kind: Ask["kind"];
  readonly checkpoint: Digest;
  readonly statement: Envelope;
  readonly blob: BlobRef | null;
}

type AnswerKey = Pick<Ask, "run" | "round" | "kind">;

const keyOf = (answer: AnswerKey): string => `${answer.run}.${answer.round}.${answer.kind}`;

export class Outbox {
  readonly #folder: string;
  readonly #blobs: BlobStore;
  readonly #answers = new Map<string, StoredAnswer>();
  readonly #mayLeave = new Set<string>();

  private constructor(folder: string, blobs: BlobStore) {
    this.#folder = folder;
    this.#blobs = blobs;
  }

  /** An answer whose update is no longer whole is dropped: it was settled, or never sent. */
  static async open(home: string, blobs: BlobStore): Promise<Outbox> {
    const outbox = new Outbox(join(home, "outbox"), blobs);
    for (const { format: _format, ...answer } of await readAll(outbox.#folder, AnswerFile)) {
      outbox.#keep(answer);
      if (answer.blob !== null && (await blobs.size(answer.blob.digest)) !== answer.blob.bytes) await outbox.remove(answer);
    }
    return outbox;
  }

  /** The stored answer to exactly this ask, from exactly this checkpoint. */
  find(ask: AnswerKey & { readonly checkpoint: { readonly digest: Digest } }): StoredAnswer | undefined {
    const answer = this.get(ask);
    return answer?.checkpoint === ask.checkpoint.digest ? answer : undefined;
  }

  get(key: AnswerKey): StoredAnswer | undefined {
    return this.#answers.get(keyOf(key));
  }

  all(): readonly StoredAnswer[] {
    return [...this.#answers.values()];
  }

  blobs(): readonly BlobRef[] {
    return this.all().flatMap(({ blob }) => (blob === null ? [] : [blob]));
  }

  /** Durable when it returns. The blob must be in the store already. */
  async put(answer: StoredAnswer): Promise<void> {
    await writeJson(this.#path(answer), { format: "engraft.answer/1", ...answer });
    crashPoint(`outbox.${answer.kind}`);
    this.#keep(answer);
  }

  /** The egress list: only updates of unsettled answers. */
  mayLeave(digest: string): boolean {
    return this.#mayLeave.has(digest);
  }

  /** Forgets an answer and its update. Not synced: what comes back after a power cut is dropped or settled again. */
  async remove(key: AnswerKey): Promise<void> {
    const answer = this.get(key);
    if (answer === undefined) return;
    this.#answers.delete(keyOf(key));
    if (answer.blob !== null) {
      const { digest } = answer.blob;
      // Two answers can carry the same bytes, for example zeros.
      const shared = this.all().some((other) => other.blob?.digest === digest);
      if (!shared) {
        this.#mayLeave.delete(digest);
        await this.#blobs.remove(digest);
      }
    }
    crashPoint("outbox.removing");
    await removeIfThere(this.#path(answer));
  }

  #keep(answer: StoredAnswer): void {
    this.#answers.set(keyOf(answer), answer);
    if (answer.blob !== null) this.#mayLeave.add(answer.blob.digest);
  }

  #path(answer: AnswerKey): string {
    return join(this.#folder, `${keyOf(answer)}.json`);
  }
}
