/** The state of a run: a union on `phase`, each variant with its own fields only. */
import type { Digest, RunId, SiteName } from "../base/ids.ts";
import type { SiteMetrics } from "../models/metrics.ts";
import type { Plan } from "../models/plan.ts";
import type { BlobRef } from "./events.ts";

/** What never changes during a run, beside its events. */
export interface RunParams {
  readonly plan: Plan;
  readonly planDigest: Digest;
  /** Values in the trainable vector. */
  readonly vectorLength: number;
}

interface Identity {
  readonly run: RunId;
  readonly sites: readonly SiteName[];
  readonly manifest: BlobRef;
  readonly weights: BlobRef;
  readonly start: BlobRef;
  /** Newest checkpoint; at first the base's own trainable vector. */
  readonly checkpoint: BlobRef;
  /** Rounds that ended with a checkpoint. */
  readonly roundsDone: number;
  /** Mean validation value of the stop rule's metric at each checkpoint but the newest, oldest first. */
  readonly trace: readonly (number | null)[];
}

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
  readonly code: "quorum-not-reached" | "quorum-lost" | "rounds-failed";
}
/** Before `run.created`. */
export interface Absent {
  readonly phase: "absent";
}

export type RunState = Absent | Gathering | Collecting | Combining | Evaluating | Finished | Stopped | Failed;
export type LiveState = Gathering | Collecting | Combining | Evaluating;

export const isEnded = (state: RunState): state is Finished | Stopped | Failed =>
  state.phase === "finished" || state.phase === "stopped" || state.phase === "failed";
