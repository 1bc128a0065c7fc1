/**
 * One update of the flat vector in a graph; the same rules as `applyGradient` (../optimizer.ts), in float32. What changes from step to step
 * comes in as numbers, so that one graph serves all steps.
 */
import type { OptimizerSettings, TrainingState } from "../optimizer.ts";
import { adamRates, BETA1, BETA2 } from "../optimizer.ts";
import { attribute } from "../../onnx/graph.ts";
import type { Graph } from "../../onnx/graph.ts";

/** What a state asks of an update beside the optimizer itself; each is one more input of the graph. */
export interface Extras {
  readonly rates: boolean;
  readonly proximal: boolean;
  readonly correction: boolean;
}

export const extrasOf = ({ rates, proximal, correction }: TrainingState): Extras => ({
  rates: rates !== undefined,
  proximal: proximal !== undefined,
  correction: correction !== undefined,
});

/** Names of the graph's inputs, all float32: vectors of all parameters, and numbers without dimensions. */
export const UPDATE_VECTORS = { slots: (at: number) => `slot${at}`, rates: "rates", anchor: "anchor", correction: "correction" } as const;
export const UPDATE_NUMBERS = { rate: "rate", epsilon: "epsilon", mu: "mu" } as const;

/** Values of the numbers that are another in each step, after so many steps. */
export function updateNumbers({ steps }: Pick<TrainingState, "steps">, { optimizer }: OptimizerSettings): Readonly<Record<string, number>> {
  if (optimizer.name === "sgd") return { [UPDATE_NUMBERS.rate]: optimizer.learningRate };
  const { rate, epsilon } = adamRates(optimizer.learningRate, steps + 1);
  return { [UPDATE_NUMBERS.rate]: rate, [UPDATE_NUMBERS.epsilon]: epsilon };
}

export interface Updated {
  readonly parameters: string;
  readonly slots: readonly string[];
}

/** `gradient` at most as long as `clip`, counted over what moves. */
function clipped(graph: Graph, gradient: string, clip: number, { rates }: Extras): string {
  const moving = rates ? graph.node("Mul", [gradient, graph.node("Sign", [UPDATE_VECTORS.rates])]) : gradient;
  const squares = graph.node("ReduceSumSquare", [moving], [attribute.int("keepdims", 0)]);
  const factor = graph.node("Min", [graph.scalar(1), graph.node("Div", [graph.scalar(clip), graph.node("Sqrt", [squares])])]);
  return graph.node("Mul", [gradient, factor]);
}

/** Adds the update of `parameters` along `gradient`, both flat. */
export function addUpdate(graph: Graph, parameters: string, gradient: string, settings: OptimizerSettings, extras: Extras): Updated {
  const { optimizer, weightDecay, gradientClip } = settings;
  const node = (operator: string, ...input: string[]): string => graph.node(operator, input);
  const bounded = gradientClip === undefined ? gradient : clipped(graph, gradient, gradientClip, extras);
  const decay = (factor: number): string => node("Mul", parameters, graph.scalar(factor));
  const decayed = weightDecay === 0 || optimizer.name === "adamw" ? bounded : node("Add", bounded, decay(weightDecay));
  const away = (): string => node("Mul", node("Sub", parameters, UPDATE_VECTORS.anchor), UPDATE_NUMBERS.mu);
  const drawn = extras.proximal ? node("Add", decayed, away()) : decayed;
  const slope = extras.correction ? node("Add", drawn, UPDATE_VECTORS.correction) : drawn;
  const moved = (by: string): string => node("Sub", parameters, extras.rates ? node("Mul", by, UPDATE_VECTORS.rates) : by);
  const [first, second] = [UPDATE_VECTORS.slots(0), UPDATE_VECTORS.slots(1)];
  if (optimizer.name === "sgd") {
    if (optimizer.momentum === 0) return { parameters: moved(node("Mul", slope, UPDATE_NUMBERS.rate)), slots: [] };
    const velocity = node("Add", node("Mul", first, graph.scalar(optimizer.momentum)), slope);
    return { parameters: moved(node("Mul", velocity, UPDATE_NUMBERS.rate)), slots: [velocity] };
  }
  const mean = node("Add", node("Mul", first, graph.scalar(BETA1)), node("Mul", slope, graph.scalar(1 - BETA1)));
  const square = node("Mul", node("Mul", slope, slope), graph.scalar(1 - BETA2));
  const power = node("Add", node("Mul", second, graph.scalar(BETA2)), square);
  const scale = node("Add", node("Sqrt", power), UPDATE_NUMBERS.epsilon);
  const step = node("Div", node("Mul", mean, UPDATE_NUMBERS.rate), scale);
  const beside = optimizer.name === "adamw" && weightDecay > 0;
  return { parameters: moved(beside ? node("Add", step, decay(optimizer.learningRate * weightDecay)) : step), slots: [mean, power] };
}
