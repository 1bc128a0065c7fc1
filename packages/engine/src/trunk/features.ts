/** The features of all pictures of a table: from the cache where they are known, else decoded and run through the trunk. */
import { canonicalJson } from "@engraft/core/base/canonical";
import { EngraftError } from "@engraft/core/base/errors";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Manifest } from "@engraft/core/models/manifest";
import { pictureBytes, pictureSample, type ImageRule } from "../data/pictures.ts";
import type { Features } from "../data/samples.ts";
import { FeatureCache, type CachePlace } from "./feature-cache.ts";
import { openTrunk, type RunningTrunk } from "./trunk.ts";

export interface FeatureOptions {
  readonly manifest: Manifest;
  /** The trunk's file. */
  readonly trunk: Uint8Array;
  readonly files: readonly string[];
  readonly cache: CachePlace | undefined;
  readonly progress: (done: number, total: number) => void;
  readonly aborted: () => boolean;
}

/** Changes with everything that changes a feature. */
const PREPROCESSING = "engraft pictures 1";

/** Pictures that are decoded before they go through the trunk together. */
const TOGETHER = 64;

/** Throws as `openTrunk`, `data-missing`, `data-invalid`; returns undefined where it was aborted, with what was done kept. */
export async function featuresOf(options: FeatureOptions): Promise<Features | undefined> {
  const { manifest, files, progress, aborted } = options;
  const { trunk } = manifest;
  const rule = manifest.inputs.find((input): input is ImageRule => input.kind === "image");
  if (trunk === undefined || rule === undefined) throw new Error("Bug: features were asked of a base without a trunk");
  const width = trunk.features;
  const cache = options.cache === undefined ? undefined : await FeatureCache.open(options.cache, nameOf(trunk, rule), width);
  const values = new Float32Array(files.length * width);
  const work = new Work(options, rule, cache, values);
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
  if (!values.every(Number.isFinite)) throw new EngraftError("not-finite", "The trunk gives features that are no finite numbers.");
  return { width, values };
}

const nameOf = ({ onnx, input, output }: NonNullable<Manifest["trunk"]>, rule: ImageRule): string =>
  sha256(canonicalJson({ onnx: onnx.digest, input, output, rule, preprocessing: PREPROCESSING }));

class Work {
  readonly #options: FeatureOptions;
  readonly #rule: ImageRule;
  readonly #cache: FeatureCache | undefined;
  readonly #values: Float32Array;
  /** Started when the first picture needs it: with a full cache it never is. */
  #running: RunningTrunk | undefined;

  constructor(options: FeatureOptions, rule: ImageRule, cache: FeatureCache | undefined, values: Float32Array) {
    this.#options = options;
    this.#rule = rule;
    this.#cache = cache;
    this.#values = values;
  }

  async some(from: number, to: number): Promise<void> {
    const { files, manifest } = this.#options;
    const trunk = manifest.trunk as NonNullable<Manifest["trunk"]>;
    const unknown: { readonly at: number; readonly digest: ReturnType<typeof sha256>; readonly bytes: Uint8Array }[] = [];
    for (let at = from; at < to; at++) {
      const bytes = await pictureBytes(files[at] as string);
      const digest = sha256(bytes);
      const known = this.#cache?.get(digest);
      if (known === undefined) unknown.push({ at, digest, bytes });
      else this.#values.set(known, at * trunk.features);
    }
    if (unknown.length === 0) return;
    const running = (this.#running ??= await openTrunk(trunk, this.#rule, this.#options.trunk));
    const samples = new Float32Array(unknown.length * running.inputSize);
    await Promise.all(
      unknown.map(async ({ bytes }, index) =>
        samples.set(await pictureSample(bytes, this.#rule, trunk.input.layout), index * running.inputSize),
      ),
    );
    const features = await running.run(samples, unknown.length);
    unknown.forEach(({ at, digest }, index) => {
      const one = features.subarray(index * trunk.features, (index + 1) * trunk.features);
      this.#values.set(one, at * trunk.features);
      this.#cache?.put(digest, one);
    });
  }

  async close(): Promise<void> {
    await this.#running?.close();
  }
}
