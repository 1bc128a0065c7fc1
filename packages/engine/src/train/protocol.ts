/** What passes between the agent's thread and its training thread. Both run the same build, so these are types, not schemas. */
import type { Statistics } from "@engraft/core/aggregation/statistics";
import type { Code } from "@engraft/core/base/errors";
import type { SiteGain, SiteMetrics } from "@engraft/core/models/metrics";
import type { Tally } from "@engraft/core/models/tally";
import type { Counts } from "../data/counts.ts";
import type { Part } from "../data/split.ts";
import type { SiteShift } from "@engraft/core/models/summary/shift";
import type { CountOptions } from "../summary/counts.ts";
import type { Probe } from "../probe/probe.ts";
import type { ShiftOptions } from "../summary/shift.ts";
import type { Look as Model, Other, OwnIntercept } from "./judge.ts";
import type { AloneOutcome, RoundSeed, SessionOptions, TrainingOutcome, TrainingProgress } from "./session.ts";

/** Requests, and what each is answered with. */
export interface Calls {
  readonly open: {
    readonly request: SessionOptions;
    readonly answer: { readonly engine: string; readonly counts: Readonly<Record<Part, Counts>> };
  };
  readonly train: {
    readonly request: {
      readonly start: Float32Array;
      readonly seed: RoundSeed;
      readonly personal: Float32Array | undefined;
      readonly variate: Float32Array | undefined;
    };
    readonly answer: TrainingOutcome;
  };
  readonly statistics: {
    readonly request: { readonly start: Float32Array; readonly fromZero: boolean; readonly personal: Float32Array | undefined };
    readonly answer: Statistics;
  };
  readonly trainAlone: { readonly request: { readonly rounds: number }; readonly answer: AloneOutcome };
  readonly evaluate: { readonly request: Look; readonly answer: SiteMetrics | null };
  readonly gain: {
    readonly request: { readonly first: Model; readonly second: Model; readonly over: Other };
    readonly answer: SiteGain | null;
  };
  readonly ownIntercept: { readonly request: Omit<Look, "part">; readonly answer: OwnIntercept | null };
  readonly tally: { readonly request: Look; readonly answer: Tally | null };
  /** Needs no open session. */
  readonly count: { readonly request: CountOptions; readonly answer: readonly number[] };
  readonly probe: { readonly request: Omit<SessionOptions, "fold">; readonly answer: Probe };
  readonly shift: { readonly request: ShiftOptions; readonly answer: SiteShift };
}

interface Look {
  readonly vector: Float32Array;
  readonly part: Part;
  readonly personal: Float32Array | undefined;
}
export type CallName = keyof Calls;

export type Request = {
  [N in CallName]: { readonly id: number; readonly call: N; readonly value: Calls[N]["request"]; readonly abort: AbortFlag };
}[CallName];

/** One shared integer, set to 1 by the caller: training reads it between two steps without letting go of the thread. */
export type AbortFlag = Int32Array<SharedArrayBuffer>;

export type Response =
  | { readonly id: number; readonly type: "progress"; readonly progress: TrainingProgress }
  | { readonly id: number; readonly type: "answer"; readonly value: Calls[CallName]["answer"] }
  | { readonly id: number; readonly type: "aborted" }
  /** `code` is null for a bug. */
  | { readonly id: number; readonly type: "failed"; readonly code: Code | null; readonly text: string };
