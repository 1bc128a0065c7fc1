/** The input of a sample that is a file of its own, a picture or a recording: which one a base takes, and how it becomes numbers. */
import { readFile } from "node:fs/promises";
import { EngraftError } from "@engraft/core/base/errors";
import type { Field, ImageField, SignalField } from "@engraft/core/models/fields";
import type { Manifest } from "@engraft/core/models/manifest";
import type { Shape } from "../ir/layers.ts";
import type { FindingKind } from "./findings.ts";
import { PictureRefused } from "./images/picture.ts";
import type { ImageRule } from "./images/sample.ts";
import { readSignal, signalLength, signalSample, type SignalRule } from "./signals.ts";

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
    if (rule.kind !== "signal" || field?.kind !== "signal" || rule.mean.length !== field.leads.length || rule.sd.length !== field.leads.length) {
      throw new EngraftError(
        "bad-input",
        `The base model's input rule for ${rule.field} does not fit its field. Ask its author for a corrected manifest.`,
      );
    }
    return { rule, field, shape: [field.leads.length, signalLength(field)] };
  }
  return undefined;
}

/** Channels first. Throws `data-invalid`. */
export async function fileSample(input: FileInput, bytes: Uint8Array): Promise<Float32Array> {
  if (isSignal(input)) return signalSample(bytes, input.rule, input.field);
  // Loaded late: sharp is large, and most bases are without pictures.
  const { pictureSample } = await import("./images/sample.ts");
  return pictureSample(bytes, input.rule, input.field).catch((error: unknown) => {
    if (!(error instanceof PictureRefused)) throw error;
    throw new EngraftError("data-invalid", "A picture cannot be read. Run `engraft-site data check`, which says in which line it is named.");
  });
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

/** Whether a file is what the field says. Of a picture only the head is looked at. */
export async function isReadable(path: string, field: Field): Promise<boolean> {
  if (field.kind === "signal") {
    const bytes = await readFile(path).catch(() => undefined);
    return bytes !== undefined && readSignal(bytes, field) !== undefined;
  }
  const { isPicture } = await import("./pictures.ts");
  return isPicture(path);
}

/** Throws `data-missing`. */
export const fileBytes = (path: string): Promise<Uint8Array> =>
  readFile(path).catch((cause: unknown) => {
    throw new EngraftError("data-missing", "A file that the table names is gone. Run `engraft-site data check`.", { cause });
  });
