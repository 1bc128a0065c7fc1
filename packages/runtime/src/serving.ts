/** The sending half of a link's transfers: which blobs the peer may have, and how much of one is under way. */
import { open } from "node:fs/promises";
import { EngraftError, isRefusal, type Refusal } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import { encodeHeader, FRAME_HEADER } from "@engraft/core/protocol/frame";
import type { MessageOf } from "@engraft/core/protocol/messages";
import { acknowledge, nextSlice, sent, startSending, type Sending } from "@engraft/core/protocol/transfer";
import type { BlobStore } from "./blobs.ts";

/** Transfers that a peer may have open towards us; each holds a file handle. */
const MAX_TRANSFERS = 16;

export interface ServingOptions {
  readonly blobs: BlobStore;
  readonly mayServe: (digest: Digest) => boolean;
  readonly missing: (transfer: number, text: string) => void;
  /** Resolves when the frame has left; awaiting it keeps one frame in memory and not a whole blob. */
  readonly sendFrame: (frame: Uint8Array) => Promise<void>;
  readonly open: () => boolean;
  /** `done` of `total` bytes have left. */
  readonly served: (digest: Digest, done: number, total: number) => void;
}

interface Outgoing {
  state: Sending;
  wake: () => void;
}

export class Serving {
  readonly #options: ServingOptions;
  readonly #outgoing = new Map<number, Outgoing>();

  constructor(options: ServingOptions) {
    this.#options = options;
  }

  /** The peer asks for a blob from an offset. */
  get({ transfer, digest, offset }: MessageOf<"transfer.get">): void {
    void this.#serve(transfer, digest, offset).catch(() => this.#options.missing(transfer, "The blob could not be read."));
  }

  /** The peer holds everything up to an offset; a refusal where that cannot be. */
  ack({ transfer, offset }: MessageOf<"transfer.ack">): Refusal | undefined {
    const outgoing = this.#outgoing.get(transfer);
    // An acknowledgement of a transfer that just ended.
    if (outgoing === undefined) return undefined;
    const next = acknowledge(outgoing.state, offset);
    if (isRefusal(next)) return next;
    outgoing.state = next;
    outgoing.wake();
    return undefined;
  }

  /** The link is closed: whoever waits for an acknowledgement finds out. */
  end(): void {
    for (const outgoing of this.#outgoing.values()) outgoing.wake();
  }

  async #serve(transfer: number, digest: Digest, offset: number): Promise<void> {
    const { blobs, mayServe, missing } = this.#options;
    if (this.#outgoing.size >= MAX_TRANSFERS || this.#outgoing.has(transfer)) return missing(transfer, "Too many transfers at once.");
    const bytes = mayServe(digest) ? await blobs.size(digest) : undefined;
    if (bytes === undefined) return missing(transfer, "Not here, or not for you.");
    const start = startSending(bytes, offset);
    if (isRefusal(start)) return missing(transfer, start.text);
    const outgoing: Outgoing = { state: start, wake: () => undefined };
    this.#outgoing.set(transfer, outgoing);
    // Where it goes on from an earlier link.
    if (offset > 0) this.#options.served(digest, offset, bytes);
    try {
      const file = await open(blobs.path(digest), "r");
      try {
        await this.#pump(transfer, digest, outgoing, (target, at) => file.read(target, 0, target.byteLength, at));
      } finally {
        await file.close();
      }
    } finally {
      this.#outgoing.delete(transfer);
    }
  }

  async #pump(
    transfer: number,
    digest: Digest,
    outgoing: Outgoing,
    read: (target: Uint8Array, at: number) => Promise<{ bytesRead: number }>,
  ): Promise<void> {
    while (this.#options.open() && outgoing.state.at < outgoing.state.bytes) {
      const length = nextSlice(outgoing.state);
      if (length === 0) {
        await new Promise<void>((resolve) => {
          outgoing.wake = resolve;
        });
        continue;
      }
      const frame = new Uint8Array(FRAME_HEADER + length);
      encodeHeader(frame, transfer, outgoing.state.at);
      const { bytesRead } = await read(frame.subarray(FRAME_HEADER), outgoing.state.at);
      if (bytesRead !== length) throw new EngraftError("blob-missing", "The blob became shorter while it was sent.");
      outgoing.state = sent(outgoing.state, length);
      await this.#options.sendFrame(frame);
      this.#options.served(digest, outgoing.state.at, outgoing.state.bytes);
    }
  }
}
