/** The features of all pictures or recordings of a table: from the cache where they are known, else decoded and run through the encoder. */
import { canonicalJson } from "@engraft/core/base/canonical";
import { EngraftError } from "@engraft/core/base/errors";
import { sha256 } from "@engraft/core/crypto/digest";
import { inTurns } from "../base/in-turns.ts";
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

export interface FileFeatures extends Features {
  /** Pictures that could not be decoded, by their place in `files`: they have no features. */
  readonly unreadable: ReadonlySet<number>;
}

/** Pictures that are decoded at once. */
const PICTURES_AT_ONCE = 4;

/** Files that are decoded before they go through the trunk together. */
const TOGETHER = 64;

/** Throws as `openTrunk`, `data-missing`, `data-invalid`; returns undefined where it was aborted, with what was done kept. */
export async function featuresOf(options: FeatureOptions): Promise<FileFeatures | undefined> {
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
  return { width, values, unreadable: work.unreadable };
}

interface Unknown {
  readonly at: number;
  readonly digest: ReturnType<typeof sha256>;
  /** As the model takes it. */
  readonly sample: Float32Array;
}

class Work {
  readonly #options: FeatureOptions;
  readonly #cache: FeatureCache | undefined;
  readonly #values: Float32Array;
  readonly #read: (file: SampleFile) => Promise<FileSample>;
  readonly unreadable = new Set<number>();
  /** Started when the first file needs it: with a full cache it never is. */
  #running: RunningTrunk | undefined;

  constructor(options: FeatureOptions, cache: FeatureCache | undefined, values: Float32Array) {
    this.#options = options;
    this.#cache = cache;
    this.#values = values;
    this.#read = sampleReader(options.encoder.input);
  }

  async some(from: number, to: number): Promise<void> {
    const { encoder } = this.#options;
    const unknown: Unknown[] = [];
    const each = Array.from({ length: to - from }, (_, index) => from + index);
    // A file's bytes are let go before the next is read: pictures can be large.
    await inTurns(each, encoder.input.rule.kind === "image" ? PICTURES_AT_ONCE : 1, async (at) => {
      const one = await this.#unknown(at).catch((error: unknown) => this.#leaveOut(at, error));
      if (one !== undefined) unknown.push(one);
    });
    if (unknown.length === 0) return;
    unknown.sort((a, b) => a.at - b.at);
    const features = await this.#encoded(unknown.map(({ sample }) => sample));
    unknown.forEach(({ at, digest }, index) => {
      const one = features.subarray(index * encoder.width, (index + 1) * encoder.width);
      this.#values.set(one, at * encoder.width);
      this.#cache?.put(digest, one);
    });
  }

  /** What the data check leaves out as well. */
  #leaveOut(at: number, error: unknown): undefined {
    if (!(error instanceof EngraftError) || error.code !== "data-invalid" || this.#options.encoder.input.rule.kind !== "image") throw error;
    this.unreadable.add(at);
  }

  /** A file that must go through the encoder; undefined where its features are known, or not wanted. */
  async #unknown(at: number): Promise<Unknown | undefined> {
    const { files, encoder, copy } = this.#options;
    if (copy?.wanted(at) === false) return undefined;
    const { content, sample } = await this.#read(files[at] as SampleFile);
    const digest = copy === undefined ? content : sha256(canonicalJson({ content, augmentation: copy.augmentation, seed: copy.seed }));
    const known = this.#cache?.get(digest);
    if (known === undefined) return { at, digest, sample: await this.#sample(sample, digest) };
    this.#values.set(known, at * encoder.width);
    return undefined;
  }

  async #sample(read: FileSample["sample"], digest: string): Promise<Float32Array> {
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
