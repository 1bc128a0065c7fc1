/**
 * What an engine must do. Parameters and optimizer state cross this border as flat float32 vectors in canonical order, and
 * every training step has the same shape, so that an engine may compile the step ahead of time.
 */
import type { TrainablePart } from "@engraft/core/models/tensors";
import type { Architecture } from "../ir/layers.ts";
import type { Loss } from "./loss.ts";
import type { OptimizerSettings, TrainingState } from "./optimizer.ts";

export interface CompileOptions extends OptimizerSettings {
  readonly trainable: TrainablePart;
  /** Samples in a training step. */
  readonly batch: number;
  readonly loss: Loss;
}

export interface CompiledModel {
  /**
   * One update on `batch` samples: `x` row-major batch x input, `y` row-major batch x targets of the loss. Changes `state` in place,
   * running statistics of trained batch normalisations too. Returns the batch's loss before the update.
   */
  step(x: Float32Array, y: Float32Array, state: TrainingState): Promise<number>;
  /** Logits of `rows` samples, row-major rows x outputs, under `parameters`, in the order of `trainedTensors`. Dropout and batch statistics are off. */
  logits(x: Float32Array, rows: number, parameters: Float32Array): Promise<Float32Array>;
  /** What enters the last layer, rows x its inputs, likewise. */
  headInputs(x: Float32Array, rows: number, parameters: Float32Array): Promise<Float32Array>;
  /** Every tensor that is not trained, as the engine holds it now. */
  frozen(): ReadonlyMap<string, Float32Array>;
  dispose(): void;
}

export interface Trainer {
  /** Engine and backend, for example "tfjs wasm"; recorded with every update, since engines differ in the last digits. */
  readonly name: string;
  /** Prepares a model; `tensors` holds every parameter of the architecture. */
  compile(architecture: Architecture, tensors: ReadonlyMap<string, Float32Array>, options: CompileOptions): CompiledModel;
}
