/**
 * The ONNX Runtime engine: forward pass, gradients and optimizer are one graph of plain operators, which the inference runtime runs. No part
 * of it was made for training, so it needs nothing that npm does not bring.
 */
import { offsetsOf, totalSize, trainedTensors, unflatten, type TensorSpec } from "@engraft/core/models/tensors";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { inputShape, type Architecture } from "../../ir/layers.ts";
import { beforeLast } from "../../ir/cut.ts";
import { tensorsOf } from "../../ir/parameters.ts";
import type { Block } from "../../onnx/blocked/probe.ts";
import { Graph, onnxFile } from "../../onnx/graph.ts";
import { addForward, GRAPH_INPUT, GRAPH_OUTPUT } from "../../trunk/lower.ts";
import { dropoutFactors } from "../dropout.ts";
import type { TrainingState } from "../optimizer.ts";
import { followed } from "../statistics.ts";
import type { CompiledModel, CompileOptions, Trainer } from "../trainer.ts";
import { lossInputs, lossShapes } from "./losses.ts";
import { extrasOf, slotsOf, UPDATE_VECTORS, updateNumbers, type Extras } from "./optimizer.ts";
import { cutOut, STEP, stepOf, type Step } from "./step.ts";

type Feeds = Record<string, Tensor>;

const floats = (values: Float32Array, dims: readonly number[]): Tensor => new Tensor("float32", values, dims);

export interface OnnxOptions {
  /** Block size of the channel-blocked operators, as this machine's probe found it; 0 keeps to standard operators. */
  readonly block: Block;
  /** Whether the runtime may rewrite the graph; off in tests that compare both. */
  readonly rewrites?: boolean;
}

/** One for each key, made when it is first needed: a graph that is never asked for costs nothing. */
class Loaded<K, T extends { readonly session: InferenceSession }> {
  readonly #make: (key: K) => Promise<T>;
  readonly #made = new Map<string, Promise<T>>();

  constructor(make: (key: K) => Promise<T>) {
    this.#make = make;
  }

  get(key: K): Promise<T> {
    const text = JSON.stringify(key);
    const made = this.#made.get(text) ?? this.#make(key);
    this.#made.set(text, made);
    return made;
  }

  release(): void {
    // What runs at this moment ends first: a session knows that itself.
    for (const made of this.#made.values()) void made.then(({ session }) => session.release()).catch(() => undefined);
    this.#made.clear();
  }
}

const start = (file: Uint8Array, { rewrites = true }: OnnxOptions): Promise<InferenceSession> =>
  InferenceSession.create(file, { logSeverityLevel: 3, graphOptimizationLevel: rewrites ? "all" : "disabled" });

interface LoadedStep extends Omit<Step, "file"> {
  readonly session: InferenceSession;
}

class StepRunner {
  readonly #options: CompileOptions;
  readonly #architecture: Architecture;
  readonly #steps: Loaded<Extras, LoadedStep>;
  readonly #offsets: ReadonlyMap<string, number>;

  constructor(
    architecture: Architecture,
    tensors: ReadonlyMap<string, Float32Array>,
    options: CompileOptions,
    trained: readonly TensorSpec[],
    onnx: OnnxOptions,
  ) {
    this.#architecture = architecture;
    this.#options = options;
    this.#offsets = offsetsOf(trained);
    this.#steps = new Loaded(async (extras) => {
      const { file, dropped, followed } = stepOf(architecture, tensors, options, extras, onnx.block);
      return { session: await start(file, onnx), dropped, followed };
    });
  }

  async run(x: Float32Array, y: Float32Array, state: TrainingState): Promise<number> {
    const step = await this.#steps.get(extrasOf(state));
    const outputs = await step.session.run(this.#feeds(step, x, y, state));
    const data = (name: string): Float32Array => outputs[name]?.data as Float32Array;
    const seen = step.followed.length === 0 ? new Map<string, Float32Array>() : unflatten(step.followed, data(STEP.statistics));
    const statistics = followed(state.parameters, this.#offsets, seen);
    state.parameters.set(data(STEP.updated));
    for (let at = 0; at < slotsOf(this.#options); at++) state.slots.set(data(STEP.updatedSlot(at)), at * state.parameters.length);
    for (const [at, values] of statistics) state.parameters.set(values, at);
    state.steps++;
    return data(STEP.loss)[0] as number;
  }

  release(): void {
    this.#steps.release();
  }

  #feeds({ dropped }: LoadedStep, x: Float32Array, y: Float32Array, state: TrainingState): Feeds {
    const { batch } = this.#options;
    const size = state.parameters.length;
    const shapes = lossShapes(this.#options.loss, batch);
    const { targets, weights } = lossInputs(this.#options.loss, y, batch);
    const feeds: Feeds = {
      [STEP.samples]: floats(x, [batch, ...inputShape(this.#architecture)]),
      [STEP.targets]: floats(targets, shapes.targets),
      [STEP.weights]: floats(weights, shapes.weights),
      [STEP.parameters]: floats(state.parameters, [size]),
    };
    for (let at = 0; at < slotsOf(this.#options); at++)
      feeds[UPDATE_VECTORS.slots(at)] = floats(state.slots.subarray(at * size, (at + 1) * size), [size]);
    for (const [name, vector] of [
      [UPDATE_VECTORS.rates, state.rates],
      [UPDATE_VECTORS.anchor, state.proximal?.anchor],
      [UPDATE_VECTORS.correction, state.correction],
    ] as const) {
      if (vector !== undefined) feeds[name] = floats(vector, [size]);
    }
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

/** What `layers` of an architecture give: the parameters are an input, so that one graph serves every checkpoint. */
function predictionFile(
  architecture: Architecture,
  layers: Pick<Architecture, "input" | "layers">,
  trained: readonly TensorSpec[],
  kept: ReadonlyMap<string, Float32Array>,
): Uint8Array {
  const graph = new Graph();
  const shapes = new Map(tensorsOf(architecture).map(({ name, shape }) => [name, shape]));
  const values = cutOut(graph, STEP.parameters, trained);
  const valueOf = (name: string): string =>
    values.get(name) ?? graph.floats(kept.get(name) as Float32Array, shapes.get(name) as readonly number[]);
  const outputs = addForward(graph, layers, valueOf);
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
  const predictions = new Loaded(async (what: "logits" | "headInputs") => {
    const layers = what === "logits" ? architecture : beforeLast(architecture);
    return { session: await start(predictionFile(architecture, layers, trained, kept), onnx) };
  });
  const predicted = async (
    what: "logits" | "headInputs",
    x: Float32Array,
    rows: number,
    parameters: Float32Array,
  ): Promise<Float32Array> => {
    const { session } = await predictions.get(what);
    const outputs = await session.run({
      [GRAPH_INPUT]: floats(x, [rows, ...inputShape(architecture)]),
      [STEP.parameters]: floats(parameters, [parameters.length]),
    });
    return outputs[GRAPH_OUTPUT]?.data as Float32Array;
  };
  return {
    step: (x, y, state) => runner.run(x, y, state),
    logits: (x, rows, parameters) => predicted("logits", x, rows, parameters),
    headInputs: (x, rows, parameters) => predicted("headInputs", x, rows, parameters),
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
