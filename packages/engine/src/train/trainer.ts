/**
 * What an engine must do. Parameters and optimizer state cross this border as flat float32 vectors in canonical order, and
 * every training step has the same shape, so that an engine may compile the step ahead of time.
 */
import type { Plan } from "@engraft/core/models/plan";
import type { TrainablePart } from "@engraft/core/models/tensors";
import type { Samples } from "../data/samples.ts";
import type { Architecture } from "../ir/layers.ts";
import type { Loss } from "./loss.ts";
import type { OptimizerSettings, TrainingState } from "./optimizer.ts";

export interface CompileOptions extends OptimizerSettings {
  readonly trainable: TrainablePart;
  /** Samples in a training step. */
  readonly batch: number;
  readonly loss: Loss;
}

/** Of a plan's training what an engine is compiled for. */
export const compileOptionsOf = (
  { trainable, batch, optimizer, weightDecay, gradientClip }: Plan["training"],
  loss: Loss,
): CompileOptions => ({ trainable, batch, optimizer, weightDecay, gradientClip, loss });

/** Samples row by row: `width` numbers of each in `x`, `targets` numbers in `y`. */
export type SampleRows = Pick<Samples, "x" | "width" | "y" | "targets">;

/** For differential privacy (Abadi et al. 2016). Of the loss of a batch of one sample, without decay and what a strategy adds. */
export interface PerSampleGradients {
  /** L2 norm of each sample's gradient of all that is trained. */
  readonly norms: Float32Array;
  /** Sum of the samples' gradients, each scaled down to a norm of at most `clip` first; in the order of `trainedTensors`. */
  readonly sum: Float32Array;
}

export interface CompiledModel {
  /**
   * One update on `batch` samples: `x` row-major batch x input, `y` row-major batch x targets of the loss. Changes `state` in place,
   * running statistics of trained batch normalisations too. Returns the batch's loss before the update.
   */
  step(x: Float32Array, y: Float32Array, state: TrainingState): Promise<number>;
  /**
   * As many updates as `order` holds batches, each on the rows of `samples` that it names, with the same result as that many of `step`.
   * Returns each one's loss. Absent where a call for each step costs nothing to speak of.
   */
  readonly steps?: (samples: SampleRows, order: Int32Array, state: TrainingState) => Promise<Float32Array>;
  /**
   * The gradient of each of the batch's samples by itself, at `state`: how long it is, and their sum. Changes nothing. Absent where the loss or a
   * normalisation ties samples together, and where an engine has no such thing.
   */
  readonly perSample?: (x: Float32Array, y: Float32Array, state: TrainingState, clip: number) => Promise<PerSampleGradients>;
  /** Logits of `rows` samples, row-major rows x outputs, under `parameters`, in the order of `trainedTensors`. Dropout and batch statistics are off. */
  logits(x: Float32Array, rows: number, parameters: Float32Array): Promise<Float32Array>;
  /** What enters the last layer, rows x its inputs, likewise. */
  headInputs(x: Float32Array, rows: number, parameters: Float32Array): Promise<Float32Array>;
  /** Every tensor that is not trained, as the engine holds it now. */
  frozen(): ReadonlyMap<string, Float32Array>;
  dispose(): void;
}

/** "onnx" is ONNX Runtime, with whichever of its operators this machine has; the others are TensorFlow.js's. */
export const BACKENDS = ["onnx", "native-gpu", "native", "wasm", "cpu"] as const;
export type Backend = (typeof BACKENDS)[number];

export interface Trainer {
  readonly backend: Backend;
  /** Engine and backend, for example "tfjs wasm"; recorded with every update, since engines differ in the last digits. */
  readonly name: string;
  /** Prepares a model; `tensors` holds every parameter of the architecture. */
  compile(architecture: Architecture, tensors: ReadonlyMap<string, Float32Array>, options: CompileOptions): CompiledModel;
}
