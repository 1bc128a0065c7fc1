/** What every imported base has in common: who made it, what it is for, and how its picture is read. */
import { EngraftError } from "@engraft/core/base/errors";
import { sha256 } from "@engraft/core/crypto/digest";
import type { BinaryLabel, Split } from "@engraft/core/models/fields";
import { Manifest } from "@engraft/core/models/manifest";
import type { ImageRule } from "../data/pictures.ts";
import type { Architecture } from "../ir/layers.ts";

export interface BaseOptions {
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly description: string;
  readonly licence: string;
  readonly origin: string;
  /** Name and title of the field whose column names the picture's file. */
  readonly field: { readonly name: string; readonly title: string };
  /** Mean and standard deviation of each channel, of values from 0 to 255. */
  readonly mean: readonly number[];
  readonly sd: readonly number[];
  readonly label: BinaryLabel;
  readonly split: Split | null;
}

export interface Base {
  readonly manifest: Manifest;
  readonly weights: Uint8Array;
  /** The ONNX file of a foreign trunk. */
  readonly trunk?: Uint8Array;
}

/** Room for what two processors do differently. */
export const TOLERANCE = 1e-3;

/** Throws `bad-input` where there are not as many means as channels. */
export function imageRule(
  { field, mean, sd }: BaseOptions,
  { width, height, channels }: { readonly width: number; readonly height: number; readonly channels: 1 | 3 },
): ImageRule {
  if (mean.length !== channels || sd.length !== channels) {
    throw new EngraftError("bad-input", `The picture has ${channels} channel(s): give as many values with --mean and --sd.`);
  }
  return { kind: "image", field: field.name, width, height, channels, mean: [...mean], sd: [...sd] };
}

/** The manifest, checked. Throws `bad-input` with what is wrong. */
export function describeBase(
  { name, version, title, description, licence, origin, label, split, field }: BaseOptions,
  rule: ImageRule,
  weights: Uint8Array,
  more: Partial<Pick<Manifest, "trunk" | "reference">> & {
    readonly architecture: Architecture;
    readonly tensors: readonly Manifest["tensors"][number][];
  },
): Manifest {
  const manifest = Manifest.safeParse({
    format: "engraft.base/1",
    name,
    version,
    title,
    description,
    licence,
    origin,
    label,
    split,
    fields: [{ kind: "image", ...field }],
    inputs: [rule],
    ...more,
    weights: { digest: sha256(weights), bytes: weights.byteLength },
  });
  if (manifest.success) return manifest.data;
  const problems = manifest.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new EngraftError("bad-input", `The base cannot be described: ${problems.join("; ")}.`);
}
