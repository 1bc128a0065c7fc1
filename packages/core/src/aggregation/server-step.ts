/**
 * What the server makes of a round's mean update: the next checkpoint, and what it keeps for the rounds to come. Value by value,
 * so that it works on slices and behind the masks alike.
 */
import type { Strategy } from "../models/strategy.ts";
import { fedAdagrad } from "./fedadagrad.ts";
import { fedAdam } from "./fedadam.ts";
import { fedAvgM } from "./fedavgm.ts";
import { fedYogi } from "./fedyogi.ts";
import { applyMean } from "./mean.ts";
import { scaffoldServer } from "./scaffold.ts";

/** Values from `from` on of the whole vector. */
export interface Slice {
  readonly from: number;
  /** Becomes the next checkpoint. */
  readonly checkpoint: Float32Array;
  readonly mean: Float64Array;
  /** The kept numbers of the first value, then those of the second, and so on; become the next ones. */
  readonly state: Float32Array;
}

export interface ServerStep {
  /** What is kept for each value, before the first round; empty where nothing is. */
  readonly initial: readonly number[];
  apply(slice: Slice): void;
}

/** About the round that is added up. */
export interface Round {
  /** Length of the checkpoint. */
  readonly values: number;
  /** Share of the run's sites that are in the mean. */
  readonly share: number;
}

/** McMahan et al. 2017: the mean as it is. */
const FEDAVG: ServerStep = { initial: [], apply: ({ checkpoint, mean }) => applyMean(checkpoint, mean) };

export function serverStep(strategy: Strategy | undefined, round: Round): ServerStep {
  switch (strategy?.name) {
    case "fedavgm":
      return fedAvgM(strategy);
    case "fedadagrad":
      return fedAdagrad(strategy);
    case "fedadam":
      return fedAdam(strategy);
    case "fedyogi":
      return fedYogi(strategy);
    case "scaffold":
      return scaffoldServer(strategy, round);
    case "fedprox":
    case "median":
    case "trimmed-mean":
    case "krum":
    case undefined:
      return FEDAVG;
  }
}

/** State of `values` values before the first round. */
export function initialState({ initial }: ServerStep, values: number): Float32Array {
  const state = new Float32Array(initial.length * values);
  for (let i = 0; i < state.length; i++) state[i] = initial[i % initial.length] as number;
  return state;
}
