/** Reading large files of float32 by the slice, so that memory does not grow with the model. */
import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import { headerBytes, parseHeader, type SafetensorsEntry, type SafetensorsHeader } from "@engraft/core/models/safetensors";
import type { TensorSpec } from "@engraft/core/models/tensors";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { BlobStore } from "@engraft/runtime/blobs";

export const SLICE_BYTES = 1 << 20;

/** Throws `bad-input` where the tensor is missing or has another shape. */
export function entryOf(header: SafetensorsHeader, spec: TensorSpec): SafetensorsEntry {
  const entry = header.entries.find(({ name }) => name === spec.name);
  if (entry === undefined || entry.shape.join() !== spec.shape.join())
    throw new EngraftError("bad-input", `The weights file has no tensor ${spec.name} of the manifest's shape.`);
  return entry;
}

export async function readHeader(file: FileHandle): Promise<SafetensorsHeader> {
  const start = await readExactly(file, 0, 8);
  return parseHeader(await readExactly(file, 0, headerBytes(start)));
}

/** Visits a byte range in slices of at most 1 MiB; each slice is the visitor's own copy. */
export async function eachSlice(file: FileHandle, begin: number, end: number, visit: (slice: Uint8Array) => Promise<void>): Promise<void> {
  for (let at = begin; at < end; at += SLICE_BYTES) await visit(await readExactly(file, at, Math.min(SLICE_BYTES, end - at)));
}

export async function appendZeros(bytes: number, append: (chunk: Uint8Array) => Promise<void>): Promise<void> {
  for (let left = bytes; left > 0; left -= SLICE_BYTES) await append(new Uint8Array(Math.min(SLICE_BYTES, left)));
}

export async function readExactly(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let got = 0;
  while (got < length) {
    const { bytesRead } = await file.read(bytes, got, length - got, at + got);
    if (bytesRead === 0) throw new EngraftError("bad-input", "The file ends before the bytes it promises.");
    got += bytesRead;
  }
  return bytes;
}

/** Opens a blob's file for reading and closes it whatever happens. Throws `blob-missing` or `disk-fault`. */
export async function withFile<T>(blobs: BlobStore, digest: Digest, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(blobs.path(digest), "r").catch((error: unknown) => blobs.unreadable(error, digest));
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** A blob that is read from its beginning to its end, and hashed meanwhile: what a sum is made of must be what was accepted. */
export interface SequentialBlob {
  /** The next bytes. Throws `digest-mismatch` where the file is shorter, or with the last of them where its bytes are others. */
  next(length: number): Promise<Uint8Array>;
}

export function withSequential<T>(blobs: BlobStore, ref: BlobRef, use: (blob: SequentialBlob) => Promise<T>): Promise<T> {
  return withFile(blobs, ref.digest, (file) => {
    const hash = createHash("sha256");
    let at = 0;
    return use({
      next: async (length) => {
        const bytes = await readExactly(file, at, length).catch((error: unknown) => {
          throw error instanceof EngraftError ? blobs.damaged(ref.digest) : error;
        });
        hash.update(bytes);
        at += length;
        if (at === ref.bytes && hash.digest("hex") !== ref.digest) throw blobs.damaged(ref.digest);
        return bytes;
      },
    });
  });
}
