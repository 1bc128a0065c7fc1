/** The TensorFlow.js engine: forward pass and gradients there; loss and optimizer, a few numbers, here. */
import { trainedTensors, totalSize, sizeOf, type TensorSpec, offsetsOf } from "@engraft/core/models/tensors";
import * as tf from "@tensorflow/tfjs-core";
import { INPUT, inputShape, sourcesOf, type Architecture } from "../ir/layers.ts";
import { tensorsOf } from "../ir/parameters.ts";
import { dropoutFactors } from "./dropout.ts";
import { lossAndGradient } from "./loss.ts";
import { applyGradient, type TrainingState } from "./optimizer.ts";
import { followed } from "./statistics.ts";
import { applyLayer, type Pass } from "./tfjs-layers.ts";
import type { Backend, CompiledModel, CompileOptions, Trainer } from "./trainer.ts";

type Parameters = ReadonlyMap<string, tf.Tensor>;

/** What enters layer `until`; with as many as there are layers, what the last one gives. */
function forward({ layers }: Architecture, x: tf.Tensor, pass: Pass, until = layers.length): tf.Tensor {
  const outputs = new Map<string, tf.Tensor>([[INPUT, x]]);
  let output = x;
  for (const [index, layer] of layers.slice(0, until).entries()) {
    const inputs = sourcesOf(layers, index).map((source) => outputs.get(source) as tf.Tensor);
    output = applyLayer(pass, layer, inputs);
    outputs.set(layer.name, output);
  }
  return until < layers.length ? (outputs.get(sourcesOf(layers, until)[0] ?? INPUT) as tf.Tensor) : output;
}

/** One tensor for each spec, from consecutive slices of a flat vector. Copies: the cpu backend keeps what it is given. */
function tensorsFrom(specs: readonly TensorSpec[], flat: Float32Array): tf.Tensor[] {
  let at = 0;
  return specs.map((spec) => tf.tensor(flat.slice(at, (at += sizeOf(spec))), spec.shape, "float32"));
}

type Learning = Omit<Pass, "parameter">;

const PREDICTING: Learning = { learnsStatistics: () => false, statistics: () => undefined, kept: () => undefined };

const passOf = (parameters: Parameters, learning: Learning): Pass => ({
  ...learning,
  parameter: (layer, name) => parameters.get(`${layer.name}/${name}`) as tf.Tensor,
});

/** One training step, built once; a call only changes what the fields point to. */
class Step {
  readonly #architecture: Architecture;
  readonly #options: CompileOptions;
  /** What has a gradient: running statistics follow the batches instead. */
  readonly #learnt: readonly TensorSpec[];
  readonly #offsets: ReadonlyMap<string, number>;
  readonly #gradients: (values: tf.Tensor[]) => tf.Tensor[];
  readonly #gradient: Float32Array;
  readonly #gradientOfLogits: Float32Array;
  /** The batch's statistics, by the name of the running one. */
  readonly #seen = new Map<string, Float32Array>();
  #x!: tf.Tensor;
  #y!: Float32Array;
  #state!: TrainingState;
  #loss = Number.NaN;

  constructor(architecture: Architecture, options: CompileOptions, trained: readonly TensorSpec[], kept: Parameters) {
    this.#architecture = architecture;
    this.#options = options;
    this.#learnt = trained.filter(({ role }) => role !== "statistic");
    this.#offsets = offsetsOf(trained);
    this.#gradient = new Float32Array(totalSize(trained));
    this.#gradientOfLogits = new Float32Array(options.batch * options.loss.outputs);
    const learning: Learning = {
      learnsStatistics: (layer) => this.#offsets.has(`${layer.name}/mean`),
      statistics: ({ name }, mean, variance) => {
        this.#seen.set(`${name}/mean`, mean.dataSync<"float32">());
        this.#seen.set(`${name}/variance`, variance.dataSync<"float32">());
      },
      kept: ({ name, rate }, size) => dropoutFactors([this.#state.seed, this.#state.steps, name], size, rate),
    };
    const lossOf = tf.customGrad((...inputs) => {
      this.#loss = lossAndGradient(options.loss, (inputs[0] as tf.Tensor).dataSync(), this.#y, this.#gradientOfLogits);
      const gradFunc = () => tf.tensor(this.#gradientOfLogits.slice(), [options.batch, options.loss.outputs], "float32");
      return { value: tf.scalar(this.#loss), gradFunc };
    });
    this.#gradients = tf.grads((...values: tf.Tensor[]) => {
      const byName = this.#learnt.map((spec, index) => [spec.name, values[index] as tf.Tensor] as const);
      return lossOf(forward(architecture, this.#x, passOf(new Map([...kept, ...byName]), learning)));
    });
  }

  run(x: Float32Array, y: Float32Array, state: TrainingState): number {
    this.#state = state;
    this.#y = y;
    this.#seen.clear();
    tf.tidy(() => {
      this.#x = tf.tensor(x, [this.#options.batch, ...inputShape(this.#architecture)], "float32");
      const values = this.#learnt.map((spec) => {
        const from = this.#offsets.get(spec.name) as number;
        return tf.tensor(state.parameters.slice(from, from + sizeOf(spec)), spec.shape, "float32");
      });
      this.#gradients(values).forEach((part, index) => {
        this.#gradient.set(part.dataSync(), this.#offsets.get((this.#learnt[index] as TensorSpec).name));
      });
    });
    const statistics = followed(state.parameters, this.#offsets, this.#seen);
    applyGradient(state, this.#gradient, this.#options);
    for (const [at, values] of statistics) state.parameters.set(values, at);
    return this.#loss;
  }
}

function compile(architecture: Architecture, tensors: ReadonlyMap<string, Float32Array>, options: CompileOptions): CompiledModel {
  const specs = tensorsOf(architecture);
  const trained = trainedTensors(specs, options.trainable);
  const kept = new Map(
    specs
      .filter((spec) => !trained.includes(spec))
      .map((spec) => [spec.name, tf.tensor((tensors.get(spec.name) as Float32Array).slice(), spec.shape, "float32")]),
  );
  const step = new Step(architecture, options, trained, kept);
  const predicted = async (inputs: Float32Array, rows: number, parameters: Float32Array, until?: number): Promise<Float32Array> =>
    tf.tidy(() => {
      const values = tensorsFrom(trained, parameters);
      const all = new Map([...kept, ...trained.map((spec, index) => [spec.name, values[index] as tf.Tensor] as const)]);
      const x = tf.tensor(inputs, [rows, ...inputShape(architecture)], "float32");
      return Float32Array.from(forward(architecture, x, passOf(all, PREDICTING), until).dataSync());
    });
  return {
    step: async (x, y, state) => step.run(x, y, state),
    logits: (inputs, rows, parameters) => predicted(inputs, rows, parameters),
    headInputs: (inputs, rows, parameters) => predicted(inputs, rows, parameters, architecture.layers.length - 1),
    frozen: () => new Map([...kept].map(([name, tensor]) => [name, Float32Array.from(tensor.dataSync())])),
    dispose: () => tf.dispose([...kept.values()]),
  };
}

/** The engine on the backend that is set in this thread. */
export const tfjsTrainer = (backend: Exclude<Backend, "onnx">): Trainer => ({ backend, name: `tfjs ${backend}`, compile });
