/** Where the bytes of a recording come from: a folder of which nothing outside may be read, or memory. */
import { createHash } from "node:crypto";
import { open, realpath, type FileHandle } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { damaged, MAX_WHOLE, RecordingFault, unreadable, unsupported } from "./recording.ts";

export interface ByteSource {
  readonly size: number;
  /** Exactly so many bytes. Throws `damaged-recording` where the file ends before. */
  readonly read: (from: number, length: number) => Promise<Uint8Array>;
}

/** The files beside a recording's main file, by their plain names. */
export interface Siblings {
  /** Throws `damaged-recording` where there is none, `file-elsewhere` where the name or a link leads out of the folder. */
  readonly open: (name: string) => Promise<ByteSource>;
}

export interface RecordingFiles extends Siblings {
  /** Name of the main file, without its folder. */
  readonly name: string;
  readonly main: ByteSource;
}

/** All of a source. Throws `unsupported-recording` where it is larger than `most`. */
export async function wholeOf(source: ByteSource, most = MAX_WHOLE): Promise<Uint8Array> {
  if (source.size > most) throw unsupported("a file that must be read whole is too large");
  return source.read(0, source.size);
}

export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.byteLength,
    read: async (from, length) => {
      if (from + length > bytes.byteLength) throw damaged("a file ends too early");
      return bytes.subarray(from, from + length);
    },
  };
}

/** Files of memory, for tests and for formats of one file. */
export function filesInMemory(name: string, files: ReadonlyMap<string, Uint8Array>): RecordingFiles {
  const openOne = (name: string): ByteSource => {
    const bytes = files.get(plainName(name));
    if (bytes === undefined) throw damaged("a file that the recording names is not there");
    return bytesSource(bytes);
  };
  return { name, main: openOne(name), open: async (wanted) => openOne(wanted) };
}

/** Only a plain name: a header may have been written by anybody. Throws `file-elsewhere`. */
function plainName(name: string): string {
  if (name === "" || name === "." || name === ".." || /[/\\\0:]/.test(name))
    throw new RecordingFault("file-elsewhere", "a recording names a file outside its folder");
  return name;
}

interface Opened {
  readonly handle: FileHandle;
  readonly source: ByteSource;
}

/**
 * A recording on disk, with the files beside it. Links are followed first: what is read lies in `folder` or below it.
 * Close it after use.
 */
export class FilesOnDisk implements RecordingFiles {
  readonly name: string;
  readonly main: ByteSource;
  readonly #folder: string;
  readonly #beside: string;
  readonly #opened: Map<string, Opened>;

  private constructor(name: string, folder: string, beside: string, opened: Map<string, Opened>, main: ByteSource) {
    this.name = name;
    this.#folder = folder;
    this.#beside = beside;
    this.#opened = opened;
    this.main = main;
  }

  /** Throws `unreadable-recording` where there is no such file, `file-elsewhere` where it lies outside `folder`. */
  static async open(path: string, folder: string): Promise<FilesOnDisk> {
    const full = resolve(path);
    const root = await realpath(folder).catch(() => resolve(folder));
    const beside = dirname(full);
    const name = full.slice(beside.endsWith(sep) ? beside.length : beside.length + 1);
    const opened = new Map<string, Opened>();
    const main = await openInside(full, root);
    if (main === undefined) throw unreadable("the file is not there");
    opened.set(name, main);
    return new FilesOnDisk(name, root, beside, opened, main.source);
  }

  async open(name: string): Promise<ByteSource> {
    const known = this.#opened.get(plainName(name));
    if (known !== undefined) return known.source;
    const opened = await openInside(join(this.#beside, name), this.#folder);
    if (opened === undefined) throw damaged("a file that the recording names is not there");
    this.#opened.set(name, opened);
    return opened.source;
  }

  /** Of every file that was opened, with its name. */
  async digest(): Promise<string> {
    const hash = createHash("sha256");
    for (const [name, { source }] of [...this.#opened].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      hash.update(`${name}\0${source.size}\0`);
      for (let from = 0; from < source.size; from += BLOCK) hash.update(await source.read(from, Math.min(BLOCK, source.size - from)));
    }
    return hash.digest("hex");
  }

  async close(): Promise<void> {
    for (const { handle } of this.#opened.values()) await handle.close();
    this.#opened.clear();
  }
}

/** Bytes that are read at a time. */
export const BLOCK = 2 ** 20;

async function openInside(path: string, root: string): Promise<Opened | undefined> {
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) return undefined;
  if (!real.startsWith(root.endsWith(sep) ? root : root + sep))
    throw new RecordingFault("file-elsewhere", "a link leads out of the folder");
  const handle = await open(real, "r").catch(() => undefined);
  if (handle === undefined) return undefined;
  const stat = await handle.stat();
  if (!stat.isFile()) {
    await handle.close();
    throw unreadable("it is no file");
  }
  return { handle, source: sourceOf(handle, stat.size) };
}

/** A file of one block is read once, however many leads it holds. */
function sourceOf(handle: FileHandle, size: number): ByteSource {
  if (size > BLOCK) return { size, read: (from, length) => readExactly(handle, size, from, length) };
  let whole: Promise<Uint8Array> | undefined;
  return {
    size,
    read: async (from, length) => {
      whole ??= readExactly(handle, size, 0, size);
      return bytesSource(await whole).read(from, length);
    },
  };
}

async function readExactly(handle: FileHandle, size: number, from: number, length: number): Promise<Uint8Array> {
  if (from + length > size) throw damaged("a file ends too early");
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(bytes, done, length - done, from + done);
    if (bytesRead === 0) throw damaged("a file ends too early");
    done += bytesRead;
  }
  return bytes;
}
