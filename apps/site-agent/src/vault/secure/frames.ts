/**
 * An append-only file of encrypted frames. Each frame is a box bound to the tag of the one before it, so that a frame that
 * was altered, removed or moved is found.
 */
import { randomBytes } from "node:crypto";
import { open, readFile, type FileHandle } from "node:fs/promises";
import { concat, utf8 } from "@engraft/core/base/bytes";
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

export interface Frames {
  /** Oldest first; none where there is no file. */
  readonly contents: readonly Uint8Array[];
  /** Bytes that these frames take. */
  readonly length: number;
  /** Bytes after them that are not a frame of this file: torn off by a power cut, or altered. */
  readonly rest: number;
  /** Tag of the last one. */
  readonly last: Uint8Array;
}

/** Reads frames for as long as each follows from the one before. Writes nothing. */
export async function readFrames(path: string, key: Uint8Array): Promise<Frames> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return new Uint8Array();
    throw error;
  });
  const contents: Uint8Array[] = [];
  let [at, last] = [0, START];
  while (at + 4 <= bytes.length) {
    const length = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true);
    const box = bytes.slice(at + 4, at + 4 + length);
    const content = box.length === length ? openBox(key, last, box) : undefined;
    if (content === undefined) break;
    contents.push(content);
    last = tagOf(box);
    at += 4 + length;
  }
  return { contents, length: at, rest: bytes.length - at, last };
}

export class FrameFile {
  readonly #path: string;
  readonly #key: Uint8Array;
  #file: FileHandle;
  #last: Uint8Array;
  #length: number;
  /** After a failure that could not be undone nothing more is appended: it could not be read again. */
  #broken: Error | undefined;

  private constructor(path: string, key: Uint8Array, file: FileHandle, last: Uint8Array, length: number) {
    this.#path = path;
    this.#key = key;
    this.#file = file;
    this.#last = last;
    this.#length = length;
  }

  /** Goes on after `frames`; whatever stands behind them is cut off. */
  static async open(path: string, key: Uint8Array, { length, rest, last }: Frames): Promise<FrameFile> {
    const file = await open(path, "a", 0o600);
    if (rest > 0) await file.truncate(length);
    return new FrameFile(path, key, file, last, length);
  }

  /** Durable when it returns. Where it throws, the file is as it was before. */
  async append(content: Uint8Array): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    const frame = frameOf(this.#key, this.#last, content);
    try {
      await this.#file.appendFile(frame);
      await this.#file.datasync();
    } catch (error) {
      await this.#file.truncate(this.#length).catch(() => {
        this.#broken = error instanceof Error ? error : new Error(String(error));
      });
      storageFault(error, this.#path);
    }
    this.#last = tagOf(frame);
    this.#length += frame.length;
  }

  /** The file with only this frame, whole or not at all. */
  async replace(content: Uint8Array): Promise<void> {
    const frame = frameOf(this.#key, START, content);
    await writeFileDurably(this.#path, frame);
    await this.#file.close();
    this.#file = await open(this.#path, "a", 0o600);
    this.#last = tagOf(frame);
    this.#length = frame.length;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
