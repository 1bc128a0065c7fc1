/** The features of all pictures or recordings of a table: from the cache where they are known, else decoded and run through the encoder. */
import { EngraftError } from "@engraft/core/base/errors";
import { sha256 } from "@engraft/core/crypto/digest";
import { fileBytes, fileSample } from "../data/file-input.ts";
import type { Features } from "../data/samples.ts";
import type { Encoder } from "./encoder.ts";
import { FeatureCache, type CachePlace } from "./feature-cache.ts";
import type { RunningTrunk } from "./trunk.ts";

export interface FeatureOptions {
  readonly encoder: Encoder;
  readonly files: readonly string[];
  readonly cache: CachePlace | undefined;
  readonly progress: (done: number, total: number) => void;
  readonly aborted: () => boolean;
}

/** Files that are decoded before they go through the trunk together. */
const TOGETHER = 64;

/** Throws as `openTrunk`, `data-missing`, `data-invalid`; returns undefined where it was aborted, with what was done kept. */
export async function featuresOf(options: FeatureOptions): Promise<Features | undefined> {
  const { encoder, files, progress, aborted } = options;
  const { name, width, open } = encoder;
  const cache = options.cache === undefined || open === undefined ? undefined : await FeatureCache.open(options.cache, name, width);
  const values = new Float32Array(files.length * width);
  const work = new Work(options, cache, values);
  try {
    for (let from = 0; from < files.length; from += TOGETHER) {
      if (aborted()) return undefined;
      await work.some(from, Math.min(from + TOGETHER, files.length));
      progress(Math.min(from + TOGETHER, files.length), files.length);
    }
  } finally {
    await work.close();
    await cache?.save();
  }
  if (!values.every(Number.isFinite)) throw new EngraftError("not-finite", "The base model gives features that are no finite numbers.");
  return { width, values };
}

interface Unknown {
  readonly at: number;
  readonly digest: ReturnType<typeof sha256>;
  readonly bytes: Uint8Array;
}

class Work {
  readonly #options: FeatureOptions;
  readonly #cache: FeatureCache | undefined;
  readonly #values: Float32Array;
  /** Started when the first file needs it: with a full cache it never is. */
  #running: RunningTrunk | undefined;

  constructor(options: FeatureOptions, cache: FeatureCache | undefined, values: Float32Array) {
    this.#options = options;
    this.#cache = cache;
    this.#values = values;
  }

  async some(from: number, to: number): Promise<void> {
    const { files, encoder } = this.#options;
    const unknown: Unknown[] = [];
    for (let at = from; at < to; at++) {
      const bytes = await fileBytes(files[at] as string);
      const digest = sha256(bytes);
      const known = this.#cache?.get(digest);
      if (known === undefined) unknown.push({ at, digest, bytes });
      else this.#values.set(known, at * encoder.width);
    }
    if (unknown.length === 0) return;
    const samples = await Promise.all(unknown.map(({ bytes }) => fileSample(encoder.input, bytes, encoder.layout)));
    const features = await this.#encoded(samples);
    unknown.forEach(({ at, digest }, index) => {
      const one = features.subarray(index * encoder.width, (index + 1) * encoder.width);
      this.#values.set(one, at * encoder.width);
      this.#cache?.put(digest, one);
    });
  }

  async #encoded(samples: readonly Float32Array[]): Promise<Float32Array> {
    const { open } = this.#options.encoder;
    const size = samples[0]?.length ?? 0;
    const all = new Float32Array(samples.length * size);
    samples.forEach((sample, index) => all.set(sample, index * size));
    if (open === undefined) return all;
    this.#running ??= await open();
    return this.#running.run(all, samples.length);
  }

  async close(): Promise<void> {
    await this.#running?.close();
  }
}
