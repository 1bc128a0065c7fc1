/** The TensorFlow.js engine: forward pass and gradients there; loss and optimizer, a few numbers, here. */
import { trainableTensors, totalSize, sizeOf, type TensorSpec } from "@engraft/core/models/tensors";
import * as tf from "@tensorflow/tfjs-core";
import { tensorsOf, type Architecture, type Layer } from "../ir/layers.ts";
import { lossAndGradient } from "./loss.ts";
import { applyGradient } from "./optimizer.ts";
import type { CompiledModel, CompileOptions, Trainer } from "./trainer.ts";

type Parameters = ReadonlyMap<string, tf.Tensor>;

function apply(layer: Layer, x: tf.Tensor, parameters: Parameters): tf.Tensor {
  const parameter = (name: string): tf.Tensor => parameters.get(`${layer.name}/${name}`) as tf.Tensor;
  switch (layer.kind) {
    case "dense":
      return tf.add(tf.matMul(x, parameter("kernel")), parameter("bias"));
    case "activation":
      return { relu: tf.relu, tanh: tf.tanh, sigmoid: tf.sigmoid, linear: (input: tf.Tensor) => input }[layer.function](x);
    default:
      return layer satisfies never;
  }
}

const forward = (layers: readonly Layer[], x: tf.Tensor, parameters: Parameters): tf.Tensor =>
  layers.reduce((input, layer) => apply(layer, input, parameters), x);

/** One tensor for each spec, from consecutive slices of a flat vector. Copies: the cpu backend keeps what it is given. */
function tensorsFrom(specs: readonly TensorSpec[], flat: Float32Array): tf.Tensor[] {
  let at = 0;
  return specs.map((spec) => tf.tensor(flat.slice(at, (at += sizeOf(spec))), spec.shape, "float32"));
}

function compile(architecture: Architecture, tensors: ReadonlyMap<string, Float32Array>, options: CompileOptions): CompiledModel {
  const specs = tensorsOf(architecture);
  const trained = trainableTensors(specs, options.trainable);
  const kept = new Map(
    specs
      .filter((spec) => !trained.includes(spec))
      .map((spec) => [spec.name, tf.tensor((tensors.get(spec.name) as Float32Array).slice(), spec.shape, "float32")]),
  );
  const bind = (values: readonly tf.Tensor[]): Parameters =>
    new Map([...kept, ...trained.map((spec, index) => [spec.name, values[index] as tf.Tensor] as const)]);

  // Built once; a step only changes what `x` and `y` point to.
  let x: tf.Tensor;
  let y: Float32Array;
  let loss = Number.NaN;
  const gradientOfLogits = new Float32Array(options.batch);
  const lossOf = tf.customGrad((...inputs) => {
    loss = lossAndGradient((inputs[0] as tf.Tensor).dataSync(), y, gradientOfLogits);
    return { value: tf.scalar(loss), gradFunc: () => tf.tensor(gradientOfLogits.slice(), [options.batch, 1], "float32") };
  });
  const gradients = tf.grads((...values: tf.Tensor[]) => lossOf(forward(architecture.layers, x, bind(values))));
  const gradient = new Float32Array(totalSize(trained));

  return {
    step: async (batchX, batchY, state) => {
      tf.tidy(() => {
        x = tf.tensor(batchX, [options.batch, architecture.input], "float32");
        y = batchY;
        let at = 0;
        for (const part of gradients(tensorsFrom(trained, state.parameters))) {
          gradient.set(part.dataSync(), at);
          at += part.size;
        }
      });
      applyGradient(state, gradient, options);
      return loss;
    },
    logits: async (inputs, rows, parameters) =>
      tf.tidy(() =>
        Float32Array.from(
          forward(
            architecture.layers,
            tf.tensor(inputs, [rows, architecture.input], "float32"),
            bind(tensorsFrom(trained, parameters)),
          ).dataSync(),
        ),
      ),
    frozen: () => new Map([...kept].map(([name, tensor]) => [name, Float32Array.from(tensor.dataSync())])),
    dispose: () => tf.dispose([...kept.values()]),
  };
}

/** The engine on the backend that is set in this thread. */
export const tfjsTrainer = (backend: string): Trainer => ({ name: `tfjs ${backend}`, compile });
