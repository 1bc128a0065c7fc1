/** Optimizers on flat float32 vectors. Elementwise, in the canonical order of the parameters; the same for every engine that asks for it. */
import type { Plan } from "@engraft/core/models/plan";

export type OptimizerSettings = Pick<Plan["training"], "optimizer" | "weightDecay" | "gradientClip">;

/** What training changes. The engine reads and writes `parameters`; the rest belongs to the optimizer. */
export interface TrainingState {
  /** Everything that is trained, in the order of `trainedTensors`. */
  readonly parameters: Float32Array;
  /** Momentum (sgd), or first then second moments (adam, adamw). */
  readonly slots: Float32Array;
  /** A factor on the learning rate of each parameter; 0 leaves it alone. Absent means 1. */
  rates: Float32Array | undefined;
  /** Every random choice inside a step derives from it and from `steps`. */
  readonly seed: string;
  /** Draws every parameter to an anchor by `mu` times its distance (FedProx, Li et al. 2020). */
  readonly proximal?: { readonly mu: number; readonly anchor: Float32Array } | undefined;
  /** Added to the loss's gradient in every step (SCAFFOLD, Karimireddy et al. 2020). */
  readonly correction?: Float32Array | undefined;
  /** Updates done. */
  steps: number;
}

/** Vectors beside the parameters that an optimizer keeps. */
export function slotsOf({ optimizer }: Pick<OptimizerSettings, "optimizer">): 0 | 1 | 2 {
  if (optimizer.name !== "sgd") return 2;
  return optimizer.momentum > 0 ? 1 : 0;
}

/** A fresh state on a copy of `parameters`. `guidance`: what a strategy adds to the gradient. */
export function startState(
  parameters: Float32Array,
  settings: OptimizerSettings,
  seed = "",
  guidance: Pick<TrainingState, "proximal" | "correction"> = {},
): TrainingState {
  const state = { slots: new Float32Array(slotsOf(settings) * parameters.length), rates: undefined, seed, steps: 0 };
  return { parameters: parameters.slice(), ...state, ...guidance };
}

export const BETA1 = 0.9;
export const BETA2 = 0.999;
const EPSILON = 1e-8;

/** Adam's rate and epsilon in update number `step` (from 1 on), both with the corrections of the moments' bias in them (section 2). */
export function adamRates(learningRate: number, step: number): { readonly rate: number; readonly epsilon: number } {
  const spread = Math.sqrt(1 - BETA2 ** step);
  return { rate: (learningRate * spread) / (1 - BETA1 ** step), epsilon: EPSILON * spread };
}

/** Factor on a gradient whose squares add up to `squares` (Pascanu et al. 2013, algorithm 1): at most 1. */
const clipFactor = (squares: number, clip: number): number => Math.min(1, clip / Math.sqrt(squares));

/**
 * One update in place. sgd: v = momentum v + g, w -= rate v (Sutskever et al. 2013, without Nesterov). adam: Kingma & Ba
 * 2015, algorithm 1. The L2 penalty enters the gradient, and what a strategy adds: g + weightDecay w + mu (w - anchor) + correction.
 * adamw: the penalty is no part of the gradient, w -= rate weightDecay w beside Adam's step (Loshchilov and Hutter 2019, algorithm 2).
 * `gradientClip` bounds the norm of the loss's gradient of all that moves, before anything is added to it.
 */
export function applyGradient(state: TrainingState, gradient: Float32Array, settings: OptimizerSettings): void {
  const { parameters: w, slots, rates } = state;
  const factor = rates === undefined ? () => 1 : (at: number): number => rates[at] as number;
  const { optimizer, weightDecay, gradientClip } = settings;
  const decoupled = optimizer.name === "adamw" ? optimizer.learningRate * weightDecay : 0;
  const penalty = optimizer.name === "adamw" ? 0 : weightDecay;
  const scale =
    gradientClip === undefined
      ? 1
      : clipFactor(
          gradient.reduce((sum, value, i) => (factor(i) === 0 ? sum : sum + value * value), 0),
          gradientClip,
        );
  const { mu, anchor } = state.proximal ?? { mu: 0, anchor: w };
  const added = state.correction;
  const slope = (i: number): number =>
    scale * (gradient[i] as number) +
    penalty * (w[i] as number) +
    mu * ((w[i] as number) - (anchor[i] as number)) +
    (added === undefined ? 0 : (added[i] as number));
  const size = w.length;
  state.steps++;
  if (optimizer.name === "sgd") {
    for (let i = 0; i < size; i++) {
      const g = slope(i);
      const v = optimizer.momentum > 0 ? (slots[i] = optimizer.momentum * (slots[i] as number) + g) : g;
      w[i] = (w[i] as number) - optimizer.learningRate * factor(i) * v;
    }
    return;
  }
  const { rate, epsilon } = adamRates(optimizer.learningRate, state.steps);
  for (let i = 0; i < size; i++) {
    const g = slope(i);
    const m = (slots[i] = BETA1 * (slots[i] as number) + (1 - BETA1) * g);
    const v = (slots[size + i] = BETA2 * (slots[size + i] as number) + (1 - BETA2) * g * g);
    w[i] = (w[i] as number) - factor(i) * ((rate * m) / (Math.sqrt(v) + epsilon) + decoupled * (w[i] as number));
  }
}
