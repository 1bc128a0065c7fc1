/** PUT /blobs/<sha256>: an admin's upload of a base model, streamed to disk and checked against its name. */
import type { IncomingMessage } from "node:http";
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import type { BlobStore } from "@engraft/runtime/blobs";

/** 500 million float32 values and their header. */
const MAX_BYTES = 2_100_000_000;

export class Uploads {
  readonly #blobs: BlobStore;
  readonly #running = new Set<string>();

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** Throws `bad-input`, `message-too-big`, `conflict`, `digest-mismatch` or `disk-full`. */
  async put(digest: Digest, request: IncomingMessage): Promise<{ readonly digest: Digest; readonly bytes: number }> {
    const bytes = Number(request.headers["content-length"]);
    if (!Number.isSafeInteger(bytes) || bytes < 1) throw new EngraftError("bad-input", "An upload needs a Content-Length.");
    if (bytes > MAX_BYTES) throw new EngraftError("message-too-big", `A file may have ${MAX_BYTES} bytes.`);
    if ((await this.#blobs.size(digest)) === bytes) {
      request.resume();
      return { digest, bytes };
    }
    if (this.#running.has(digest))
      throw new EngraftError("conflict", "This file is being uploaded already. Try again when that has ended.");
    this.#running.add(digest);
    try {
      await this.#receive(digest, bytes, request);
      return { digest, bytes };
    } finally {
      this.#running.delete(digest);
    }
  }

  async #receive(digest: Digest, bytes: number, request: IncomingMessage): Promise<void> {
    const receiver = await this.#blobs.receiver({ digest, bytes }, "upload");
    // What an upload that broke off has left is not written again; a wrong beginning shows in the digest.
    let skip = receiver.held;
    try {
      for await (const chunk of request) {
        const data = chunk as Buffer;
        const rest = data.subarray(Math.min(skip, data.byteLength));
        skip -= data.byteLength - rest.byteLength;
        if (rest.byteLength > 0) await receiver.append(rest);
      }
    } catch (error) {
      await receiver.suspend();
      if (error instanceof EngraftError) throw error;
      throw new EngraftError("link-lost", "The upload broke off. Send it again; it goes on from there.", { cause: error });
    }
    await receiver.finish().catch((error: unknown) => {
      if (!(error instanceof EngraftError) || error.code !== "digest-mismatch") throw error;
      throw new EngraftError(
        "bad-input",
        "The bytes do not have the SHA-256 in the address. Nothing was kept; compute it again and send the file again.",
        { cause: error },
      );
    });
  }
}
