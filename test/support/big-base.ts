/** A base of the heart example's shape whose vector has ten megabytes: transfers that take time on a slow line. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Manifest } from "@engraft/core/models/manifest";
import type { Plan } from "@engraft/core/models/plan";
import { writeSafetensors } from "@engraft/core/models/safetensors";
import { sizeOf, type TensorSpec } from "@engraft/core/models/tensors";
import { exampleFile } from "../../examples/heart-disease/files.ts";

const NAME = "heart-wide";
const [INPUT, WIDE, NEXT] = [32, 1_500, 1_600];

export interface BigBase {
  readonly folder: string;
  /** Of the trained vector. */
  readonly bytes: number;
  /** A plan of the example's, over this base. */
  readonly over: (plan: Plan) => Plan;
}

/** Small values, the same every time: sines of the index, as wide as a layer of that many inputs wants them. */
const values = (spec: TensorSpec): Float32Array => {
  const scale = spec.shape.length === 2 ? Math.sqrt(2 / (spec.shape[0] ?? 1)) : 0;
  return Float32Array.from({ length: sizeOf(spec) }, (_, index) => scale * Math.sin(1 + index * 12.9898));
};

export async function bigBase(dir: string): Promise<BigBase> {
  const folder = join(dir, "big-base");
  await mkdir(folder, { recursive: true });
  const example = JSON.parse(await readFile(exampleFile("base/manifest.json"), "utf8")) as Manifest;
  const dense = [
    [INPUT, WIDE],
    [WIDE, NEXT],
    [NEXT, 1],
  ] as const;
  const tensors = dense.flatMap(([from, to], index): TensorSpec[] => [
    { name: `dense_${index + 1}/kernel`, shape: [from, to], depth: 2 - index },
    { name: `dense_${index + 1}/bias`, shape: [to], depth: 2 - index },
  ]);
  const layers = dense.flatMap(([from, to], index) => [
    { kind: "dense", name: `dense_${index + 1}`, in: from, out: to },
    ...(index < dense.length - 1 ? [{ kind: "activation", name: `relu_${index + 1}`, function: "relu" }] : []),
  ]);
  const weights = writeSafetensors(tensors, new Map(tensors.map((spec) => [spec.name, values(spec)])));
  const manifest = {
    ...example,
    name: NAME,
    tensors,
    architecture: { ...(example.architecture as object), layers },
    weights: { digest: sha256(weights), bytes: weights.byteLength },
  };
  const text = JSON.stringify(manifest);
  await writeFile(join(folder, "manifest.json"), text);
  await writeFile(join(folder, "weights.safetensors"), weights);
  const base = { name: NAME, version: example.version, manifest: sha256(text), weights: manifest.weights.digest };
  return { folder, bytes: 4 * tensors.reduce((sum, spec) => sum + sizeOf(spec), 0), over: (plan) => ({ ...plan, base }) };
}
