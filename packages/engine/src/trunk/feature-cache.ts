/**
 * Features of a frozen trunk, kept at the site from round to round and run to run: encrypted, bounded, and named by what made
 * them, so that another base or another preprocessing never meets old ones. A cache that cannot be read is made anew.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fromHex, toFloat32 } from "@engraft/core/base/bytes";
import type { Digest } from "@engraft/core/base/ids";

export interface CachePlace {
  readonly folder: string;
  /** 32 bytes, AES-256-GCM. */
  readonly key: Uint8Array;
}

/** Larger sets are worked out anew each time they are opened. */
const MAX_BYTES = 1024 * 1024 * 1024;
/** Trunks whose features are kept; the longest unused go first. */
const KEPT = 4;
const IV = 12;
const TAG = 16;
const DIGEST = 32;

export class FeatureCache {
  readonly #place: CachePlace;
  readonly #name: string;
  readonly #width: number;
  readonly #known: Map<Digest, Float32Array>;
  #fresh = 0;

  private constructor(place: CachePlace, name: string, width: number, known: Map<Digest, Float32Array>) {
    this.#place = place;
    this.#name = name;
    this.#width = width;
    this.#known = known;
  }

  /** `name` says what makes the features: 64 hexadecimal digits. */
  static async open(place: CachePlace, name: string, width: number): Promise<FeatureCache> {
    await mkdir(place.folder, { recursive: true, mode: 0o700 });
    const bytes = await readFile(join(place.folder, name)).catch(() => undefined);
    return new FeatureCache(place, name, width, bytes === undefined ? new Map() : decoded(bytes, place.key, name, width));
  }

  get size(): number {
    return this.#known.size;
  }

  /** Features of the file with this digest. */
  get(digest: Digest): Float32Array | undefined {
    return this.#known.get(digest);
  }

  put(digest: Digest, features: Float32Array): void {
    this.#known.set(digest, Float32Array.from(features));
    this.#fresh += 1;
  }

  /** Writes what is new, and removes the features of trunks that were not used for longest. */
  async save(): Promise<void> {
    const { folder, key } = this.#place;
    const length = this.#known.size * (DIGEST + 4 * this.#width);
    if (this.#fresh > 0 && length <= MAX_BYTES) {
      const path = join(folder, this.#name);
      const partial = `${path}.${randomBytes(4).toString("hex")}.partial`;
      await writeFile(partial, encoded(this.#known, this.#width, key, this.#name), { mode: 0o600 });
      await rename(partial, path);
      this.#fresh = 0;
    }
    await forgetOld(folder, this.#name);
  }
}

async function forgetOld(folder: string, current: string): Promise<void> {
  const others = (await readdir(folder)).filter((name) => name !== current);
  const ages = await Promise.all(
    others.map(async (name) => ({ name, used: (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs ?? 0 })),
  );
  const old = ages.toSorted((a, b) => b.used - a.used).slice(KEPT - 1);
  for (const { name } of old) await rm(join(folder, name), { force: true });
}

function encoded(known: ReadonlyMap<Digest, Float32Array>, width: number, key: Uint8Array, name: string): Uint8Array {
  const plain = Buffer.alloc(known.size * (DIGEST + 4 * width));
  let at = 0;
  for (const [digest, features] of known) {
    plain.set(fromHex(digest) ?? new Uint8Array(DIGEST), at);
    plain.set(new Uint8Array(features.buffer, features.byteOffset, features.byteLength), at + DIGEST);
    at += DIGEST + 4 * width;
  }
  const iv = randomBytes(IV);
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(name));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]);
}

function decoded(bytes: Uint8Array, key: Uint8Array, name: string, width: number): Map<Digest, Float32Array> {
  const known = new Map<Digest, Float32Array>();
  const row = DIGEST + 4 * width;
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, IV)).setAAD(Buffer.from(name));
    decipher.setAuthTag(bytes.subarray(IV, IV + TAG));
    const plain = Buffer.concat([decipher.update(bytes.subarray(IV + TAG)), decipher.final()]);
    if (plain.length % row !== 0) return known;
    for (let at = 0; at < plain.length; at += row) {
      known.set(plain.toString("hex", at, at + DIGEST) as Digest, toFloat32(Uint8Array.from(plain.subarray(at + DIGEST, at + row))));
    }
  } catch {
    // Damaged, or under another key: it is only a cache.
    known.clear();
  }
  return known;
}
