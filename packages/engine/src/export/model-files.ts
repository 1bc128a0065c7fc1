/** The model of a release in every format that holds it, with a program in Python that loads each. */
import { readFile } from "node:fs/promises";
import { writeSafetensors } from "@engraft/core/models/safetensors";
import { trainableTensors, type TrainablePart } from "@engraft/core/models/tensors";
import { kerasModel } from "./keras.ts";
import { onnxModel } from "./onnx.ts";
import { CannotHold, readySource, type ExportSource, type ReadySource } from "./source.ts";
import { tfjsModel } from "./tfjs.ts";

export type Files = ReadonlyMap<string, Uint8Array>;

export interface ModelFiles {
  /** By name, in a fixed order. None lies in a folder: shards are beside `model.json`, also where each is fetched by its own address. */
  readonly files: Files;
  /** Formats that cannot hold this model, and why. */
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
}

const FORMATS: Readonly<Record<string, (source: ReadySource) => Promise<Files>>> = {
  "model.onnx": async (source) => new Map([["model.onnx", onnxModel(source)]]),
  "model.keras": async (source) => new Map([["model.keras", await kerasModel(source)]]),
  "model.json": async (source) => tfjsModel(source),
};

/** Beside `manifest.json` and `model.safetensors`, which every release has. Throws `bad-input` where the manifest is wrong. */
export async function modelFiles(source: ExportSource): Promise<ModelFiles> {
  const files = new Map<string, Uint8Array>();
  const leftOut: { name: string; why: string }[] = [];
  for (const [name, write] of Object.entries(FORMATS)) {
    try {
      for (const [path, bytes] of await write(readySource(source))) files.set(path, bytes);
    } catch (error) {
      if (!(error instanceof CannotHold)) throw error;
      leftOut.push({ name, why: error.message });
    }
  }
  if (files.size > 0) for (const name of PYTHON) files.set(name, await readFile(new URL(name, PYTHON_FOLDER)));
  return { files, leftOut };
}

/** `load.py`, and the layers in PyTorch that it imports. They are text beside the source: `dist` has as many folders above it. */
const PYTHON = ["load.py", "engraft_torch.py"];
const PYTHON_FOLDER = new URL("../../src/export/python/", import.meta.url);

/**
 * `trainable-only.safetensors`: what sites trained together, in the manifest's order. Its header names the base that it belongs to: everything else is there as it was.
 */
export function trainableOnly({ manifest, tensors, marks }: ExportSource, trainable: TrainablePart, base: BaseDigests): Uint8Array {
  const own = { format: "pt", "engraft.base": base.name, "engraft.base.manifest": base.manifest, "engraft.base.weights": base.weights };
  return writeSafetensors(trainableTensors(manifest.tensors, trainable), tensors, { ...marks, ...own });
}

export interface BaseDigests {
  /** Name and version, for people. */
  readonly name: string;
  /** SHA-256 of the base's manifest and of its weights file. */
  readonly manifest: string;
  readonly weights: string;
}
