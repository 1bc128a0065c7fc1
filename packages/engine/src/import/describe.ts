/** What every imported base has in common: who made it, what it is for, and how its pictures or recordings are read. */
import { EngraftError } from "@engraft/core/base/errors";
import { sha256 } from "@engraft/core/crypto/digest";
import type { ImageField, Split } from "@engraft/core/models/fields";
import { type Label } from "@engraft/core/models/labels";
import { Manifest } from "@engraft/core/models/manifest";
import type { Architecture, Shape } from "../ir/layers.ts";

/** What people say of a base. */
export interface Said {
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly description: string;
  readonly licence: string;
  readonly origin: string;
  readonly label: Label;
  readonly split: Split | null;
}

export interface BaseOptions extends Said {
  /** The field whose column names the picture's or recording's file: name and title, and what a picture's may declare beside. */
  readonly field: Omit<ImageField, "kind">;
  /** What a recording is; needed where the network takes one. */
  readonly signal?: { readonly leads: readonly string[]; readonly rate: number; readonly unit: string } | undefined;
  /**
   * Mean and standard deviation of each channel: of values from 0 to 255 in a picture, in the field's unit in a recording. By default
   * pixels become 0 to 1, and recordings stay as they are.
   */
  readonly mean?: readonly number[] | undefined;
  readonly sd?: readonly number[] | undefined;
  /** Of layers that Engraft knows: the head takes signed square roots of the features (Perronnin et al. 2010). */
  readonly roots?: boolean | undefined;
}

export interface Base {
  readonly manifest: Manifest;
  readonly weights: Uint8Array;
  /** The ONNX file of a foreign trunk. */
  readonly trunk?: Uint8Array;
}

/** Room for what two processors do differently. */
export const TOLERANCE = 1e-3;

/** What a sample is read from, and how that becomes numbers. */
export type Entry = Pick<Manifest, "fields" | "inputs">;

/** The field that names a sample's file, and its rule; `shape` of a sample is channels first. Throws `bad-input`, with what to declare, where the options do not fit it. */
export function fileEntry(options: BaseOptions, shape: Shape): Entry {
  const { field } = options;
  if (shape.length === 2) {
    const { leads, rate, unit } = signalOf(options, shape);
    const seconds = (shape[1] as number) / rate;
    const rule = { kind: "signal", field: field.name, ...normalisation(options, shape, 1) } as const;
    return { fields: [{ kind: "signal", name: field.name, title: field.title, leads: [...leads], rate, seconds, unit }], inputs: [rule] };
  }
  const [channels, height = 0, width = 0] = shape;
  if (channels !== 1 && channels !== 3)
    throw new EngraftError("bad-input", `The network takes ${channels} channels; a picture has 1 or 3.`);
  const rule = { kind: "image", field: field.name, width, height, channels, ...normalisation(options, shape, 255) } as const;
  return { fields: [{ kind: "image", ...field }], inputs: [rule] };
}

function signalOf({ signal }: BaseOptions, [leads, points]: Shape): NonNullable<BaseOptions["signal"]> {
  if (signal !== undefined && signal.leads.length === leads) return signal;
  throw new EngraftError(
    "bad-input",
    `The network takes recordings of ${leads} lead(s) and ${points} points: name as many with --leads, in their order, and say --rate (points per second).`,
  );
}

function normalisation({ mean, sd }: BaseOptions, [channels = 0]: Shape, spread: number): { mean: number[]; sd: number[] } {
  const each = { mean: mean ?? Array<number>(channels).fill(0), sd: sd ?? Array<number>(channels).fill(spread) };
  if (each.mean.length !== channels || each.sd.length !== channels)
    throw new EngraftError("bad-input", `The network takes ${channels} channel(s): give as many values with --mean and --sd.`);
  return { mean: [...each.mean], sd: [...each.sd] };
}

/** The manifest, checked. Throws `bad-input` with what is wrong. */
export function describeBase(
  { name, version, title, description, licence, origin, label, split }: Said,
  { fields, inputs }: Entry,
  weights: Uint8Array,
  more: Partial<Pick<Manifest, "trunk" | "reference" | "recipe">> & {
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
    fields,
    inputs,
    ...more,
    weights: { digest: sha256(weights), bytes: weights.byteLength },
  });
  if (manifest.success) return manifest.data;
  const problems = manifest.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new EngraftError("bad-input", `The base cannot be described: ${problems.join("; ")}.`);
}
