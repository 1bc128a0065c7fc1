/**
 * Many training steps as one ONNX graph: the step is the body of a `Loop`, which gathers each batch's rows out of all of them by their
 * numbers. Calling the runtime for each step of a small head costs more than the step.
 */
import type { TensorSpec } from "@engraft/core/models/tensors";
import { inputShape, type Architecture } from "../../ir/layers.ts";
import { BOOL, INT32, INT64 } from "../../onnx/file.ts";
import { attribute, Graph, onnxFile, type GraphValue } from "../../onnx/graph.ts";
import { UPDATE_NUMBERS, UPDATE_VECTORS } from "./optimizer.ts";
import { addStep, domainsOf, STEP, type Step, type StepSettings } from "./step.ts";

/** Names of the graph's inputs and outputs. What all steps take alike is called as it is in a step. */
export const EPOCH = {
  /** [rows, width]: all samples. */
  rows: "rows",
  /** [steps, batch]: which of them each step takes. */
  order: "order",
  /** [steps, ...]: what a step takes that no other does. */
  each: (name: string) => `each/${name}`,
  /** Parameters and moments before the first step, and after the last. */
  first: (name: string) => `first/${name}`,
  last: (name: string) => `last/${name}`,
  /** [steps]. */
  losses: "losses",
} as const;

/** Samples must be flat rows; running statistics are followed outside of the graph, step by step, so none may be trained. */
export const canLoop = (architecture: Architecture, trained: readonly TensorSpec[]): boolean =>
  inputShape(architecture).length === 1 && trained.every(({ role }) => role !== "statistic");

const ALIKE: ReadonlySet<string> = new Set([UPDATE_VECTORS.rates, UPDATE_VECTORS.anchor, UPDATE_VECTORS.correction, UPDATE_NUMBERS.mu]);

const isCarried = ({ name }: GraphValue): boolean => name === STEP.parameters || name.startsWith("slot");

const [ITERATION, GOES_ON, GOES_ON_STILL] = ["iteration", "goes-on", "goes-on-still"];

/** Throws `training-failed` where a layer is not trained by this engine. */
export function epochOf(settings: StepSettings): Omit<Step, "followed"> {
  const body = new Graph("b");
  const { inputs, outputs, dropped } = addStep(body, settings);
  const carried = inputs.filter(isCarried);
  const alike = inputs.filter(({ name }) => ALIKE.has(name));
  const each = inputs.filter((input) => !carried.includes(input) && !alike.includes(input) && input.name !== STEP.samples);
  const updated = outputs.filter(({ name }) => name !== STEP.loss);

  const gathered = new Graph("g");
  const batch = gathered.node("Gather", [EPOCH.order, ITERATION]);
  gathered.node("Gather", [EPOCH.rows, batch], [], [STEP.samples]);
  for (const { name } of each) gathered.node("Gather", [EPOCH.each(name), ITERATION], [], [name]);
  // A graph's nodes stand in the order in which they are worked out.
  body.nodes.unshift(...gathered.nodes);
  body.node("Identity", [GOES_ON], [], [GOES_ON_STILL]);
  const step = body.body(
    "step",
    [{ name: ITERATION, dims: [], type: INT64 }, { name: GOES_ON, dims: [], type: BOOL }, ...carried],
    [{ name: GOES_ON_STILL, dims: [], type: BOOL }, ...updated, { name: STEP.loss, dims: [] }],
  );

  const graph = new Graph("e");
  const steps = graph.node("Gather", [graph.node("Shape", [EPOCH.order]), graph.integers([0], [])]);
  graph.node(
    "Loop",
    [steps, "", ...carried.map(({ name }) => EPOCH.first(name))],
    [attribute.graph("body", step)],
    [...carried.map(({ name }) => EPOCH.last(name)), EPOCH.losses],
  );
  const { batch: size } = settings.options;
  const file = onnxFile(
    graph.body(
      "epoch",
      [
        { name: EPOCH.rows, dims: ["rows", ...inputShape(settings.architecture)] },
        { name: EPOCH.order, dims: ["steps", size], type: INT32 },
        ...each.map(({ name, dims }) => ({ name: EPOCH.each(name), dims: ["steps", ...dims] })),
        ...alike,
        ...carried.map(({ name, dims }) => ({ name: EPOCH.first(name), dims })),
      ],
      [...carried.map(({ name, dims }) => ({ name: EPOCH.last(name), dims })), { name: EPOCH.losses, dims: ["steps"] }],
    ),
    domainsOf(settings),
  );
  return { file, dropped };
}
