/** Optimizers on flat float32 vectors. Elementwise, in the canonical order of the parameters; the same for every engine that asks for it. */
import type { Plan } from "@engraft/core/models/plan";

export type OptimizerSettings = Pick<Plan["training"], "optimizer" | "weightDecay">;

/** What training changes. The engine reads and writes `parameters`; the rest belongs to the optimizer. */
export interface TrainingState {
  /** Everything that is trained, in the order of `trainedTensors`. */
  readonly parameters: Float32Array;
  /** Momentum (sgd), or first then second moments (adam). */
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

/** A fresh state on a copy of `parameters`. `guidance`: what a strategy adds to the gradient. */
export function startState(
  parameters: Float32Array,
  settings: OptimizerSettings,
  seed = "",
  guidance: Pick<TrainingState, "proximal" | "correction"> = {},
): TrainingState {
  const slots = settings.optimizer.name === "adam" ? 2 : settings.optimizer.momentum > 0 ? 1 : 0;
  const state = { slots: new Float32Array(slots * parameters.length), rates: undefined, seed, steps: 0 };
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

/**
 * One update in place. sgd: v = momentum v + g, w -= rate v (Sutskever et al. 2013, without Nesterov). adam: Kingma & Ba
 * 2015, algorithm 1. The L2 penalty enters the gradient, and what a strategy adds: g + weightDecay w + mu (w - anchor) + correction.
 */
export function applyGradient(state: TrainingState, gradient: Float32Array, settings: OptimizerSettings): void {
  const { parameters: w, slots, rates } = state;
  const factor = rates === undefined ? () => 1 : (at: number): number => rates[at] as number;
  const { optimizer, weightDecay } = settings;
  const { mu, anchor } = state.proximal ?? { mu: 0, anchor: w };
  const added = state.correction;
  const slope = (i: number): number =>
    (gradient[i] as number) +
    weightDecay * (w[i] as number) +
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
    w[i] = (w[i] as number) - (rate * factor(i) * m) / (Math.sqrt(v) + epsilon);
  }
}
