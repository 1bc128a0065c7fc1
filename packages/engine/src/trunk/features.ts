/** The features of all pictures or recordings of a table: from the cache where they are known, else decoded and run through the encoder. */
import { canonicalJson } from "@engraft/core/base/canonical";
import { EngraftError } from "@engraft/core/base/errors";
import { sha256 } from "@engraft/core/crypto/digest";
import { augmented } from "../data/augment.ts";
import { laidOut, sampleReader, type FileSample } from "../data/file-input.ts";
import type { SampleFile } from "../data/signals.ts";
import type { Augmentation } from "@engraft/core/models/augmentation";
import { randomFrom } from "../base/random.ts";
import type { Features } from "../data/samples.ts";
import type { Encoder } from "./encoder.ts";
import { FeatureCache, type CachePlace } from "./feature-cache.ts";
import type { RunningTrunk } from "./trunk.ts";

export interface FeatureOptions {
  readonly encoder: Encoder;
  readonly files: readonly SampleFile[];
  /** Changed copies instead of the files as they are, and of which of them. */
  readonly copy?: Copy;
  readonly cache: CachePlace | undefined;
  readonly progress: (done: number, total: number) => void;
  readonly aborted: () => boolean;
}

export interface Copy {
  readonly augmentation: Augmentation;
  /** What its random choices derive from, beside each file's content. */
  readonly seed: readonly (string | number)[];
  readonly wanted: (file: number) => boolean;
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
  readonly sample: FileSample["sample"];
}

class Work {
  readonly #options: FeatureOptions;
  readonly #cache: FeatureCache | undefined;
  readonly #values: Float32Array;
  readonly #read: (file: SampleFile) => Promise<FileSample>;
  /** Started when the first file needs it: with a full cache it never is. */
  #running: RunningTrunk | undefined;

  constructor(options: FeatureOptions, cache: FeatureCache | undefined, values: Float32Array) {
    this.#options = options;
    this.#cache = cache;
    this.#values = values;
    this.#read = sampleReader(options.encoder.input);
  }

  async some(from: number, to: number): Promise<void> {
    const { files, encoder, copy } = this.#options;
    const unknown: Unknown[] = [];
    for (let at = from; at < to; at++) {
      if (copy?.wanted(at) === false) continue;
      const { content, sample } = await this.#read(files[at] as SampleFile);
      const digest = copy === undefined ? content : sha256(canonicalJson({ content, augmentation: copy.augmentation, seed: copy.seed }));
      const known = this.#cache?.get(digest);
      if (known === undefined) unknown.push({ at, digest, sample });
      else this.#values.set(known, at * encoder.width);
    }
    if (unknown.length === 0) return;
    const samples = await Promise.all(unknown.map((one) => this.#sample(one)));
    const features = await this.#encoded(samples);
    unknown.forEach(({ at, digest }, index) => {
      const one = features.subarray(index * encoder.width, (index + 1) * encoder.width);
      this.#values.set(one, at * encoder.width);
      this.#cache?.put(digest, one);
    });
  }

  async #sample({ sample: read, digest }: Unknown): Promise<Float32Array> {
    const { encoder, copy } = this.#options;
    const sample = await read();
    const changed = copy === undefined ? sample : augmented(sample, encoder.input, copy.augmentation, randomFrom([digest]));
    return laidOut(changed, encoder.input.shape, encoder.layout);
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
