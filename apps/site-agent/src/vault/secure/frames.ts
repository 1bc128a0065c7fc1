/**
 * An append-only file of encrypted frames. Each frame is a box bound to the tag of the one before it, so that a frame that
 * was altered, removed or moved is found; a last frame that a power cut tore off was never acted on and is dropped.
 */
import { randomBytes } from "node:crypto";
import { open, readFile, type FileHandle } from "node:fs/promises";
import { concat, utf8 } from "@engraft/core/base/bytes";
import { EngraftError } from "@engraft/core/base/errors";
import { openBox, sealBox } from "@engraft/core/crypto/box";
import { storageFault, writeFileDurably } from "@engraft/runtime/files";

const TAG = 16;
const START = utf8("engraft secure journal 1");

const u32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
};

function frameOf(key: Uint8Array, previous: Uint8Array, content: Uint8Array): Uint8Array {
  const box = sealBox(key, randomBytes(12), previous, content);
  return concat([u32(box.length), box]);
}

const tagOf = (frame: Uint8Array): Uint8Array => frame.slice(frame.length - TAG);

export class FrameFile {
  readonly #path: string;
  readonly #key: Uint8Array;
  #file: FileHandle;
  #last: Uint8Array;

  private constructor(path: string, key: Uint8Array, file: FileHandle, last: Uint8Array) {
    this.#path = path;
    this.#key = key;
    this.#file = file;
    this.#last = last;
  }

  /** The file's frames, oldest first; none where there is no file. Throws `bad-config` where one of them is not as it was written. */
  static async open(path: string, key: Uint8Array): Promise<{ readonly file: FrameFile; readonly contents: readonly Uint8Array[] }> {
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return new Uint8Array();
      throw error;
    });
    const contents: Uint8Array[] = [];
    let [at, last] = [0, START];
    while (at + 4 <= bytes.length) {
      const length = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true);
      if (at + 4 + length > bytes.length) break;
      const box = bytes.slice(at + 4, at + 4 + length);
      const content = openBox(key, last, box);
      if (content === undefined) {
        throw new EngraftError(
          "bad-config",
          `The secure journal ${path} is damaged or belongs to another key, so nothing of it can be trusted. Restore the whole folder "secure" from one copy, or remove it: then this site's steward must approve again.`,
        );
      }
      contents.push(content);
      last = tagOf(box);
      at += 4 + length;
    }
    const file = await open(path, "a", 0o600);
    if (at < bytes.length) await file.truncate(at);
    return { file: new FrameFile(path, key, file, last), contents };
  }

  /** Durable when it returns. */
  async append(content: Uint8Array): Promise<void> {
    const frame = frameOf(this.#key, this.#last, content);
    try {
      await this.#file.appendFile(frame);
      await this.#file.datasync();
    } catch (error) {
      storageFault(error, this.#path);
    }
    this.#last = tagOf(frame);
  }

  /** The file with only this frame, whole or not at all. */
  async replace(content: Uint8Array): Promise<void> {
    const frame = frameOf(this.#key, START, content);
    await writeFileDurably(this.#path, frame);
    await this.#file.close();
    this.#file = await open(this.#path, "a", 0o600);
    this.#last = tagOf(frame);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
