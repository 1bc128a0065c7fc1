/** The state of a run: a union on `phase`, each variant with its own fields only. */
import type { Digest, RunId, SiteName } from "../base/ids.ts";
import type { SiteMetrics } from "../models/metrics.ts";
import type { VectorSize } from "../models/analytic.ts";
import type { Plan } from "../models/plan.ts";
import type { PooledMetrics } from "../models/pooled.ts";
import type { Outcome } from "../protocol/messages.ts";
import type { BlobRef, EventOf, Purpose } from "./events.ts";
import type { SecureParams, SecureState } from "./secure/state.ts";

/** What never changes during a run, beside its events. */
export interface RunParams extends VectorSize {
  readonly plan: Plan;
  readonly planDigest: Digest;
  /** Null where updates are added up in plain. */
  readonly secure: SecureParams | null;
}

export interface Identity {
  readonly run: RunId;
  readonly sites: readonly SiteName[];
  readonly manifest: BlobRef;
  readonly weights: BlobRef;
  readonly start: BlobRef;
  /** Newest checkpoint; at first the base's own trainable vector. */
  readonly checkpoint: BlobRef;
  /** What the strategy keeps at the server; null before the first round, and where it keeps nothing. */
  readonly serverState: BlobRef | null;
  /** Round of the newest checkpoint that each site has a part in; the others are not named. */
  readonly counted: Readonly<Partial<Record<SiteName, number>>>;
  /** Rounds that ended with a checkpoint. */
  readonly roundsDone: number;
  /** Mean validation value of the stop rule's metric at each checkpoint but the newest, oldest first. */
  readonly trace: readonly (number | null)[];
  /** How far secure rounds have come; null where updates are added up in plain. */
  readonly sums: Sums | null;
  /** Sites that an admin left out of the rounds to come. */
  readonly leftOut: readonly SiteName[];
  /** No round begins; null where none is kept from it. */
  readonly paused: Paused | null;
}

export interface Paused {
  readonly at: number;
  readonly by: string;
  readonly text: string;
}

export interface Sums {
  /** Rounds that were begun, also those that ended without a sum. */
  readonly begun: number;
  /** Rounds in a row that ended without a sum. */
  readonly failures: number;
  /** A round whose attempt failed, to be begun anew. */
  readonly pending: { readonly round: number; readonly purpose: Purpose; readonly attempts: number } | null;
  /** What the last sum came to. */
  readonly outcome: Outcome | null;
  /** Pooled figures of the checkpoint that the last sum started from. */
  readonly pooled: PooledMetrics | null;
  /** The evaluation at the end was begun. */
  readonly evaluated: boolean;
}

export const NO_SUMS: Sums = { begun: 0, failures: 0, pending: null, outcome: null, pooled: null, evaluated: false };

/** The fields that every phase shares, without those of the phase that is left. */
export function shared(state: Identity): Identity {
  const { run, sites, manifest, weights, start, checkpoint, serverState, counted, roundsDone, trace, sums, leftOut, paused } = state;
  return { run, sites, manifest, weights, start, checkpoint, serverState, counted, roundsDone, trace, sums, leftOut, paused };
}

/** Sites of the run that nobody left out. */
export const present = ({ sites, leftOut }: Identity): readonly SiteName[] => sites.filter((site) => !leftOut.includes(site));

export interface Answer {
  readonly site: SiteName;
  readonly update: BlobRef;
  readonly sampleCount: number;
  readonly validation: SiteMetrics | null;
}

/** Waiting until the sites for the next round are there. */
export interface Gathering extends Identity {
  readonly phase: "gathering";
  readonly since: number;
}
/** A round is open: updates come in. */
export interface Collecting extends Identity {
  readonly phase: "collecting";
  readonly round: number;
  readonly cohort: readonly SiteName[];
  readonly deadline: number;
  readonly answers: readonly Answer[];
  readonly dropped: readonly SiteName[];
  /** When the minimum of sites was reached. */
  readonly minReachedAt: number | null;
  /** Somebody set the deadline: grace counts no more. */
  readonly held: boolean;
}
/** The round is closed; the mean is being taken. */
export interface Combining extends Identity {
  readonly phase: "combining";
  readonly round: number;
  readonly answers: readonly Answer[];
}
/** The last checkpoint is evaluated at the sites. */
export interface Evaluating extends Identity {
  readonly phase: "evaluating";
  readonly cohort: readonly SiteName[];
  readonly deadline: number;
  /** Sites that answered or cannot. */
  readonly done: readonly SiteName[];
}
export interface Finished extends Identity {
  readonly phase: "finished";
}
export interface Stopped extends Identity {
  readonly phase: "stopped";
}
export interface Failed extends Identity {
  readonly phase: "failed";
  readonly code: EventOf<"run.failed">["code"];
}
/** Before `run.created`. */
export interface Absent {
  readonly phase: "absent";
}

export type LiveState = Gathering | Collecting | Combining | Evaluating | SecureState;
export type RunState = Absent | LiveState | Finished | Stopped | Failed;

/** As many sites as a round needs. */
export const neededSites = ({ plan, secure }: RunParams): number => secure?.directory.numbers.minCohort ?? plan.cohort.minSites;

/** Sites of the round's cohort that have neither answered nor dropped out. */
export const awaited = ({ cohort, answers, dropped }: Collecting): readonly SiteName[] =>
  cohort.filter((site) => !answers.some((answer) => answer.site === site) && !dropped.includes(site));

/** Sites whose evaluation is neither here nor missed. */
export const unevaluated = ({ cohort, done }: Evaluating): readonly SiteName[] => cohort.filter((site) => !done.includes(site));

/** The round that is open, or the next one. */
export function comingRound(state: LiveState): number {
  if ("attempt" in state) return state.attempt.round;
  if (state.phase === "collecting" || state.phase === "combining") return state.round;
  return state.phase === "evaluating" ? Math.max(1, state.roundsDone) : 1 + (state.sums?.begun ?? state.roundsDone);
}

/** The newest round that was opened, the evaluation's included; 0 before there is one. */
export function openedRound(state: LiveState): number {
  if ("attempt" in state) return state.attempt.round;
  if (state.phase === "collecting" || state.phase === "combining") return state.round;
  return state.sums?.begun ?? state.roundsDone;
}

export const isEnded = (state: RunState): state is Finished | Stopped | Failed =>
  state.phase === "finished" || state.phase === "stopped" || state.phase === "failed";
