/**
 * A training step as one ONNX graph: the parameters are cut out of their flat vector, forward and backward pass follow, the gradients are
 * joined to a flat vector again, and the optimizer moves it.
 */
import { trainedTensors, sizeOf, totalSize, type TensorSpec } from "@engraft/core/models/tensors";
import { inputShape, type Architecture } from "../../ir/layers.ts";
import { tensorsOf } from "../../ir/parameters.ts";
import { NCHWC } from "../../onnx/blocked/layout.ts";
import type { Block } from "../../onnx/blocked/probe.ts";
import { attribute, Graph, onnxFile, type GraphValue, type OtherDomains } from "../../onnx/graph.ts";
import { reshape } from "../../onnx/arrange.ts";
import { slotsOf } from "../optimizer.ts";
import type { CompileOptions } from "../trainer.ts";
import { differentiate, type Dropped, type Forward } from "./differentiate.ts";
import { addLoss, lossShapes, type AddedLoss } from "./losses.ts";
import { addUpdate, UPDATE_NUMBERS, UPDATE_VECTORS, type Extras } from "./optimizer.ts";

/** Names of the graph's inputs and outputs; beside them stand those of the optimizer and of the dropout layers. */
export const STEP = {
  samples: "samples",
  targets: "targets",
  weights: "weights",
  parameters: "parameters",
  loss: "loss",
  updated: "updated",
  updatedSlot: (at: number) => `updated-slot${at}`,
  /** The batch's statistics, one after the other, in the order of `Step.followed`. */
  statistics: "statistics",
} as const;

export interface Step {
  readonly file: Uint8Array;
  readonly dropped: readonly Dropped[];
  /** The running statistics that follow the batches. */
  readonly followed: readonly TensorSpec[];
}

/** Tensors cut out of a flat vector, by name, in their shapes. */
export function cutOut(graph: Graph, flat: string, specs: readonly TensorSpec[]): ReadonlyMap<string, string> {
  const parts = specs.length === 1 ? [flat] : specs.map(() => graph.fresh());
  if (specs.length > 1) graph.node("Split", [flat, graph.integers(specs.map(sizeOf))], [attribute.int("axis", 0)], parts);
  return new Map(specs.map((spec, at) => [spec.name, reshape(graph, parts[at] as string, spec.shape)]));
}

/** One flat vector of all parts. */
function joined(graph: Graph, parts: readonly string[], output?: string): string {
  const flat = parts.map((part) => reshape(graph, part, [-1]));
  return graph.node("Concat", flat, [attribute.int("axis", 0)], output === undefined ? undefined : [output]);
}

/** A step within a graph. */
export interface AddedStep extends Omit<Step, "file"> {
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
}

/** What a step is made for. */
export interface StepSettings {
  readonly architecture: Architecture;
  readonly tensors: ReadonlyMap<string, Float32Array>;
  readonly options: CompileOptions;
  readonly extras: Extras;
  readonly block: Block;
}

export const domainsOf = ({ block }: Pick<StepSettings, "block">): OtherDomains => (block === 0 ? {} : { [NCHWC]: 1 });

/** Throws `training-failed` where a layer is not trained by this engine. */
export function stepOf(settings: StepSettings): Step {
  const graph = new Graph();
  const { inputs, outputs, ...rest } = addStep(graph, settings);
  return { file: onnxFile(graph.body("step", inputs, outputs), domainsOf(settings)), ...rest };
}

/** Forward pass and loss of some samples, with the parameters cut out of their flat vector. */
export interface Pass {
  readonly trained: readonly TensorSpec[];
  readonly forward: Forward;
  readonly added: AddedLoss;
}

/** Throws `training-failed` where a layer is not trained by this engine. */
export function addPass(graph: Graph, { architecture, tensors, options, block }: Omit<StepSettings, "extras">): Pass {
  const { batch, trainable, loss } = options;
  const specs = tensorsOf(architecture);
  const trained = trainedTensors(specs, trainable);
  const constants = new Map(
    specs
      .filter((spec) => !trained.includes(spec))
      .map((spec) => [spec.name, graph.floats(tensors.get(spec.name) as Float32Array, spec.shape)] as const),
  );
  const values = new Map([...constants, ...cutOut(graph, STEP.parameters, trained)]);
  const valueOf = (name: string): string => values.get(name) as string;
  const forward = differentiate({ graph, architecture, trainable, batch, block, samples: STEP.samples, valueOf });
  return { trained, forward, added: addLoss(graph, loss, forward.logits, STEP.targets, STEP.weights) };
}

/** Gradient of all that is trained, flat, from that of the logits. A running statistic has none. */
export function flatGradient(graph: Graph, { trained, forward }: Pass, ofLogits: string): string {
  const gradients = forward.backward(ofLogits);
  return joined(
    graph,
    trained.map((spec) => gradients.get(spec.name) ?? graph.floats(new Float32Array(sizeOf(spec)), [sizeOf(spec)])),
  );
}

/** Throws `training-failed` where a layer is not trained by this engine. */
export function addStep(graph: Graph, settings: StepSettings): AddedStep {
  const { architecture, options, extras } = settings;
  const { batch, loss } = options;
  const pass = addPass(graph, settings);
  const { trained, forward, added } = pass;
  const flat = flatGradient(graph, pass, added.gradient);
  const updated = addUpdate(graph, STEP.parameters, flat, options, extras);
  const followed = trained.filter(({ name }) => forward.statistics.has(name));
  const name = (value: string, output: string): string => graph.node("Identity", [value], [], [output]);
  name(added.loss, STEP.loss);
  name(updated.parameters, STEP.updated);
  updated.slots.forEach((slot, at) => name(slot, STEP.updatedSlot(at)));
  if (followed.length > 0)
    joined(
      graph,
      followed.map((spec) => forward.statistics.get(spec.name) as string),
      STEP.statistics,
    );

  const size = totalSize(trained);
  const shapes = lossShapes(loss, batch);
  const slots = Array.from({ length: slotsOf(options) }, (_, at) => at);
  const inputs: GraphValue[] = [
    { name: STEP.samples, dims: [batch, ...inputShape(architecture)] },
    { name: STEP.targets, dims: shapes.targets },
    { name: STEP.weights, dims: shapes.weights },
    { name: STEP.parameters, dims: [size] },
    ...slots.map((at) => ({ name: UPDATE_VECTORS.slots(at), dims: [size] })),
    { name: UPDATE_NUMBERS.rate, dims: [] },
    ...(options.optimizer.name === "sgd" ? [] : [{ name: UPDATE_NUMBERS.epsilon, dims: [] }]),
    ...(extras.rates ? [{ name: UPDATE_VECTORS.rates, dims: [size] }] : []),
    ...(extras.proximal
      ? [
          { name: UPDATE_VECTORS.anchor, dims: [size] },
          { name: UPDATE_NUMBERS.mu, dims: [] },
        ]
      : []),
    ...(extras.correction ? [{ name: UPDATE_VECTORS.correction, dims: [size] }] : []),
    ...forward.dropped.map(({ input, shape }) => ({ name: input, dims: [batch, ...shape] })),
  ];
  const outputs: GraphValue[] = [
    { name: STEP.loss, dims: [] },
    { name: STEP.updated, dims: [size] },
    ...slots.map((at) => ({ name: STEP.updatedSlot(at), dims: [size] })),
    ...(followed.length > 0 ? [{ name: STEP.statistics, dims: [totalSize(followed)] }] : []),
  ];
  return { inputs, outputs, dropped: forward.dropped, followed };
}
