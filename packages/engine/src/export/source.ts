/** What every format is written from: the manifest of the model, its tensors, and what the files say of where they come from. */
import type { Manifest } from "@engraft/core/models/manifest";
import { totalSize } from "@engraft/core/models/tensors";
import { fileInputOf, type FileInput } from "../data/file-input.ts";
import { architectureOf } from "../ir/architecture.ts";
import type { Architecture } from "../ir/layers.ts";

export interface ExportSource {
  /** Of the model itself: a release's own, not its base's. */
  readonly manifest: Manifest;
  /** Every tensor of the manifest, by name, row-major. */
  readonly tensors: ReadonlyMap<string, Float32Array>;
  /** Name and digest of what led to the model, such as `engraft.plan`; every format carries them as they are. */
  readonly marks: Readonly<Record<string, string>>;
}

/** A source that can be written: its layers are all there is. */
export interface ReadySource extends ExportSource {
  readonly architecture: Architecture;
  /** Undefined where the model takes the columns of a table. */
  readonly file: FileInput | undefined;
}

/** Why a format cannot hold a model, in words for a person. */
export class CannotHold extends Error {
  override readonly name = "CannotHold";
}

/** Files are written in memory, several of them beside each other. */
const MOST_VALUES = 128e6;

/** Throws `bad-input` where the manifest is wrong, `CannotHold` where part of the model is a file of its own. */
export function readySource(source: ExportSource): ReadySource {
  const { manifest } = source;
  if (manifest.trunk !== undefined)
    throw new CannotHold("the base brings its frozen part as an ONNX file of its own, and only layers are written in other formats");
  const values = totalSize(manifest.tensors);
  if (values > MOST_VALUES) throw new CannotHold(`it has ${values} values, and files of more than ${MOST_VALUES} are not written`);
  return { ...source, architecture: architectureOf(manifest), file: fileInputOf(manifest) };
}
