/**
 * The ONNX Runtime engine: forward pass, gradients and optimizer are one graph of plain operators, which the inference runtime runs. No part
 * of it was made for training, so it needs nothing that npm does not bring.
 */
import { sizeOf, totalSize, trainedTensors, type TensorSpec } from "@engraft/core/models/tensors";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { inputShape, type Architecture } from "../../ir/layers.ts";
import { tensorsOf } from "../../ir/parameters.ts";
import type { Block } from "../../onnx/blocked/probe.ts";
import { Graph, onnxFile } from "../../onnx/graph.ts";
import { addForward, GRAPH_INPUT, GRAPH_OUTPUT } from "../../trunk/lower.ts";
import { dropoutFactors } from "../dropout.ts";
import type { Loss } from "../loss.ts";
import type { TrainingState } from "../optimizer.ts";
import { follow } from "../statistics.ts";
import type { CompiledModel, CompileOptions, Trainer } from "../trainer.ts";
import { lossInputs, lossShapes } from "./losses.ts";
import { extrasOf, slotsOf, UPDATE_VECTORS, updateNumbers } from "./optimizer.ts";
import { cutOut, STEP, stepOf, type Step } from "./step.ts";

type Feeds = Record<string, Tensor>;

const floats = (values: Float32Array, dims: readonly number[]): Tensor => new Tensor("float32", values, dims);

export interface OnnxOptions {
  /** Block size of the channel-blocked operators, as this machine's probe found it; 0 keeps to standard operators. */
  readonly block: Block;
  /** Whether the runtime may rewrite the graph; off in tests that compare both. */
  readonly rewrites?: boolean;
}

/** Each graph is loaded when it is first needed: one that is never asked for costs nothing. */
class Sessions<K> {
  readonly #made = new Map<K, Promise<InferenceSession>>();
  readonly #rewrites: boolean;

  constructor({ rewrites = true }: OnnxOptions) {
    this.#rewrites = rewrites;
  }

  get(key: K, file: () => Uint8Array): Promise<InferenceSession> {
    let made = this.#made.get(key);
    if (made === undefined) this.#made.set(key, (made = this.#start(file())));
    return made;
  }

  #start(file: Uint8Array): Promise<InferenceSession> {
    return InferenceSession.create(file, { logSeverityLevel: 3, graphOptimizationLevel: this.#rewrites ? "all" : "disabled" });
  }

  release(): void {
    // What runs at this moment ends first: a session knows that itself.
    for (const made of this.#made.values()) void made.then((session) => session.release()).catch(() => undefined);
    this.#made.clear();
  }
}

/** Loss options of a model, until the plan's own. */
const lossOf = ({ classWeights }: CompileOptions): Loss => ({
  kind: "sigmoid",
  outputs: 1,
  weights: classWeights === undefined ? undefined : [classWeights],
});

class StepRunner {
  readonly #options: CompileOptions;
  readonly #loss: Loss;
  readonly #architecture: Architecture;
  readonly #tensors: ReadonlyMap<string, Float32Array>;
  readonly #onnx: OnnxOptions;
  readonly #sessions: Sessions<string>;
  readonly #steps = new Map<string, Step>();
  readonly #offsets: ReadonlyMap<string, number>;

  constructor(
    architecture: Architecture,
    tensors: ReadonlyMap<string, Float32Array>,
    options: CompileOptions,
    trained: readonly TensorSpec[],
    onnx: OnnxOptions,
  ) {
    this.#onnx = onnx;
    this.#sessions = new Sessions(onnx);
    this.#architecture = architecture;
    this.#tensors = tensors;
    this.#options = options;
    this.#loss = lossOf(options);
    let at = 0;
    this.#offsets = new Map(trained.map((spec) => [spec.name, (at += sizeOf(spec)) - sizeOf(spec)]));
  }

  async run(x: Float32Array, y: Float32Array, state: TrainingState): Promise<number> {
    const extras = extrasOf(state);
    const key = JSON.stringify(extras);
    const step = this.#steps.get(key) ?? stepOf(this.#architecture, this.#tensors, this.#options, this.#loss, extras, this.#onnx.block);
    this.#steps.set(key, step);
    const session = await this.#sessions.get(key, () => step.file);
    const outputs = await session.run(this.#feeds(step, x, y, state));
    const data = (name: string): Float32Array => outputs[name]?.data as Float32Array;
    const statistics = step.followed.map((spec) => {
      const from = this.#offsets.get(spec.name) as number;
      return { from, running: state.parameters.slice(from, from + sizeOf(spec)) };
    });
    state.parameters.set(data(STEP.updated));
    for (let at = 0; at < slotsOf(this.#options); at++) state.slots.set(data(STEP.updatedSlot(at)), at * state.parameters.length);
    let at = 0;
    for (const { from, running } of statistics) {
      follow(running, data(STEP.statistics).subarray(at, (at += running.length)));
      state.parameters.set(running, from);
    }
    state.steps++;
    return data(STEP.loss)[0] as number;
  }

  release(): void {
    this.#sessions.release();
  }

  #feeds({ dropped }: Step, x: Float32Array, y: Float32Array, state: TrainingState): Feeds {
    const { batch } = this.#options;
    const size = state.parameters.length;
    const shapes = lossShapes(this.#loss, batch);
    const { targets, weights } = lossInputs(this.#loss, y, batch);
    const feeds: Feeds = {
      [STEP.samples]: floats(x, [batch, ...inputShape(this.#architecture)]),
      [STEP.targets]: floats(targets, shapes.targets),
      [STEP.weights]: floats(weights, shapes.weights),
      [STEP.parameters]: floats(state.parameters, [size]),
    };
    for (let at = 0; at < slotsOf(this.#options); at++)
      feeds[UPDATE_VECTORS.slots(at)] = floats(state.slots.subarray(at * size, (at + 1) * size), [size]);
    if (state.rates !== undefined) feeds[UPDATE_VECTORS.rates] = floats(state.rates, [size]);
    for (const [name, value] of Object.entries(updateNumbers(state, this.#options))) feeds[name] = floats(Float32Array.of(value), []);
    for (const { input, layer, shape } of dropped) {
      const dims = [batch, ...shape];
      const factors = dropoutFactors(
        [state.seed, state.steps, layer.name],
        dims.reduce((product, length) => product * length),
        layer.rate,
      );
      feeds[input] = floats(factors, dims);
    }
    return feeds;
  }
}

/** Predictions: the parameters are an input, so that one graph serves every checkpoint. */
function predictionFile(architecture: Architecture, trained: readonly TensorSpec[], kept: ReadonlyMap<string, Float32Array>): Uint8Array {
  const graph = new Graph();
  const shapes = new Map(tensorsOf(architecture).map(({ name, shape }) => [name, shape]));
  const values = cutOut(graph, STEP.parameters, trained);
  const valueOf = (name: string): string =>
    values.get(name) ?? graph.floats(kept.get(name) as Float32Array, shapes.get(name) as readonly number[]);
  const outputs = addForward(graph, architecture, valueOf);
  const inputs = [
    { name: GRAPH_INPUT, dims: ["batch", ...inputShape(architecture)] },
    { name: STEP.parameters, dims: [totalSize(trained)] },
  ];
  return onnxFile(graph.body("predictions", inputs, [{ name: GRAPH_OUTPUT, dims: ["batch", outputs] }]));
}

function compile(
  onnx: OnnxOptions,
  architecture: Architecture,
  tensors: ReadonlyMap<string, Float32Array>,
  options: CompileOptions,
): CompiledModel {
  const specs = tensorsOf(architecture);
  const trained = trainedTensors(specs, options.trainable);
  const kept = new Map(specs.filter((spec) => !trained.includes(spec)).map(({ name }) => [name, tensors.get(name) as Float32Array]));
  const runner = new StepRunner(architecture, tensors, options, trained, onnx);
  const predictions = new Sessions<"logits">(onnx);
  return {
    step: (x, y, state) => runner.run(x, y, state),
    logits: async (x, rows, parameters) => {
      const session = await predictions.get("logits", () => predictionFile(architecture, trained, kept));
      const outputs = await session.run({
        [GRAPH_INPUT]: floats(x, [rows, ...inputShape(architecture)]),
        [STEP.parameters]: floats(parameters, [parameters.length]),
      });
      return outputs[GRAPH_OUTPUT]?.data as Float32Array;
    },
    frozen: () => kept,
    dispose: () => {
      runner.release();
      predictions.release();
    },
  };
}

export const onnxTrainer = (onnx: OnnxOptions): Trainer => ({
  name: onnx.block === 0 ? "onnx standard" : `onnx blocked ${onnx.block}`,
  compile: (architecture, tensors, options) => compile(onnx, architecture, tensors, options),
});
