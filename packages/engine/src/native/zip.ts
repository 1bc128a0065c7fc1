/**
 * Reads zip archives of any size from disk without holding them in memory. What is written out is bounded by what the
 * directory declares, and the directory is refused where it declares anything odd: an archive comes from outside.
 */
import { EngraftError } from "@engraft/core/base/errors";
import { createWriteStream } from "node:fs";
import { mkdir, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32, createInflateRaw } from "node:zlib";

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  readonly crc: number;
  /** Of its local header. */
  readonly at: number;
}

export interface ZipLimits {
  readonly entries: number;
  /** Of all files together, unpacked. */
  readonly bytes: number;
}

const LIMITS: ZipLimits = { entries: 100_000, bytes: 4 * 1024 ** 3 };
const DIRECTORY_BYTES = 32 * 1024 ** 2;
const END_BYTES = 22;
const STORED = 0;
const DEFLATED = 8;

const odd = (what: string): never => {
  throw new EngraftError("bad-input", `The archive cannot be used: ${what}. Nothing was unpacked.`);
};

async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, at);
  if (bytesRead !== length) odd("it ends too early");
  return buffer;
}

/** Names that stay inside the folder they are unpacked to, on every system. */
function safeName(raw: Buffer): string {
  let name: string;
  try {
    name = new TextDecoder("utf-8", { fatal: true }).decode(raw);
  } catch {
    return odd("a name in it is not UTF-8");
  }
  const parts = name.replace(/\/$/, "").split("/");
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\\:]/.test(name) || parts.some((part) => part === "" || part === "." || part === ".."))
    odd("a name in it points outside of the folder");
  return name;
}

/** The directory at the archive's end. Throws `bad-input`. */
export async function readZip(handle: FileHandle, limits: ZipLimits = LIMITS): Promise<readonly ZipEntry[]> {
  const { size } = await handle.stat();
  const tailBytes = Math.min(size, END_BYTES + 65_535);
  const tail = await readAt(handle, size - tailBytes, tailBytes);
  const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (end < 0 || end + END_BYTES > tail.length) return odd("it is no zip file, or was cut");
  const [count, bytes, at] = [tail.readUInt16LE(end + 10), tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)];
  if (count === 0xffff || at === 0xffff_ffff) odd("it is in the large form (zip64)");
  if (count > limits.entries || bytes > DIRECTORY_BYTES) odd("it holds too many files");
  const directory = await readAt(handle, at, bytes);
  const entries: ZipEntry[] = [];
  for (let from = 0; entries.length < count;) {
    if (from + 46 > directory.length || directory.readUInt32LE(from) !== 0x0201_4b50) odd("its directory is damaged");
    const [nameBytes, extra, comment] = [28, 30, 32].map((offset) => directory.readUInt16LE(from + offset)) as [number, number, number];
    if ((directory.readUInt16LE(from + 8) & 1) !== 0) odd("it is encrypted");
    if (((directory.readUInt32LE(from + 38) >>> 28) & 0xf) === 0xa) odd("it holds a symbolic link");
    entries.push({
      name: safeName(directory.subarray(from + 46, from + 46 + nameBytes)),
      method: directory.readUInt16LE(from + 10),
      crc: directory.readUInt32LE(from + 16),
      packed: directory.readUInt32LE(from + 20),
      size: directory.readUInt32LE(from + 24),
      at: directory.readUInt32LE(from + 42),
    });
    from += 46 + nameBytes + extra + comment;
  }
  return checked(entries, at, limits);
}

function checked(entries: readonly ZipEntry[], end: number, limits: ZipLimits): readonly ZipEntry[] {
  if (new Set(entries.map(({ name }) => name)).size !== entries.length) odd("two files in it have one name");
  if (entries.reduce((sum, { size }) => sum + size, 0) > limits.bytes) odd("it would unpack to more than is allowed");
  // Files that share bytes make a small archive unpack to a huge one.
  const ordered = [...entries].sort((a, b) => a.at - b.at);
  ordered.forEach((entry, index) => {
    if (entry.at + 30 + entry.packed > (ordered[index + 1]?.at ?? end)) odd("files in it overlap");
  });
  return entries;
}

const PIECE = 1 << 20;

async function* pieces(handle: FileHandle, at: number, length: number): AsyncGenerator<Buffer> {
  for (let done = 0; done < length; done += PIECE) yield readAt(handle, at + done, Math.min(PIECE, length - done));
}

export interface Unpacking {
  readonly onBytes?: (count: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Unpacks one file to `to`, which must not exist; exactly the bytes that the directory declares, or it throws `bad-input`. */
export async function unpack(handle: FileHandle, entry: ZipEntry, to: string, { onBytes, signal }: Unpacking = {}): Promise<void> {
  const header = await readAt(handle, entry.at, 30);
  if (header.readUInt32LE(0) !== 0x0403_4b50) odd("a file in it is not where its directory says");
  if (entry.method !== STORED && entry.method !== DEFLATED) odd("it is packed by a method that is not known");
  const start = entry.at + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  let [size, crc] = [0, 0];
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size > entry.size)
        return done(new EngraftError("bad-input", `The archive cannot be used: ${entry.name} is longer than declared.`));
      crc = crc32(chunk, crc);
      onBytes?.(chunk.length);
      done(null, chunk);
    },
  });
  await mkdir(dirname(to), { recursive: true });
  const source = pieces(handle, start, entry.packed);
  const sink = createWriteStream(to, { flags: "wx" });
  const options = signal === undefined ? {} : { signal };
  try {
    if (entry.method === STORED) await pipeline(source, counted, sink, options);
    else await pipeline(source, createInflateRaw(), counted, sink, options);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && String(cause.code).startsWith("Z_")) odd(`${entry.name} is damaged`);
    throw cause;
  }
  if (size !== entry.size || crc !== entry.crc) odd(`${entry.name} is damaged`);
}
