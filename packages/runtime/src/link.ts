/** One connection after its handshake, the same class on both sides: signed control messages, and blobs in both directions. */
import { EngraftError, type Code } from "@engraft/core/base/errors";
import type { Digest, PublicKey } from "@engraft/core/base/ids";
import type { Envelope } from "@engraft/core/crypto/envelope";
import type { Identity } from "@engraft/core/crypto/identity";
import { decodeFrame, type Frame } from "@engraft/core/protocol/frame";
import type { Message, MessageOf, MessageType } from "@engraft/core/protocol/messages";
import { openMessage, sealMessage, type Scopes } from "@engraft/core/protocol/session";
import { receive, startReceiving, type Receiving } from "@engraft/core/protocol/transfer";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { BlobReceiver, BlobStore, Keep } from "./blobs.ts";
import { closeWith } from "./handshake.ts";
import { closedBy, type Inbox } from "./inbox.ts";
import { Serving } from "./serving.ts";

/** A link over which nothing has come or gone for three of these is given up: within a minute (SPEC.md, L2). */
const PING_MS = 15_000;
const MISSED = 2;

export interface LinkOptions {
  /** Which side we are. */
  readonly role: "site" | "coordinator";
  readonly identity: Identity;
  readonly peerKey: PublicKey;
  /** Names the peer in partial files: a site name, or "coordinator". */
  readonly peerName: string;
  readonly scopes: Scopes;
  readonly blobs: BlobStore;
  /** How fetched blobs are kept. */
  readonly keep: Keep;
  /** Which blobs this peer may have: asked for every transfer, so that nothing leaves that was not meant to. */
  readonly mayServe: (digest: Digest) => boolean;
}

/** `message`: signed text. `blob`: frames of transfers. */
export type BytesKind = "message" | "blob";

/** `said`: one side told the other why. `closed`: without a word. `silent`: given up, nothing came. `cut`: the connection broke. */
export type LinkEnd = "said" | "closed" | "silent" | "cut";

/** The close code of a socket that ended without a closing handshake (RFC 6455, 7.1.5). */
const BROKEN = 1006;

export interface LinkHandlers {
  /** Every verified message but transfers, in order of arrival. */
  readonly message: (message: Message, envelope: Envelope) => void;
  readonly close: (code: Code, text: string, how: LinkEnd) => void;
  readonly bytes?: (direction: "in" | "out", count: number, kind: BytesKind) => void;
  /** How much of a blob has left for the peer, which may have had the beginning from an earlier link. */
  readonly served?: (digest: Digest, done: number, total: number) => void;
}

type TransferMessage = Extract<Message, { type: "transfer.get" | "transfer.ack" | "transfer.missing" }>;

interface Incoming {
  readonly receiver: BlobReceiver;
  state: Receiving;
  /** Appends run one after the other. */
  queue: Promise<void>;
  readonly progress: ((done: number, total: number) => void) | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Link {
  readonly #inbox: Inbox;
  readonly #options: LinkOptions;
  readonly #handlers: LinkHandlers;
  readonly #incoming = new Map<number, Incoming>();
  readonly #serving: Serving;
  readonly #fetching = new Map<Digest, Promise<void>>();
  #nextTransfer = 1;
  #closed = false;
  /** Heartbeats since the last sign of life. */
  #silent = 0;
  #gaveUp = false;
  #farewell: { code: Code; text: string } | undefined;

  constructor(inbox: Inbox, options: LinkOptions, handlers: LinkHandlers) {
    this.#inbox = inbox;
    this.#options = options;
    this.#handlers = handlers;
    this.#serving = new Serving({
      blobs: options.blobs,
      mayServe: options.mayServe,
      missing: (transfer, text) => this.send("transfer.missing", { transfer, text }),
      sendFrame: (frame) => this.#sendFrame(frame),
      open: () => this.open,
      served: (digest, done, total) => handlers.served?.(digest, done, total),
    });
    const heartbeat = this.#heartbeat();
    inbox.deliver(
      (data, binary) => {
        this.#silent = 0;
        handlers.bytes?.("in", data.byteLength, binary ? "blob" : "message");
        if (binary) this.#onFrame(data);
        else this.#onText(data.toString("utf8"));
      },
      (code, reason) => {
        clearInterval(heartbeat);
        this.#onClose(code, reason);
      },
    );
  }

  get open(): boolean {
    return !this.#closed && this.#inbox.socket.readyState === this.#inbox.socket.OPEN;
  }

  /** Seals and sends; silently nothing on a closed link, because whatever is owed is sent again on the next one. */
  send<T extends MessageType>(type: T, value: MessageOf<T>): void {
    this.#sendText(sealMessage(this.#options.identity, this.#options.scopes, type, value));
  }

  /** Sends a statement exactly as it was stored. */
  sendStatement(envelope: Envelope): void {
    this.#sendText(JSON.stringify(envelope));
  }

  #sendText(text: string): void {
    if (!this.open) return;
    this.#handlers.bytes?.("out", text.length, "message");
    this.#inbox.socket.send(text);
  }

  /** Says why, then closes. */
  close(code: Code, text: string): void {
    if (this.#closed) return;
    this.#farewell ??= { code, text };
    closeWith(this.#inbox.socket, { code, text }, sealMessage(this.#options.identity, this.#options.scopes, "goodbye", { code, text }));
  }

  /**
   * Gets a blob from the peer into the store, going on from what an earlier link brought. Rejects with `blob-missing`,
   * `digest-mismatch`, `disk-full` or `link-lost`. Fetches of one digest share one transfer.
   */
  fetch(ref: BlobRef, progress?: (done: number, total: number) => void): Promise<void> {
    const running = this.#fetching.get(ref.digest);
    if (running !== undefined) return running;
    const started = this.#fetch(ref, progress).finally(() => this.#fetching.delete(ref.digest));
    this.#fetching.set(ref.digest, started);
    return started;
  }

  async #fetch(ref: BlobRef, progress?: (done: number, total: number) => void): Promise<void> {
    if (await this.#options.blobs.has(ref)) return;
    const receiver = await this.#options.blobs.receiver(ref, this.#options.peerName, this.#options.keep);
    if (receiver.held === ref.bytes) return receiver.finish();
    if (!this.open) {
      await receiver.suspend();
      throw lost();
    }
    const transfer = this.#nextTransfer++;
    await new Promise<void>((resolve, reject) => {
      this.#incoming.set(transfer, {
        receiver,
        state: startReceiving(ref.bytes, receiver.held),
        queue: Promise.resolve(),
        progress,
        resolve,
        reject,
      });
      progress?.(receiver.held, ref.bytes);
      this.send("transfer.get", { transfer, digest: ref.digest, offset: receiver.held });
    });
  }

  #onText(text: string): void {
    const { role, peerKey, scopes } = this.#options;
    const opened = openMessage(text, { role: role === "site" ? "coordinator" : "site", key: peerKey }, scopes);
    if (!opened.ok) {
      this.close(opened.code, opened.text);
      return;
    }
    const { message } = opened;
    if (isTransfer(message)) this.#onTransfer(message);
    else if (message.type === "goodbye") this.#farewell = message.value;
    else this.#handlers.message(message, opened.envelope);
  }

  #onTransfer(message: TransferMessage): void {
    if (message.type === "transfer.get") {
      this.#serving.get(message.value);
      return;
    }
    if (message.type === "transfer.missing") {
      this.#fail(message.value.transfer, new EngraftError("blob-missing", message.value.text));
      return;
    }
    const refusal = this.#serving.ack(message.value);
    if (refusal !== undefined) this.close(refusal.code, refusal.text);
  }

  #sendFrame(frame: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#handlers.bytes?.("out", frame.byteLength, "blob");
      this.#inbox.socket.send(frame, { binary: true, compress: false }, (error) => {
        // A slow line carries our frames long before the answer to a ping that waits behind them.
        if (error === undefined || error === null) this.#silent = 0;
        resolve();
      });
    });
  }

  #onFrame(bytes: Uint8Array): void {
    const decoded = decodeFrame(bytes);
    if (!decoded.ok) {
      this.close(decoded.code, decoded.text);
      return;
    }
    const incoming = this.#incoming.get(decoded.frame.transfer);
    // A frame of a transfer that was just given up.
    if (incoming === undefined) return;
    incoming.queue = incoming.queue
      .then(() => this.#append(incoming, decoded.frame))
      .catch((error: unknown) => this.#fail(decoded.frame.transfer, error));
  }

  async #append(incoming: Incoming, frame: Frame): Promise<void> {
    if (this.#incoming.get(frame.transfer) !== incoming) return;
    const taken = receive(incoming.state, frame);
    if (!taken.ok) {
      this.close(taken.code, taken.text);
      return;
    }
    await incoming.receiver.append(frame.data);
    incoming.state = taken.state;
    incoming.progress?.(taken.state.at, taken.state.bytes);
    if (taken.ackAt !== undefined) this.send("transfer.ack", { transfer: frame.transfer, offset: taken.ackAt });
    if (!taken.complete) return;
    this.#incoming.delete(frame.transfer);
    await incoming.receiver.finish().then(incoming.resolve, incoming.reject);
  }

  #fail(transfer: number, error: unknown): void {
    const incoming = this.#incoming.get(transfer);
    if (incoming === undefined) return;
    this.#incoming.delete(transfer);
    void incoming.queue
      .then(() => incoming.receiver.suspend())
      .catch(() => undefined)
      .then(() => incoming.reject(error));
  }

  #heartbeat(): NodeJS.Timeout {
    const { socket } = this.#inbox;
    for (const sign of ["ping", "pong"] as const)
      socket.on(sign, () => {
        this.#silent = 0;
      });
    const timer = setInterval(() => {
      if (this.#silent >= MISSED) {
        this.#gaveUp = true;
        socket.terminate();
      }
      this.#silent += 1;
      if (socket.readyState === socket.OPEN) socket.ping();
    }, PING_MS);
    timer.unref();
    return timer;
  }

  #onClose(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const transfer of this.#incoming.keys()) this.#fail(transfer, lost());
    this.#serving.end();
    const { code: named, text } = this.#farewell ?? { code: "link-lost", text: closedBy(code, reason).message };
    const how = this.#farewell !== undefined ? "said" : this.#gaveUp ? "silent" : code === BROKEN ? "cut" : "closed";
    this.#handlers.close(named, text, how);
  }
}

const lost = (): EngraftError => new EngraftError("link-lost", "The connection was lost; the transfer goes on from where it stopped.");

const isTransfer = (message: Message): message is TransferMessage =>
  message.type === "transfer.get" || message.type === "transfer.ack" || message.type === "transfer.missing";
