/** The input of a sample that is a file of its own, a picture or a recording: which one a base takes, and how it becomes numbers. */
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import type { ImageField, SignalField } from "@engraft/core/models/fields";
import type { Manifest } from "@engraft/core/models/manifest";
import type { Shape } from "../ir/layers.ts";
import { PictureRefused } from "./images/picture.ts";
import { pictureBytes } from "./images/picture-file.ts";
import type { ImageRule } from "./images/sample.ts";
import { RecordingReader, signalLength, signalSample, usable, type SampleFile, type SignalRule } from "./signals.ts";

export type Layout = "nchw" | "nhwc";

export type FileInput =
  | { readonly rule: ImageRule; readonly field: ImageField; readonly shape: Shape }
  | { readonly rule: SignalRule; readonly field: SignalField; readonly shape: Shape };

/** Undefined for a base that takes columns only. Shapes are channels first. Throws `bad-input` where rule and field do not fit. */
export function fileInputOf({ inputs, fields }: Pick<Manifest, "inputs" | "fields">): FileInput | undefined {
  for (const rule of inputs) {
    if (rule.kind !== "image" && rule.kind !== "signal") continue;
    const field = fields.find(({ name }) => name === rule.field);
    if (rule.kind === "image" && field?.kind === "image") return { rule, field, shape: [rule.channels, rule.height, rule.width] };
    if (
      rule.kind !== "signal" ||
      field?.kind !== "signal" ||
      rule.mean.length !== field.leads.length ||
      rule.sd.length !== field.leads.length
    ) {
      throw new EngraftError(
        "bad-input",
        `The base model's input rule for ${rule.field} does not fit its field. Ask its author for a corrected manifest.`,
      );
    }
    return { rule, field, shape: [field.leads.length, signalLength(field)] };
  }
  return undefined;
}

export interface FileSample {
  /** Changes with everything in the file that the sample depends on. */
  readonly content: Digest;
  /** Channels first. Throws `data-invalid`. */
  readonly sample: () => Promise<Float32Array>;
}

/** Reads one file after the other. Throws `data-missing` or `data-invalid`. */
export function sampleReader(input: FileInput): (file: SampleFile) => Promise<FileSample> {
  if (isSignal(input)) {
    const reader = new RecordingReader(input.field);
    return async (file) => ({ content: await usable(reader.digest(file)), sample: () => signalSample(reader, file, input.rule) });
  }
  return async (file) => {
    const bytes = await readableBytes(file);
    // Loaded late: sharp is large, and most bases are without pictures.
    const { pictureSample } = await import("./images/sample.ts");
    return { content: sha256(bytes), sample: () => pictureSample(bytes, input.rule, input.field).catch(unreadable) };
  };
}

const readableBytes = (file: SampleFile): Promise<Uint8Array> =>
  pictureBytes(file).catch((error: unknown) => {
    if (error instanceof PictureRefused) return unreadable(error);
    throw new EngraftError("data-missing", "A file that the table names is gone. Run `engraft-site data check`.", { cause: error });
  });

function unreadable(error: unknown): never {
  if (!(error instanceof PictureRefused)) throw error;
  throw new EngraftError("data-invalid", "A picture cannot be read. Run `engraft-site data check`, which says in which line it is named.");
}

const isSignal = (input: FileInput): input is Extract<FileInput, { readonly rule: SignalRule }> => input.rule.kind === "signal";

/** A sample in the order that a model takes. */
export function laidOut(sample: Float32Array, [channels = 0]: Shape, layout: Layout): Float32Array {
  if (layout === "nchw") return sample;
  const points = sample.length / channels;
  const result = new Float32Array(sample.length);
  for (let channel = 0; channel < channels; channel++)
    for (let at = 0; at < points; at++) result[at * channels + channel] = sample[channel * points + at] as number;
  return result;
}
