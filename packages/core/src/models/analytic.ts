/**
 * Rounds in which a head is solved for, not trained: sites send sums over their training samples, and whoever opens the sum of
 * all sites has what one hospital with all patients would have. Free of node's modules, as the plan is.
 */
import type { Analytic } from "./analytic-schema.ts";
import { kindOf, type Label } from "./labels.ts";
import type { Digest } from "../base/ids.ts";
import type { Manifest } from "./manifest.ts";
import type { Plan } from "./plan.ts";
import { STRATEGY_TITLES, travellingLength } from "./strategy.ts";
import { sizeOf, trainableTensors, type TensorSpec, type TrainablePart } from "./tensors.ts";

export type { Analytic };

/** More inputs than this would make a sum of more than ten megabytes, and a matrix that keeps the coordinator from its links. */
export const MAX_HEAD_INPUTS = 1536;

/**
 * Inputs of the linear head, which ends the vector that travels: weights, then the intercept. Undefined where that part does not end
 * with a layer of one output, [inputs, 1] and [1].
 */
export function headInputsOf(specs: readonly TensorSpec[], trainable: TrainablePart): number | undefined {
  const travels = trainableTensors(specs, trainable);
  const [kernel, bias, ...more] = travels.filter(({ depth }) => depth === 0);
  if (kernel === undefined || bias === undefined || more.length > 0 || travels.at(-1) !== bias) return undefined;
  const [inputs = 0, outputs] = kernel.shape;
  if (kernel.shape.length !== 2 || outputs !== 1 || bias.shape.length !== 1 || sizeOf(bias) !== 1) return undefined;
  return inputs;
}

/** Whether an analytic round starts from a head of zeros instead of the checkpoint's: the first one, and least squares always. */
export const startsFromZero = ({ method }: Analytic, checkpoint: Digest, start: Digest): boolean =>
  method === "ridge" || checkpoint === start;

/** Lengths that decide what a round's vector looks like. */
export interface VectorSize {
  /** Values of a checkpoint, and of an update: what is trained and travels, and what a strategy lets travel along. */
  readonly vectorLength: number;
  /** Inputs of the head; 0 where the plan has no analytic rounds. */
  readonly headInputs: number;
}

export function vectorSizeOf(plan: Pick<Plan, "training" | "strategy">, { tensors }: Pick<Manifest, "tensors">): VectorSize {
  const { analytic, trainable } = plan.training;
  const inputs = analytic === undefined ? 0 : (headInputsOf(tensors, trainable) ?? 0);
  return { vectorLength: travellingLength(plan, tensors), headInputs: inputs };
}

/** What a round sums. */
export interface RoundOf {
  readonly purpose: "train" | "evaluate";
  readonly round: number;
}

/**
 * The plan's analytic rounds where this one is of them. By the round's own number, which every site sees in the signed ask: a
 * round that ends without a sum is not made up for, unless the whole run is analytic.
 */
export function analyticOf({ training, rounds }: Pick<Plan, "training" | "rounds">, { purpose, round }: RoundOf): Analytic | undefined {
  const { analytic } = training;
  if (analytic === undefined || purpose === "evaluate") return undefined;
  return round <= analytic.rounds || analytic.rounds >= rounds.count ? analytic : undefined;
}

/** Numbers that are summed for a head: samples, sums and sums of squares of the inputs, a gradient, half of a symmetric matrix. */
export const statisticsLength = (inputs: number): number => 1 + 2 * inputs + (inputs + 1) + ((inputs + 1) * (inputs + 2)) / 2;

/**
 * Sums travel as whole numbers of 2^-this: as fine as lets all sites' sums together, at the plan's weight cap and bound, stay
 * exact in a double.
 */
export function binaryPlaces({ bound }: Analytic, sites: number, cap: number): number {
  const room = Math.floor(Number.MAX_SAFE_INTEGER / sites) / (cap * Math.max(1, bound) ** 2);
  return Math.min(40, Math.floor(Math.log2(room)));
}

/** Which likelihood a step is of; undefined where the label has none that is solved for. */
export function likelihoodOf(label: Label): "logistic" | "hazards" | undefined {
  const kind = kindOf(label);
  return kind === "binary" ? "logistic" : kind === "survival" ? "hazards" : undefined;
}

/** Of a time to an event a sample's part of the gradient is up to twice the bound: from here on it lies within the bound's square. */
const LEAST_BOUND_OF_HAZARDS = 2;

function labelProblem(label: Label, { method, bound }: Analytic): string | undefined {
  const likelihood = likelihoodOf(label);
  if (likelihood === undefined) return "analytic rounds are for a yes/no label or a time to an event";
  if (likelihood === "logistic") return undefined;
  if (method === "ridge") return "least squares is for a yes/no label; for a time to an event choose newton";
  return bound < LEAST_BOUND_OF_HAZARDS ? `for a time to an event the bound must be at least ${LEAST_BOUND_OF_HAZARDS}` : undefined;
}

/** Fewer would be seen in the head's fourth digit. */
const LEAST_PLACES = 12;

/**
 * What an analytic round makes is the head of all patients together; a server's optimizer or control variates would go by an update that it
 * has not. FedProx is of a site's own steps, so it does no harm in the rounds that train.
 */
function strategyProblem({ strategy, rounds, metrics }: Plan, analytic: Analytic): string | undefined {
  if (metrics.compareMix === true)
    return "metrics.compareMix is not offered beside analytic rounds, whose head is already the one of all patients together; leave one of them out";
  if (strategy === undefined) return undefined;
  const title = STRATEGY_TITLES[strategy.name];
  if (strategy.name !== "fedprox")
    return `${title} goes by updates, and an analytic round sums none; leave out the strategy or the analytic rounds`;
  return analytic.rounds < rounds.count ? undefined : `${title} changes how sites train, and here every round is analytic; leave it out`;
}

/** Why a plan cannot have the analytic rounds that it asks for; undefined where it can. */
export function analyticProblem(plan: Plan, manifest: Pick<Manifest, "tensors">): string | undefined {
  const { training, rounds, aggregation } = plan;
  const { analytic, trainable } = training;
  if (analytic === undefined) return undefined;
  if (aggregation.method === "plain")
    return "analytic rounds need secure aggregation, since in plain the coordinator would read each site's sums over its patients";
  const beside = strategyProblem(plan, analytic);
  if (beside !== undefined) return beside;
  const unfit = labelProblem(plan.data.label, analytic);
  if (unfit !== undefined) return unfit;
  if (trainable.personal === "head") return "an analytic round solves for the head, and here the head stays at each site";
  const inputs = headInputsOf(manifest.tensors, trainable);
  if (inputs === undefined) return "analytic rounds solve for a last layer with one output, and this base's head is another";
  if (inputs > MAX_HEAD_INPUTS) return `its head has ${inputs} inputs, and analytic rounds take up to ${MAX_HEAD_INPUTS}`;
  if (analytic.rounds > rounds.count) return `${analytic.rounds} analytic rounds do not fit into ${rounds.count}`;
  if (binaryPlaces(analytic, aggregation.directory.length, aggregation.weightCap) < LEAST_PLACES)
    return "with this weight cap and bound the sums of analytic rounds would be rounded too coarsely; lower one of them";
  return undefined;
}
