/** A round's encoded vector at rest: encrypted, bound to its round, in a file of its own because it can be large. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import { openInPlace, sealedPieces } from "@engraft/core/crypto/box";
import { digestBytes } from "@engraft/core/secagg/transcript";
import { writeFileDurably } from "@engraft/runtime/files";

export const vectorName = (roundHash: Digest): string => `vector-${roundHash}.box`;
export const isVectorFile = (name: string): boolean => /^vector-[0-9a-f]{64}\.box/.test(name);

/** Durable when it returns. */
export const writeVector = (folder: string, key: Uint8Array, roundHash: Digest, bytes: Uint8Array): Promise<void> =>
  writeFileDurably(join(folder, vectorName(roundHash)), sealedPieces(key, randomBytes(12), digestBytes(roundHash), bytes));

/** A copy of the caller's own, at a multiple of four bytes in its buffer. Throws `blob-missing` where it is not there as it was written. */
export async function readVector(folder: string, key: Uint8Array, roundHash: Digest): Promise<Uint8Array> {
  // A small Buffer can start anywhere in a pool.
  const box = await readFile(join(folder, vectorName(roundHash))).then(
    (read) => (read.byteOffset % 4 === 0 ? read : Uint8Array.from(read)),
    () => undefined,
  );
  const bytes = box === undefined ? undefined : openInPlace(key, digestBytes(roundHash), box);
  if (bytes === undefined) {
    throw new EngraftError(
      "blob-missing",
      "The round's stored vector is not there or was changed. The site joins again in the next round.",
    );
  }
  // Not a Buffer, whose slices and JSON are of another kind.
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
