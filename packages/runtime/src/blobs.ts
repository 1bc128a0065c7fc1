/**
 * Content-addressed files: `<dir>/blobs/ab/<sha256>`. A blob is under its name only when whole, synced and checked; a
 * partial download waits under `<dir>/partial*` and goes on from its length.
 */
import { createHash, randomBytes, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, open, readdir, readFile, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import type { BlobRef } from "@engraft/core/rounds/events";
import { crashPoint } from "./crash-point.ts";
import { storageFault, syncFolder } from "./files.ts";

export type Append = (chunk: Uint8Array) => Promise<void>;

/** Whether a blob must outlive a power cut, or can be fetched again. */
export type Keep = "durably" | "as cache";

export interface BlobReceiver {
  /** Bytes that are here already: ask from this offset. */
  readonly held: number;
  append: Append;
  /** Checks the digest and puts the blob under its name. Throws `digest-mismatch` and forgets the partial file. */
  finish(): Promise<void>;
  /** Closes the partial file and keeps it for later. */
  suspend(): Promise<void>;
}

export class BlobStore {
  readonly #dir: string;
  readonly #partial: string;
  private constructor(dir: string, partial: string) {
    this.#dir = dir;
    this.#partial = partial;
  }

  /**
   * `generation` names this process among those that may have the folder open, where one may be asleep and wake up later: partial
   * files are taken over as copies, so that no two processes ever write to one file.
   */
  static async open(dir: string, generation = ""): Promise<BlobStore> {
    const partial = join(dir, generation === "" ? "partial" : `partial-${generation}`);
    await mkdir(partial, { recursive: true });
    await mkdir(join(dir, "blobs"), { recursive: true });
    if (generation !== "") await takeOverPartials(dir, partial);
    return new BlobStore(dir, partial);
  }

  path(digest: string): string {
    return join(this.#dir, "blobs", digest.slice(0, 2), digest);
  }

  /** Length in bytes; undefined where the blob is not here. */
  async size(digest: string): Promise<number | undefined> {
    const found = await stat(this.path(digest)).catch(() => undefined);
    return found?.size;
  }

  /** The whole blob, digest checked on the loaded bytes. Throws `blob-missing` or `digest-mismatch`. */
  async read(digest: Digest): Promise<Uint8Array> {
    const bytes = await readFile(this.path(digest)).catch((cause: unknown) => {
      throw new EngraftError("blob-missing", `Blob ${digest.slice(0, 12)} is not here.`, { cause });
    });
    if (sha256(bytes) !== digest) throw mismatch(digest);
    return bytes;
  }

  async put(bytes: Uint8Array): Promise<BlobRef> {
    const digest = sha256(bytes);
    if ((await this.size(digest)) === bytes.byteLength) return { digest, bytes: bytes.byteLength };
    return this.write(async (append) => append(bytes));
  }

  /** Streams a new blob whose digest is not known yet. */
  async write(produce: (append: Append) => Promise<void>): Promise<BlobRef> {
    const path = join(this.#partial, `new-${randomBytes(8).toString("hex")}`);
    const file = await HashedFile.open(path);
    try {
      await produce((chunk) => file.append(chunk));
      await file.sync();
      const digest = file.digest();
      await this.#adopt(path, digest, "durably");
      return { digest, bytes: file.length };
    } catch (error) {
      await rm(path, { force: true });
      storageFault(error, this.#dir);
    } finally {
      await file.close();
    }
  }

  /**
   * Receives a blob that is known by digest. `keep`: "durably" syncs before `finish` returns; "as cache" does not, for blobs that
   * can be fetched again, since `read` checks every digest anyway. `source` names whom it comes from: two sources of one digest never share a partial
   * file, so a slow or hostile one cannot hold up the other. No sync until `finish`: after a power cut a partial file may be
   * wrong, which the digest finds.
   */
  async receiver(ref: BlobRef, source: string, keep: Keep = "durably"): Promise<BlobReceiver> {
    const path = join(this.#partial, `${ref.digest}.${source}`);
    const file = await HashedFile.open(path).catch((error: unknown) => storageFault(error, path));
    if (file.length > ref.bytes) await file.restart();
    return {
      held: file.length,
      append: (chunk) => file.append(chunk).catch((error: unknown) => storageFault(error, path)),
      finish: async () => {
        try {
          if (keep === "durably") await file.sync().catch((error: unknown) => storageFault(error, path));
          const digest = file.digest();
          if (digest !== ref.digest || file.length !== ref.bytes) {
            await rm(path, { force: true });
            throw mismatch(ref.digest);
          }
          await this.#adopt(path, digest, keep);
        } finally {
          await file.close();
        }
      },
      suspend: () => file.close(),
    };
  }

  async remove(digest: string): Promise<void> {
    await rm(this.path(digest), { force: true });
  }

  async #adopt(path: string, digest: Digest, keep: Keep): Promise<void> {
    const target = this.path(digest);
    await mkdir(dirname(target), { recursive: true });
    crashPoint("blob.whole");
    await rename(path, target);
    crashPoint("blob.kept");
    if (keep === "durably") await syncFolder(dirname(target));
  }
}

/** From all earlier generations. One that is written to meanwhile gives a wrong copy, which its digest finds. */
async function takeOverPartials(dir: string, partial: string): Promise<void> {
  for (const entry of await readdir(dir)) {
    const old = join(dir, entry);
    if (!/^partial(-|$)/.test(entry) || old === partial) continue;
    for (const name of await readdir(old))
      if (!name.startsWith("new-")) await copyFile(join(old, name), join(partial, name)).catch(() => undefined);
    await rm(old, { recursive: true, force: true });
  }
}

const mismatch = (digest: string): EngraftError =>
  new EngraftError("digest-mismatch", `Blob ${digest.slice(0, 12)} does not have the bytes its digest promises. It is fetched anew.`);

/** A file that is hashed while it grows; an existing one is read once and continued. */
class HashedFile {
  length = 0;
  #hash: Hash = createHash("sha256");
  readonly #handle: FileHandle;
  #closed = false;
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

  async append(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    this.length += chunk.byteLength;
    await this.#handle.appendFile(chunk);
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

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }
}
