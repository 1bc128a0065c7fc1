/** Hands a network with its weights and samples to PyTorch (torch_layers.py), and asks it for gradients, or for the losses of some steps. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { flatten, trainedTensors, unflatten, type TrainablePart } from "@engraft/core/models/tensors";
import { shapesOf } from "@engraft/engine/ir/architecture";
import { sizeOfShape, type Architecture, type Shape } from "@engraft/engine/ir/layers";
import { tensorsOf } from "@engraft/engine/ir/parameters";
import { dropoutFactors } from "@engraft/engine/train/dropout";
import type { ClassWeights } from "@engraft/engine/train/loss";

export interface NetworkCase {
  readonly architecture: Architecture;
  /** Every parameter, by name. */
  readonly tensors: ReadonlyMap<string, Float32Array>;
  readonly trainable: TrainablePart;
  readonly batch: number;
  /** batch x input, row-major. */
  readonly x: Float32Array;
  /** 0 or 1. */
  readonly y: Float32Array;
  readonly classWeights?: ClassWeights;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);

/** As torch_layers.py reads it. Numbers are this machine's, little-endian on all that PyTorch runs on. */
export async function writeNetwork(folder: string, { architecture, tensors, trainable, batch, x, y, classWeights }: NetworkCase) {
  const specs = tensorsOf(architecture);
  const network = {
    architecture,
    tensors: specs.map(({ name, shape }) => ({ name, shape })),
    trainable,
    trained: trainedTensors(specs, trainable).map(({ name }) => name),
    batch,
    classWeights: classWeights ?? null,
  };
  await writeFile(join(folder, "network.json"), JSON.stringify(network));
  await writeFile(join(folder, "weights.f32"), bytesOf(flatten(specs, tensors)));
  await writeFile(join(folder, "x.f32"), bytesOf(x));
  await writeFile(join(folder, "y.f32"), bytesOf(y));
}

/** The same again. */
export async function readNetwork(folder: string): Promise<NetworkCase> {
  const floats = async (name: string): Promise<Float32Array> =>
    new Float32Array(Uint8Array.from(await readFile(join(folder, `${name}.f32`))).buffer);
  const network = JSON.parse(await readFile(join(folder, "network.json"), "utf8")) as Pick<
    NetworkCase,
    "architecture" | "trainable" | "batch"
  > & { readonly classWeights: ClassWeights | null };
  const tensors = unflatten(tensorsOf(network.architecture), await floats("weights"));
  const { architecture, trainable, batch, classWeights } = network;
  const rest = classWeights === null ? {} : { classWeights };
  return { architecture, trainable, batch, tensors, x: await floats("x"), y: await floats("y"), ...rest };
}

const GRADIENTS = fileURLToPath(new URL("torch_gradients.py", import.meta.url));

/** Of one training step in float64; vectors in the order of `trainedTensors`. */
export interface Reference {
  readonly loss: number;
  /** Of everything trained that has a gradient. */
  readonly gradients: Float64Array;
  /** Running means and variances that are trained, after the step. */
  readonly statistics: Float64Array;
  /** How far PyTorch's own float32 is away: L2, relative. */
  readonly spread: { readonly gradients: number; readonly statistics: number };
}

async function withNetwork<T>(network: NetworkCase, ask: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "engraft-torch-"));
  try {
    await writeNetwork(folder, network);
    return await ask(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const torchGradients = (python: string, network: NetworkCase): Promise<Reference> =>
  withNetwork(network, async (folder) => {
    const { stdout } = await promisify(execFile)(python, [GRADIENTS, folder]);
    const read = async (name: string): Promise<Float64Array> =>
      new Float64Array(Uint8Array.from(await readFile(join(folder, name))).buffer);
    const said = JSON.parse(stdout) as Pick<Reference, "loss" | "spread">;
    return { ...said, gradients: await read("gradients.f64"), statistics: await read("statistics.f64") };
  });

const LOSSES = fileURLToPath(new URL("torch_losses.py", import.meta.url));

/** Steps of training; each takes the next `batch` of the network's samples. */
export interface Course {
  readonly steps: number;
  readonly batch: number;
  readonly optimizer:
    | { readonly name: "sgd"; readonly learningRate: number; readonly momentum: number }
    | { readonly name: "adam"; readonly learningRate: number };
  readonly weightDecay: number;
  /** Of dropout, as `TrainingState` has it. */
  readonly seed: string;
}

/** Losses step by step: float64's, those of several runs in float32, and float64's of training that is wrong in some way, by what is wrong. */
export interface TorchLosses {
  readonly exact: readonly number[];
  readonly runs: readonly (readonly number[])[];
  readonly faults: Readonly<Record<string, readonly number[]>>;
}

export const torchLosses = (python: string, network: NetworkCase, course: Course): Promise<TorchLosses> =>
  withNetwork(network, async (folder) => {
    const { steps, batch, seed } = course;
    const shapes = shapesOf(network.architecture);
    await writeFile(join(folder, "training.json"), JSON.stringify(course));
    for (const [at, layer] of network.architecture.layers.entries()) {
      if (layer.kind !== "dropout") continue;
      const size = batch * sizeOfShape(shapes.get(layer.name) as Shape);
      const factors = Array.from({ length: steps }, (_, step) => bytesOf(dropoutFactors([seed, step, layer.name], size, layer.rate)));
      await writeFile(join(folder, `dropout-${at}.f32`), Buffer.concat(factors));
    }
    const { stdout } = await promisify(execFile)(python, [LOSSES, folder]);
    return JSON.parse(stdout) as TorchLosses;
  });
