/** A layers model of TensorFlow.js: model.json with the topology and the list of weights, which lie in shards beside it. */
import { lstat, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import type { NamedTensor } from "../named-tensors.ts";
import { readFloats } from "../numbers.ts";
import { isRecord } from "./config.ts";
import { convert, type Converted } from "./convert.ts";
import { jsonOf } from "./keras-file.ts";
import { cannotBring, quoted, wrongFile } from "./refusal.ts";
import { readModel } from "./source.ts";
import { weightsByName } from "./weights.ts";

/** Bytes of all shards together. */
const MOST = 1.5e9;

const Spec = z.looseObject({
  name: z.string().min(1).max(1000),
  shape: z.array(z.int().min(0).max(1e9)).max(8),
  dtype: z.string(),
  quantization: z.unknown().optional(),
});
const Manifest = z.array(z.looseObject({ paths: z.array(z.string()).max(10_000), weights: z.array(Spec).max(100_000) })).max(1000);
type Group = z.infer<typeof Manifest>[number];

/** JSON: no other file that is read here begins with a brace. */
export const isTfjs = (bytes: Uint8Array): boolean => bytes[0] === 0x7b || (bytes[0] === 0xef && bytes[3] === 0x7b);

/** `path`: of model.json. Throws `bad-input`. */
export async function readTfjs(path: string, bytes: Uint8Array, size: number | undefined): Promise<Converted> {
  const json = jsonOf(bytes, "model.json");
  if (!isRecord(json)) throw wrongFile("model.json describes no model");
  if (json["format"] === "graph-model") throw cannotBring("The model is a graph of TensorFlow.js, not one of layers");
  const topology = json["modelTopology"];
  if (!isRecord(topology)) throw wrongFile("model.json has no modelTopology");
  const model = readModel(isRecord(topology["model_config"]) ? topology["model_config"] : topology);
  const manifest = Manifest.safeParse(json["weightsManifest"]);
  if (!manifest.success) throw wrongFile("model.json has no usable weightsManifest");
  const tensors = new Map<string, NamedTensor>();
  let left = MOST;
  for (const group of manifest.data) {
    const length = bytesOf(group);
    left -= length;
    if (left < 0) throw wrongFile(`its weights are larger than ${MOST} bytes`);
    for (const [name, tensor] of tensorsOf(group, await shardsOf(group, dirname(path), length))) {
      if (tensors.has(name)) throw wrongFile(`two of its weights are called ${quoted(name)}`);
      tensors.set(name, tensor);
    }
  }
  return convert(model, weightsByName(tensors), size);
}

const sizeOf = ({ shape }: z.infer<typeof Spec>): number => shape.reduce((product, length) => product * length, 1);

function bytesOf({ weights }: Group): number {
  for (const { name, dtype, quantization } of weights) {
    if (quantization !== undefined && quantization !== null)
      throw wrongFile(`the weight ${quoted(name)} is quantized: convert the model without quantization`);
    if (dtype !== "float32") throw wrongFile(`the weight ${quoted(name)} is of ${quoted(dtype)} instead of float32`);
  }
  return weights.reduce((sum, spec) => sum + 4 * sizeOf(spec), 0);
}

/** A shard is a file beside model.json and nowhere else. */
const SHARD = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}$/;

/** The shards one after the other, exactly as long as they must be. */
async function shardsOf({ paths }: Group, folder: string, length: number): Promise<Uint8Array> {
  const shards: Buffer[] = [];
  let found = 0;
  for (const path of paths) {
    if (!SHARD.test(path)) throw wrongFile(`the weights ${quoted(path)} do not lie beside model.json`);
    const file = join(folder, path);
    const state = await lstat(file).catch(() => undefined);
    if (state?.isFile() !== true) throw wrongFile(`there is no file ${quoted(path)} beside model.json`);
    found += state.size;
    if (found > length) break;
    shards.push(await readFile(file));
  }
  const data = Buffer.concat(shards);
  if (found !== length || data.byteLength !== length) throw wrongFile(`its weights have ${found} bytes or more instead of ${length}`);
  return data;
}

function* tensorsOf({ weights }: Group, data: Uint8Array): Generator<readonly [string, NamedTensor]> {
  let at = 0;
  for (const spec of weights) {
    const length = sizeOf(spec);
    yield [spec.name, { shape: spec.shape, values: readFloats(data.subarray(at, at + 4 * length), "F32", length) }];
    at += 4 * length;
  }
}
