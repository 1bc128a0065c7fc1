/**
 * The frames of a socket, from its first moment: whatever arrives before somebody listens is kept, so that a message sent
 * right behind the handshake is not lost.
 */
import { EngraftError } from "@engraft/core/base/errors";
import type { RawData, WebSocket } from "ws";

export type FrameHandler = (data: Buffer, binary: boolean) => void;

/** More than this before anybody listens is no handshake. */
const MAX_WAITING = 16;

/** A close is the peer's unsigned word: its reason is shown to people, and nothing is decided by it. */
export const closedBy = (code: number, reason: string): EngraftError =>
  new EngraftError("link-lost", `The connection was closed (${`${code} ${reason}`.trim()}).`);

export class Inbox {
  readonly socket: WebSocket;
  #waiting: { data: Buffer; binary: boolean }[] = [];
  #handler: FrameHandler | undefined;
  #closed: { code: number; reason: string } | undefined;
  #onClose: ((code: number, reason: string) => void) | undefined;

  /** Must be made in the same tick as the socket is opened or accepted. */
  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.binaryType = "nodebuffer";
    socket.on("message", (raw: RawData, binary: boolean) => this.#take(raw as Buffer, binary));
    // An error is always followed by a close, which tells the reader.
    socket.on("error", () => undefined);
    socket.on("close", (code, reason) => {
      this.#closed = { code, reason: reason.toString("utf8") };
      this.#onClose?.(code, this.#closed.reason);
    });
  }

  #take(data: Buffer, binary: boolean): void {
    if (this.#handler !== undefined) this.#handler(data, binary);
    else if (this.#waiting.length >= MAX_WAITING) this.socket.terminate();
    else this.#waiting.push({ data, binary });
  }

  /** From now on every frame goes to `handler`, those that waited first. */
  deliver(handler: FrameHandler, onClose: (code: number, reason: string) => void): void {
    this.#handler = handler;
    this.#onClose = onClose;
    for (const { data, binary } of this.#waiting.splice(0)) handler(data, binary);
    if (this.#closed !== undefined) onClose(this.#closed.code, this.#closed.reason);
  }

  /** The next text frame. Throws `link-lost` on close or after `ms`, `bad-message` on a binary frame. */
  async nextText(ms: number): Promise<string> {
    const { data, binary } = this.#waiting.shift() ?? (await this.#nextFrame(ms));
    if (binary) throw new EngraftError("bad-message", "A binary frame before the handshake.");
    return data.toString("utf8");
  }

  /** Only where no frame waits: takes one, and lets those behind it wait. */
  #nextFrame(ms: number): Promise<{ readonly data: Buffer; readonly binary: boolean }> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#handler = undefined;
        this.#onClose = undefined;
      };
      const timer = setTimeout(() => {
        done();
        reject(new EngraftError("link-lost", "The other side did not speak in time."));
      }, ms);
      this.deliver(
        (data, binary) => {
          done();
          resolve({ data, binary });
        },
        (code, reason) => {
          done();
          reject(closedBy(code, reason));
        },
      );
    });
  }
}
