/**
 * Each sample's own gradient, as differential privacy asks for (Abadi et al. 2016): its L2 norm, and the sum of all gradients, each scaled
 * down to a largest norm first.
 *
 * Where every trained layer knows its samples' squared norms from what comes in and what arrives (`Learnt.squares`), no gradient of a single sample is
 * made: scaling a row of the logits' gradient scales all that follows from it, so a second backward pass gives the sum. Other networks go
 * through a `Loop`, one sample at a time, by the standard operators: the blocked ones would fill a single sample up to a whole block.
 */
import { totalSize } from "@engraft/core/models/tensors";
import { inputShape } from "../../ir/layers.ts";
import { BOOL, INT64 } from "../../onnx/file.ts";
import { attribute, Graph, onnxFile, type GraphValue } from "../../onnx/graph.ts";
import { reshape } from "../../onnx/arrange.ts";
import { lossShapes } from "./losses.ts";
import { addPass, domainsOf, flatGradient, STEP, type Step, type StepSettings } from "./step.ts";

type Settings = Omit<StepSettings, "extras">;

/** Names of inputs and outputs beside those of a step. The loss's `targets` and `weights` are those of samples by themselves. */
export const PER_SAMPLE = {
  /** Largest norm, a number. */
  clip: "clip",
  /** [batch]. */
  norms: "norms",
  /** As long as the parameters. */
  sum: "sum",
} as const;

/** min(1, clip / norm) of squared norms, and the norms. A gradient of zeros stays one. */
function scaling(graph: Graph, squares: string, norms?: string) {
  const found = graph.node("Sqrt", [squares], [], norms === undefined ? undefined : [norms]);
  return { norms: found, factor: graph.node("Min", [graph.scalar(1), graph.node("Div", [PER_SAMPLE.clip, found])]) };
}

export interface PerSample extends Omit<Step, "followed"> {
  /** The graph's name of what a step calls so. */
  readonly nameOf: (name: string) => string;
}

/** For a loss that is a sum over samples, without batch statistics. Throws `training-failed` where a layer is not trained by this engine. */
export const perSampleOf = (settings: Settings): PerSample => byProducts(settings) ?? oneByOne(settings);

/** What comes in: of the dropout layers as in a step. */
function inputsOf(
  { architecture, options: { batch, loss } }: Settings,
  { dropped, size }: { readonly dropped: Step["dropped"]; readonly size: number },
) {
  const shapes = lossShapes(loss, batch);
  const inputs: readonly GraphValue[] = [
    { name: STEP.samples, dims: [batch, ...inputShape(architecture)] },
    { name: STEP.targets, dims: shapes.targets },
    { name: STEP.weights, dims: shapes.weights },
    ...dropped.map(({ input, shape }) => ({ name: input, dims: [batch, ...shape] })),
  ];
  return {
    inputs,
    rest: [
      { name: STEP.parameters, dims: [size] },
      { name: PER_SAMPLE.clip, dims: [] },
    ],
  };
}

const outputsOf = ({ options: { batch } }: Settings, size: number): readonly GraphValue[] => [
  { name: PER_SAMPLE.norms, dims: [batch] },
  { name: PER_SAMPLE.sum, dims: [size] },
];

function byProducts(settings: Settings): PerSample | undefined {
  const graph = new Graph();
  const pass = addPass(graph, settings);
  const squares = pass.forward.squares(pass.added.gradient);
  if (squares === undefined) return undefined;
  const { factor } = scaling(graph, squares, PER_SAMPLE.norms);
  const scaled = graph.node("Mul", [pass.added.gradient, reshape(graph, factor, [settings.options.batch, 1])]);
  graph.node("Identity", [flatGradient(graph, pass, scaled)], [], [PER_SAMPLE.sum]);
  const size = totalSize(pass.trained);
  const { dropped } = pass.forward;
  const { inputs, rest } = inputsOf(settings, { dropped, size });
  return {
    file: onnxFile(graph.body("per-sample", [...inputs, ...rest], outputsOf(settings, size)), domainsOf(settings)),
    dropped,
    nameOf: (name) => name,
  };
}

const [ITERATION, GOES_ON, GOES_ON_STILL, SO_FAR, WITH_THIS, NORM] = [
  "iteration",
  "goes-on",
  "goes-on-still",
  "so-far",
  "with-this",
  "norm",
];

const all = (name: string): string => `all/${name}`;

function oneByOne(settings: Settings): PerSample {
  const { options } = settings;
  const body = new Graph("b");
  const pass = addPass(body, { ...settings, block: 0, options: { ...options, batch: 1 } });
  const gradient = flatGradient(body, pass, pass.added.gradient);
  const squares = body.node("ReduceSumSquare", [gradient], [attribute.int("keepdims", 0)]);
  const { factor } = scaling(body, squares, NORM);
  body.node("Add", [SO_FAR, body.node("Mul", [gradient, factor])], [], [WITH_THIS]);
  body.node("Identity", [GOES_ON], [], [GOES_ON_STILL]);
  const size = totalSize(pass.trained);
  const { dropped } = pass.forward;
  const { inputs, rest } = inputsOf(settings, { dropped, size });

  const gathered = new Graph("g");
  const sample = reshape(gathered, ITERATION, [1]);
  for (const { name } of inputs) gathered.node("Gather", [all(name), sample], [], [name]);
  body.nodes.unshift(...gathered.nodes);
  body.constants.push(...gathered.constants);
  const one = body.body(
    "sample",
    [
      { name: ITERATION, dims: [], type: INT64 },
      { name: GOES_ON, dims: [], type: BOOL },
      { name: SO_FAR, dims: [size] },
    ],
    [
      { name: GOES_ON_STILL, dims: [], type: BOOL },
      { name: WITH_THIS, dims: [size] },
      { name: NORM, dims: [] },
    ],
  );
  const graph = new Graph("s");
  const nothing = graph.node("Expand", [graph.scalar(0), graph.integers([size])]);
  graph.node(
    "Loop",
    [graph.integers([options.batch], []), "", nothing],
    [attribute.graph("body", one)],
    [PER_SAMPLE.sum, PER_SAMPLE.norms],
  );
  const outer = inputs.map((input) => ({ ...input, name: all(input.name) }));
  return {
    file: onnxFile(graph.body("per-sample", [...outer, ...rest], outputsOf(settings, size))),
    dropped,
    nameOf: (name) => (outer.some((input) => input.name === all(name)) ? all(name) : name),
  };
}
