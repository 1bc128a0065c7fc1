/** The TensorFlow.js engine: forward pass and gradients there; loss and optimizer, a few numbers, here. */
import { trainedTensors, totalSize, sizeOf, type TensorSpec } from "@engraft/core/models/tensors";
import * as tf from "@tensorflow/tfjs-core";
import { INPUT, inputShape, sourcesOf, type Architecture } from "../ir/layers.ts";
import { tensorsOf } from "../ir/parameters.ts";
import { lossAndGradient } from "./loss.ts";
import { applyGradient, type TrainingState } from "./optimizer.ts";
import { applyLayer, type Pass } from "./tfjs-layers.ts";
import type { CompiledModel, CompileOptions, Trainer } from "./trainer.ts";

type Parameters = ReadonlyMap<string, tf.Tensor>;

function forward({ layers }: Architecture, x: tf.Tensor, pass: Pass): tf.Tensor {
  const outputs = new Map<string, tf.Tensor>([[INPUT, x]]);
  let output = x;
  for (const [index, layer] of layers.entries()) {
    const inputs = sourcesOf(layers, index).map((source) => outputs.get(source) as tf.Tensor);
    output = applyLayer(pass, layer, inputs);
    outputs.set(layer.name, output);
  }
  return output;
}

/** One tensor for each spec, from consecutive slices of a flat vector. Copies: the cpu backend keeps what it is given. */
function tensorsFrom(specs: readonly TensorSpec[], flat: Float32Array): tf.Tensor[] {
  let at = 0;
  return specs.map((spec) => tf.tensor(flat.slice(at, (at += sizeOf(spec))), spec.shape, "float32"));
}

/** How much a batch counts in the running statistics: PyTorch's default. */
const MOMENTUM = 0.1;

function compile(architecture: Architecture, tensors: ReadonlyMap<string, Float32Array>, options: CompileOptions): CompiledModel {
  const specs = tensorsOf(architecture);
  const trained = trainedTensors(specs, options.trainable);
  const offsets = new Map<string, number>();
  let size = 0;
  for (const spec of trained) {
    offsets.set(spec.name, size);
    size += sizeOf(spec);
  }
  const kept = new Map(
    specs
      .filter((spec) => !offsets.has(spec.name))
      .map((spec) => [spec.name, tf.tensor((tensors.get(spec.name) as Float32Array).slice(), spec.shape, "float32")]),
  );
  const bind = (values: readonly tf.Tensor[]): Parameters =>
    new Map([...kept, ...trained.map((spec, index) => [spec.name, values[index] as tf.Tensor] as const)]);
  const passOf = (parameters: Parameters, learning: Pick<Pass, "learnsStatistics" | "statistics" | "dropoutSeed">): Pass => ({
    ...learning,
    parameter: (layer, name) => parameters.get(`${layer.name}/${name}`) as tf.Tensor,
  });
  const predicting = { learnsStatistics: () => false, statistics: () => undefined, dropoutSeed: () => undefined };

  // Built once; a step only changes what these point to.
  let x: tf.Tensor;
  let y: Float32Array;
  let state: TrainingState;
  let loss = Number.NaN;
  const gradientOfLogits = new Float32Array(options.batch);
  const gradient = new Float32Array(totalSize(trained));
  const seen: { readonly name: string; readonly values: Float32Array }[] = [];
  const learning: Pick<Pass, "learnsStatistics" | "statistics" | "dropoutSeed"> = {
    learnsStatistics: (layer) => offsets.has(`${layer.name}/mean`),
    statistics: ({ name }, mean, variance) => {
      seen.push(
        { name: `${name}/mean`, values: mean.dataSync<"float32">() },
        { name: `${name}/variance`, values: variance.dataSync<"float32">() },
      );
    },
    dropoutSeed: ({ name }) => `${state.seed}/${state.steps}/${name}`,
  };
  const lossOf = tf.customGrad((...inputs) => {
    loss = lossAndGradient((inputs[0] as tf.Tensor).dataSync(), y, gradientOfLogits, options.classWeights);
    return { value: tf.scalar(loss), gradFunc: () => tf.tensor(gradientOfLogits.slice(), [options.batch, 1], "float32") };
  });
  const learnt = trained.filter(({ role }) => role !== "statistic");
  const gradients = tf.grads((...values: tf.Tensor[]) => {
    const byName = new Map(learnt.map((spec, index) => [spec.name, values[index] as tf.Tensor]));
    return lossOf(forward(architecture, x, passOf(new Map([...kept, ...byName]), learning)));
  });

  /** Running statistics after the step. They have no gradient, so the optimizer's decay must not reach them. */
  const followed = (): readonly (() => void)[] =>
    seen.map(({ name, values }) => {
      const from = offsets.get(name) as number;
      const next = values.map((value, index) => (1 - MOMENTUM) * (state.parameters[from + index] as number) + MOMENTUM * value);
      return () => state.parameters.set(next, from);
    });

  return {
    step: async (batchX, batchY, current) => {
      state = current;
      y = batchY;
      seen.length = 0;
      tf.tidy(() => {
        x = tf.tensor(batchX, [options.batch, ...inputShape(architecture)], "float32");
        const values = tensorsFrom(trained, state.parameters).filter((_, index) => (trained[index] as TensorSpec).role !== "statistic");
        gradients(values).forEach((part, index) => gradient.set(part.dataSync(), offsets.get((learnt[index] as TensorSpec).name)));
      });
      const statistics = followed();
      applyGradient(state, gradient, options);
      for (const write of statistics) write();
      return loss;
    },
    logits: async (inputs, rows, parameters) =>
      tf.tidy(() => {
        const samples = tf.tensor(inputs, [rows, ...inputShape(architecture)], "float32");
        return Float32Array.from(forward(architecture, samples, passOf(bind(tensorsFrom(trained, parameters)), predicting)).dataSync());
      }),
    frozen: () => new Map([...kept].map(([name, tensor]) => [name, Float32Array.from(tensor.dataSync())])),
    dispose: () => tf.dispose([...kept.values()]),
  };
}

/** The engine on the backend that is set in this thread. */
export const tfjsTrainer = (backend: string): Trainer => ({ name: `tfjs ${backend}`, compile });
