/** A `.keras` file of Keras 3: an archive of the model's configuration and its weights as HDF5. Nothing in it is executed. */
import { EngraftError } from "@engraft/core/base/errors";
import { filesIn } from "../archive.ts";
import { Hdf5Reader } from "./hdf5.ts";
import { isRecord } from "./config.ts";
import { convert, type Converted } from "./convert.ts";
import { quoted, wrongFile } from "./refusal.ts";
import { readModel } from "./source.ts";
import { weightsByPlace } from "./weights.ts";

const LIMITS = { "config.json": 32e6, "metadata.json": 1e6, "model.weights.h5": 1.5e9 };

/** `size`: pixels of width and height of a model that takes any. Throws `bad-input`. */
export async function readKeras(bytes: Uint8Array, size: number | undefined): Promise<Converted> {
  const reader = new Hdf5Reader();
  return readKerasWith(reader, bytes, size).finally(() => reader.close());
}

/** The same for many files. */
export async function readKerasWith(reader: Hdf5Reader, bytes: Uint8Array, size: number | undefined): Promise<Converted> {
  const files = filesIn(bytes, LIMITS);
  const [config, metadata, weights] = [files["config.json"], files["metadata.json"], files["model.weights.h5"]];
  if (config === undefined) throw wrongFile("it holds no config.json");
  const version = metadata === undefined ? undefined : jsonOf(metadata, "metadata.json");
  const keras = isRecord(version) ? version["keras_version"] : undefined;
  if (typeof keras === "string" && !keras.startsWith("3."))
    throw wrongFile(`it was saved by Keras ${quoted(keras)}: load and save it with Keras 3`);
  if (weights === undefined) throw wrongFile("it holds no model.weights.h5 (weights in several files are not read)");
  const model = readModel(jsonOf(config, "config.json"));
  // fflate gives each file memory of its own, which may be handed over.
  return convert(model, weightsByPlace(await reader.read(weights as Uint8Array<ArrayBuffer>)), size);
}

/** Throws `bad-input`. */
export function jsonOf(bytes: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new EngraftError("bad-input", `The model file cannot be used: ${name} is no JSON.`, { cause });
  }
}
