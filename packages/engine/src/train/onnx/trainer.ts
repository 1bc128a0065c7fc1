/**
 * The ONNX Runtime engine: forward pass, gradients and optimizer are one graph of plain operators, which the inference runtime runs. No part
 * of it was made for training, so it needs nothing that npm does not bring.
 */
import { totalSize, trainedTensors, type TensorSpec } from "@engraft/core/models/tensors";
import { inputShape, type Architecture } from "../../ir/layers.ts";
import { beforeLast } from "../../ir/cut.ts";
import { tensorsOf } from "../../ir/parameters.ts";
import { Graph, onnxFile } from "../../onnx/graph.ts";
import { addForward, GRAPH_INPUT, GRAPH_OUTPUT } from "../../trunk/lower.ts";
import type { CompiledModel, CompileOptions, Trainer } from "../trainer.ts";
import { canLoop } from "./epoch.ts";
import { EpochRunner, floats, Loaded, PerSampleRunner, start, StepRunner, type OnnxOptions } from "./runner.ts";
import { cutOut, STEP } from "./step.ts";

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
  const settings = { architecture, tensors, options, block: onnx.block };
  const runner = new StepRunner(settings, trained, onnx);
  const epochs = canLoop(architecture, trained) ? new EpochRunner(settings, onnx) : undefined;
  const tied = options.loss.kind === "cox" || trained.some(({ role }) => role === "statistic");
  const single = tied ? undefined : new PerSampleRunner(settings, onnx);
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
    ...(epochs === undefined ? {} : { steps: (samples, order, state) => epochs.run(samples, order, state) }),
    ...(single === undefined ? {} : { perSample: (x, y, state, clip) => single.run(x, y, state, clip) }),
    logits: (x, rows, parameters) => predicted("logits", x, rows, parameters),
    headInputs: (x, rows, parameters) => predicted("headInputs", x, rows, parameters),
    frozen: () => kept,
    dispose: () => {
      runner.release();
      epochs?.release();
      single?.release();
      predictions.release();
    },
  };
}

export const onnxTrainer = (onnx: OnnxOptions): Trainer => ({
  backend: "onnx",
  name: onnx.block === 0 ? "onnx standard" : `onnx blocked ${onnx.block}`,
  compile: (architecture, tensors, options) => compile(onnx, architecture, tensors, options),
});
