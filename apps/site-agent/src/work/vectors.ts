/** Blobs that an ask names: fetched once, kept by digest, checked on the bytes that are used. */
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest, RunId } from "@engraft/core/base/ids";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { BlobStore } from "@engraft/runtime/blobs";
import type { Link } from "@engraft/runtime/link";
import type { OnProgress } from "./site-model.ts";

export class Vectors {
  readonly #blobs: BlobStore;
  readonly #link: () => Pick<Link, "fetch"> | undefined;
  /** Checkpoints on disk, by run; the next round does not need the last one's. */
  readonly #held = new Map<RunId, Set<Digest>>();

  constructor(blobs: BlobStore, link: () => Pick<Link, "fetch"> | undefined) {
    this.#blobs = blobs;
    this.#link = link;
  }

  /** The blob's bytes. Throws `link-lost` while there is no link, `blob-missing` where the coordinator has none, `digest-mismatch`. */
  async load(ref: BlobRef, onProgress: OnProgress): Promise<Uint8Array> {
    if ((await this.#blobs.size(ref.digest)) !== undefined) {
      try {
        return await this.#whole(ref);
      } catch (error) {
        // The disk gave other bytes than were written: fetched anew.
        if (!(error instanceof EngraftError) || error.code !== "digest-mismatch") throw error;
        await this.#blobs.remove(ref.digest);
      }
    }
    const link = this.#link();
    if (link === undefined) throw new EngraftError("link-lost", "There is no connection; the coordinator asks again when there is.");
    await link.fetch(ref, (done, total) => onProgress({ done, total }));
    return this.#whole(ref);
  }

  /** A flat vector, without a copy where the bytes are aligned. */
  async loadVector(run: RunId, ref: BlobRef, onProgress: OnProgress): Promise<Float32Array> {
    const bytes = await this.load(ref, onProgress);
    const held = this.#held.get(run) ?? new Set();
    this.#held.set(run, held.add(ref.digest));
    return bytes.byteOffset % 4 === 0
      ? new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
      : new Float32Array(Uint8Array.from(bytes).buffer);
  }

  /** Removes the vectors of a run but those named. */
  async keepOnly(run: RunId, keep: readonly Digest[]): Promise<void> {
    const held = this.#held.get(run);
    if (held === undefined) return;
    for (const digest of held) {
      if (keep.includes(digest)) continue;
      held.delete(digest);
      const elsewhere = [...this.#held.entries()].some(([other, digests]) => other !== run && digests.has(digest));
      if (!elsewhere) await this.#blobs.remove(digest);
    }
    if (held.size === 0) this.#held.delete(run);
  }

  async #whole(ref: BlobRef): Promise<Uint8Array> {
    const bytes = await this.#blobs.read(ref.digest);
    if (bytes.byteLength !== ref.bytes)
      throw new EngraftError("wrong-shape", `The blob has ${bytes.byteLength} bytes; the ask says ${ref.bytes}.`);
    return bytes;
  }
}
