/**
 * Tensors by the names of a PyTorch file, brought onto an architecture that is known. Its convolutions are canonical already; a
 * linear layer's kernel is turned round.
 */
import { EngraftError } from "@engraft/core/base/errors";
import type { Layer } from "../ir/layers.ts";
import { parametersOf } from "../ir/parameters.ts";
import type { NamedArchitecture } from "../architectures/net.ts";

export interface NamedTensor {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float32Array;
}

type Source = ReadonlyMap<string, NamedTensor>;

const PARTS: Readonly<Record<string, string>> = {
  kernel: "weight",
  bias: "bias",
  gamma: "weight",
  beta: "bias",
  mean: "running_mean",
  variance: "running_var",
};

/** Left over in every file: counters of batch normalisation. */
const UNUSED = /(^|\.)num_batches_tracked$/;

const otherArchitecture = (what: string): EngraftError => new EngraftError("bad-input", `${what}: it is of another architecture.`);

/** Every parameter of the architecture, canonical. Throws `bad-input` where the file lacks one, or has one that no layer takes. */
export function canonicalTensors({ architecture, sources }: NamedArchitecture, source: Source): ReadonlyMap<string, Float32Array> {
  const used = new Set<string>();
  const tensors = new Map<string, Float32Array>();
  for (const layer of architecture.layers) {
    for (const { name, shape } of parametersOf(layer)) {
      const part = name.slice(layer.name.length + 1);
      const from = `${sources.get(layer.name)}.${PARTS[part]}`;
      tensors.set(name, one(source, from, layer, part, shape));
      used.add(from);
    }
  }
  const left = [...source.keys()].find((name) => !used.has(name) && !UNUSED.test(name));
  if (left !== undefined) throw otherArchitecture(`The file's tensor "${left}" has no place`);
  return tensors;
}

function one(source: Source, from: string, layer: Layer, part: string, shape: readonly number[]): Float32Array {
  const found = source.get(from);
  if (found === undefined) throw otherArchitecture(`The file has no tensor "${from}"`);
  const turned = layer.kind === "dense" && part === "kernel";
  const expected = turned ? shape.toReversed() : shape;
  // A linear layer may be stored as a convolution of one pixel.
  const given = turned ? found.shape.filter((dimension, axis) => axis < 2 || dimension !== 1) : found.shape;
  if (given.join() !== expected.join()) {
    throw otherArchitecture(`The tensor "${from}" has the shape ${found.shape.join(" x ")} instead of ${expected.join(" x ")}`);
  }
  return turned ? transposed(found.values, expected[0] as number, expected[1] as number) : found.values;
}

/** [rows, columns] to [columns, rows]. */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column] as number;
  return result;
}
