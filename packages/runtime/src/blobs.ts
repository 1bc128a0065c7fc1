/**
 * Content-addressed files: `<dir>/blobs/ab/<sha256>`. A blob is under its name only when whole, synced and checked; a
 * partial download waits under `<dir>/partial*` and goes on from its length.
 */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import type { BlobRef } from "@engraft/core/rounds/events";
import { storedIn, takeOverPartials, type StoredBlob } from "./blob-folder.ts";
import { crashPoint } from "./crash-point.ts";
import { freeBytes, storageFault, syncFolder } from "./files.ts";
import { BlobFault } from "./blob-fault.ts";
import { digestOf, HashedFile } from "./hashed-file.ts";

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

/** Free space is looked at again each time so much was written. */
const LOOK_EVERY_BYTES = 16 * 2 ** 20;

export interface BlobStoreOptions {
  /** Bytes that stay free for others on the same disk; a blob that would take of them is `disk-full`. */
  readonly reserve?: number;
  /**
   * Names this process among those that may have the folder open, where one may be asleep and wake up later: partial files are
   * taken over as copies, so that no two processes ever write to one file.
   */
  readonly generation?: string;
}

export class BlobStore {
  readonly #dir: string;
  readonly #partial: string;
  readonly #reserve: number;
  /** Digests that were found right in this process's life. */
  readonly #right = new Set<string>();
  /** When this process last found that a blob is not as it was written. */
  readonly #wrongAt = new Map<string, number>();
  /** When this process last found that a blob is here already: whoever asked relies on it. */
  readonly #reliedOn = new Map<string, number>();
  /** Partial files in use. */
  readonly #open = new Map<string, Promise<HashedFile>>();
  readonly #removing = new Map<string, Promise<void>>();

  private constructor(dir: string, partial: string, reserve: number) {
    this.#dir = dir;
    this.#partial = partial;
    this.#reserve = reserve;
  }

  static async open(dir: string, { reserve = 0, generation = "" }: BlobStoreOptions = {}): Promise<BlobStore> {
    const partial = join(dir, generation === "" ? "partial" : `partial-${generation}`);
    await mkdir(partial, { recursive: true });
    await mkdir(join(dir, "blobs"), { recursive: true });
    if (generation !== "") await takeOverPartials(dir, partial);
    return new BlobStore(dir, partial, reserve);
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
    const bytes = await readFile(this.path(digest)).catch((error: unknown) => this.unreadable(error, digest));
    if (sha256(bytes) !== digest) throw this.damaged(digest);
    return bytes;
  }

  /** Throws `blob-missing` or `digest-mismatch` where the blob is not here as it was written. Its bytes are read once in a process's life. */
  async mustBeWhole({ digest, bytes }: BlobRef): Promise<void> {
    const size = await this.size(digest);
    if (size === undefined) {
      this.#wrongAt.set(digest, Date.now());
      throw new BlobFault("blob-missing", digest);
    }
    if (size === bytes && this.#right.has(digest)) return;
    if (size !== bytes) throw this.damaged(digest);
    const found = await digestOf(this.path(digest)).catch((error: unknown) => this.unreadable(error, digest));
    if (found !== digest) throw this.damaged(digest);
    this.#right.add(digest);
  }

  /** What a failed read of a blob's file means: gone, or a fault of the disk that may pass. */
  unreadable(error: unknown, digest: Digest): never {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") throw new BlobFault("blob-missing", digest, error);
    storageFault(error, this.path(digest));
  }

  /** Somebody read other bytes than the digest promises. */
  damaged(digest: Digest): BlobFault {
    this.doubt(digest);
    this.#wrongAt.set(digest, Date.now());
    return new BlobFault("digest-mismatch", digest);
  }

  /** True where the blob was gone or damaged within the last so many milliseconds, as far as this process has seen. */
  wasWrong(digest: Digest, within: number): boolean {
    return Date.now() - (this.#wrongAt.get(digest) ?? Number.NEGATIVE_INFINITY) <= within;
  }

  /** Somebody got other bytes than these: the next look reads them again. */
  doubt(digest: string): void {
    this.#right.delete(digest);
  }

  /** True where the blob is here, whole; whoever asks may then rely on it, so it is not collected soon. */
  async has(ref: BlobRef): Promise<boolean> {
    this.#reliedOn.set(ref.digest, Date.now());
    await this.#removing.get(ref.digest)?.catch(() => undefined);
    const whole = await this.mustBeWhole(ref).then(
      () => true,
      () => false,
    );
    if (whole) await utimes(this.path(ref.digest), new Date(), new Date()).catch(() => undefined);
    return whole;
  }

  async put(bytes: Uint8Array): Promise<BlobRef> {
    const ref = { digest: sha256(bytes), bytes: bytes.byteLength };
    return (await this.has(ref)) ? ref : this.write(async (append) => append(bytes));
  }

  /** Streams a new blob whose digest is not known yet. Throws `disk-full` or `disk-fault`, and leaves nothing behind. */
  async write(produce: (append: Append) => Promise<void>): Promise<BlobRef> {
    const path = join(this.#partial, `new-${randomBytes(8).toString("hex")}`);
    const file = await this.#begin(path);
    try {
      await produce(this.#appender(file, path));
      await file.sync();
      const digest = file.digest();
      await this.#adopt(path, digest, "durably");
      return { digest, bytes: file.length };
    } catch (error) {
      await rm(path, { force: true }).catch(() => undefined);
      storageFault(error, this.#dir);
    } finally {
      await this.#end(path, file);
    }
  }

  /**
   * Receives a blob that is known by digest. `keep`: "durably" syncs before `finish` returns; "as cache" does not, for blobs that
   * can be fetched again, since `read` checks every digest anyway. `source` names whom it comes from: two sources of one digest never share a partial
   * file, so a slow or hostile one cannot hold up the other. A source that begins anew ends what it began before: a lost link may not be noticed
   * yet when the next one goes on. No sync until `finish`: after a power cut a partial file may be wrong, which the digest finds.
   */
  async receiver(ref: BlobRef, source: string, keep: Keep = "durably"): Promise<BlobReceiver> {
    const path = join(this.#partial, `${ref.digest}.${source}`);
    const file = await this.#begin(path);
    if (file.length > ref.bytes) await file.restart();
    await this.#mustHaveRoom(ref.bytes - file.length, path).catch(async (error: unknown) => {
      await this.#end(path, file);
      throw error;
    });
    const mustBeOpen = (): void => {
      if (file.closed) throw new EngraftError("link-lost", "The transfer goes on over another link.");
    };
    return {
      held: file.length,
      append: async (chunk) => {
        mustBeOpen();
        await file.append(chunk).catch((error: unknown) => storageFault(error, path));
      },
      finish: async () => {
        mustBeOpen();
        try {
          if (keep === "durably") await file.sync();
          const digest = file.digest();
          if (digest !== ref.digest || file.length !== ref.bytes) {
            await rm(path, { force: true });
            throw new BlobFault("digest-mismatch", ref.digest);
          }
          await this.#adopt(path, digest, keep);
        } catch (error) {
          storageFault(error, path);
        } finally {
          await this.#end(path, file);
        }
      },
      suspend: () => this.#end(path, file),
    };
  }

  remove(digest: string): Promise<void> {
    this.doubt(digest);
    const removing = rm(this.path(digest), { force: true }).finally(() => {
      if (this.#removing.get(digest) === removing) this.#removing.delete(digest);
    });
    this.#removing.set(digest, removing);
    return removing;
  }

  /** Every blob that is here. */
  list(): Promise<readonly StoredBlob[]> {
    return storedIn(join(this.#dir, "blobs"));
  }

  /** Removes a blob that nobody has written or relied on since `before`, if `may` says so at that moment; false where it stays. */
  async collect(digest: string, before: number, may: () => boolean = () => true): Promise<boolean> {
    const file = await stat(this.path(digest)).catch(() => undefined);
    // Nothing is awaited between this look and the removal, so nobody can begin to rely on it in between.
    if (file === undefined || file.mtimeMs >= before || (this.#reliedOn.get(digest) ?? 0) >= before || !may()) return false;
    await this.remove(digest);
    return true;
  }

  /** Removes partial files that nobody writes and nobody has written since `before`. How many. */
  async sweepPartial(before: number): Promise<number> {
    const folder = this.#partial;
    let removed = 0;
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const file = await stat(path).catch(() => undefined);
      // What a crash has left of a blob without a name cannot go on.
      const old = file !== undefined && (file.mtimeMs < before || name.startsWith("new-"));
      if (!old || this.#open.has(path)) continue;
      await rm(path, { force: true });
      removed += 1;
    }
    for (const [digest, at] of this.#reliedOn) if (at < before) this.#reliedOn.delete(digest);
    return removed;
  }

  async #begin(path: string): Promise<HashedFile> {
    const earlier = this.#open.get(path);
    const opened = (async () => {
      await earlier?.then(
        (file) => file.close(),
        () => undefined,
      );
      return HashedFile.open(path).catch((error: unknown) => storageFault(error, path));
    })();
    this.#open.set(path, opened);
    return opened.catch((error: unknown) => {
      if (this.#open.get(path) === opened) this.#open.delete(path);
      throw error;
    });
  }

  async #end(path: string, file: HashedFile): Promise<void> {
    const newest = this.#open.get(path);
    if ((await newest?.catch(() => undefined)) === file && this.#open.get(path) === newest) this.#open.delete(path);
    await file.close();
  }

  #appender(file: HashedFile, path: string): Append {
    let room = 0;
    return async (chunk) => {
      if (chunk.byteLength > room) {
        room = Math.max(chunk.byteLength, LOOK_EVERY_BYTES);
        await this.#mustHaveRoom(chunk.byteLength, path);
      }
      room -= chunk.byteLength;
      await file.append(chunk);
    };
  }

  async #mustHaveRoom(bytes: number, path: string): Promise<void> {
    if (this.#reserve === 0 || (await freeBytes(this.#dir)) >= bytes + this.#reserve) return;
    const spare = `${Math.ceil(this.#reserve / 2 ** 20)} MiB stay free for the database`;
    throw new EngraftError("disk-full", `No space left for ${path} (${spare}). Free some space; nothing that was acknowledged is lost.`);
  }

  async #adopt(path: string, digest: Digest, keep: Keep): Promise<void> {
    const target = this.path(digest);
    await mkdir(dirname(target), { recursive: true });
    await this.#removing.get(digest)?.catch(() => undefined);
    crashPoint("blob.whole");
    await rename(path, target);
    crashPoint("blob.kept");
    this.#right.add(digest);
    if (keep === "durably") await syncFolder(dirname(target));
  }
}
