/** A file that is hashed while it grows or while it is read. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import type { Digest } from "@engraft/core/base/ids";

/** SHA-256 of a file, read slice by slice. */
export async function digestOf(path: string): Promise<Digest> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex") as Digest;
}

/** A file that is hashed while it grows; an existing one is read once and continued. */
export class HashedFile {
  length = 0;
  #hash: Hash = createHash("sha256");
  readonly #handle: FileHandle;
  /** Appends run one after the other, and end before the file is closed. */
  #last: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;
  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async open(path: string): Promise<HashedFile> {
    const file = new HashedFile(await open(path, "a+", 0o600));
    const { size } = await file.#handle.stat();
    if (size > 0) {
      for await (const chunk of createReadStream(path)) {
        const bytes = chunk as Buffer;
        file.#hash.update(bytes);
        file.length += bytes.byteLength;
      }
    }
    return file;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  append(chunk: Uint8Array): Promise<void> {
    const appended = this.#last.then(async () => {
      this.#hash.update(chunk);
      this.length += chunk.byteLength;
      await this.#handle.appendFile(chunk);
    });
    this.#last = appended.catch(() => undefined);
    return appended;
  }

  async restart(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hash = createHash("sha256");
    this.length = 0;
  }

  /** Makes the content durable. */
  async sync(): Promise<void> {
    await this.#handle.datasync();
  }

  digest(): Digest {
    return this.#hash.copy().digest("hex") as Digest;
  }

  close(): Promise<void> {
    this.#closing ??= this.#last.then(() => this.#handle.close());
    return this.#closing;
  }
}
