/** A run's events as people look at them: rounds, curves and the final comparison. Pure, so the browser folds the same way. */
import type { SiteName } from "../base/ids.ts";
import { remembered } from "../base/remembered.ts";
import { weightedMean } from "../models/metric-means.ts";
import type { SiteFigures, SiteMetrics } from "../models/metrics.ts";
import type { MetricName, Plan } from "../models/plan.ts";
import type { PooledMetrics } from "../models/pooled.ts";
import type { BlobRef, EventOf, RunEvent } from "./events.ts";
import type { Paused } from "./state.ts";
import { comparisonOf, finishedText, inLast, inRound, withPoint } from "./view-changes.ts";
import { openedAttempt, sumOf, withAttemptEvent, type AttemptView, type SumView } from "./secure/view.ts";

export interface RoundView {
  readonly round: number;
  readonly openedAt: number;
  readonly deadline: number;
  readonly cohort: readonly SiteName[];
  /** Who moved its deadline, oldest first. */
  readonly moves: readonly { readonly at: number; readonly by: string; readonly deadline: number }[];
  readonly answers: readonly {
    readonly site: SiteName;
    readonly at: number;
    /** Null under secure aggregation, where it goes into the sum unseen. */
    readonly sampleCount: number | null;
    readonly bytes: number;
    readonly engine: string;
    readonly seconds: { readonly fetch: number; readonly train: number };
  }[];
  readonly dropped: readonly { readonly site: SiteName; readonly at: number; readonly code: string; readonly text: string }[];
  readonly closed: { readonly at: number; readonly survivors: readonly SiteName[]; readonly reason: string } | null;
  readonly checkpoint: ({ readonly at: number } & BlobRef) | null;
  /** Under secure aggregation, oldest first; none in plain. */
  readonly attempts: readonly AttemptView[];
  /** Null until the sum is open, and in plain. */
  readonly sum: SumView | null;
  /** A secure round that used up its number without a sum. */
  readonly failed: { readonly at: number; readonly code: string; readonly text: string } | null;
}

/** Checkpoint `round` on all sites' validation patients together, out of the sum. */
export interface PooledPoint {
  readonly round: number;
  readonly metrics: PooledMetrics;
}

/** Checkpoint `round` (0 = the base unchanged) on each site's validation patients. */
export interface CurvePoint {
  readonly round: number;
  readonly sites: Readonly<Record<string, SiteMetrics>>;
}

export interface Comparison extends Readonly<Omit<SiteFigures, "validation">> {
  readonly site: SiteName;
}

export type RunPhase =
  | "gathering"
  | "advertising"
  | "dealing"
  | "masking"
  | "unmasking"
  | "collecting"
  | "combining"
  | "evaluating"
  | "finished"
  | "stopped"
  | "failed";

export interface RunView {
  readonly run: string;
  readonly by: string;
  readonly phase: RunPhase;
  /** Words for how the run ended; null while it lives. */
  readonly end: { readonly at: number; readonly text: string } | null;
  readonly createdAt: number;
  readonly sites: readonly SiteName[];
  /** Sites that an admin left out of the rounds to come. */
  readonly leftOut: readonly { readonly site: SiteName; readonly at: number; readonly by: string }[];
  /** No round begins; by "coordinator" where it waits in vain for sites. */
  readonly paused: Paused | null;
  readonly rounds: readonly RoundView[];
  readonly curve: readonly CurvePoint[];
  readonly evaluation: {
    readonly openedAt: number;
    readonly deadline: number;
    readonly cohort: readonly SiteName[];
    readonly reason: string;
    readonly missed: readonly { readonly site: SiteName; readonly text: string }[];
  } | null;
  readonly comparisons: readonly Comparison[];
  /** Curve of the sums; empty in plain. */
  readonly pooledCurve: readonly PooledPoint[];
  /** The evaluation at the end under secure aggregation, a round of its own that is summed like the others. */
  readonly evaluationRound: RoundView | null;
  readonly checkpoint: BlobRef;
}

type SecureEvent = Extract<RunEvent, { readonly attempt: number }> | EventOf<"round.failed">;

/** Undefined until `run.created` is among the events. */
export function runView(events: readonly RunEvent[]): RunView | undefined {
  return events.reduce<RunView | undefined>(withEvent, undefined);
}

/** The view after one more event; the same function serves the first load and live updates. */
export function withEvent(view: RunView | undefined, event: RunEvent): RunView | undefined {
  if (event.type === "run.created") return created(event);
  if (view === undefined) return undefined;
  if ("attempt" in event || event.type === "round.failed") return withSecureEvent(view, event);
  switch (event.type) {
    case "round.opened":
      return { ...view, phase: "collecting", rounds: [...view.rounds, opened(event)] };
    case "update.accepted": {
      const { site, at, sampleCount, engine, seconds } = event;
      const answer = { site, at, sampleCount, bytes: event.update.bytes, engine, seconds };
      const curve = withPoint(view.curve, event.round - 1, site, event.validation);
      return { ...inLast(view, (round) => ({ answers: [...round.answers, answer] })), curve };
    }
    case "site.dropped": {
      const { site, at, code, text } = event;
      return inRound(view, event.round, (round) => ({
        dropped: [...round.dropped, { site, at, code, text }],
        attempts: inLastAttempt(round, event),
      }));
    }
    case "round.closed": {
      const { at, survivors, reason } = event;
      return { ...inLast(view, () => ({ closed: { at, survivors, reason } })), phase: "combining" };
    }
    case "checkpoint.written": {
      const { at, checkpoint } = event;
      return { ...inLast(view, () => ({ checkpoint: { at, ...checkpoint } })), phase: "gathering", checkpoint };
    }
    case "evaluation.opened": {
      const { at, deadline, cohort, reason } = event;
      return { ...view, phase: "evaluating", evaluation: { openedAt: at, deadline, cohort, reason, missed: [] } };
    }
    case "evaluation.accepted": {
      const curve = withPoint(view.curve, view.rounds.length, event.site, event.validation);
      return { ...view, comparisons: [...view.comparisons, comparisonOf(event.site, event)], curve };
    }
    case "evaluation.missed": {
      const { evaluation } = view;
      const missed = { site: event.site, text: event.text };
      return { ...view, evaluation: evaluation === null ? null : { ...evaluation, missed: [...evaluation.missed, missed] } };
    }
    case "deadline.moved":
      return moved(view, event);
    case "site.left-out": {
      const { site, at, by } = event;
      return { ...view, leftOut: [...view.leftOut, { site, at, by }] };
    }
    case "site.let-in":
      return { ...view, leftOut: view.leftOut.filter(({ site }) => site !== event.site) };
    case "run.paused":
      return { ...view, paused: { at: event.at, by: event.by, text: event.text } };
    case "run.resumed":
      return { ...view, paused: null };
    case "run.finished":
      return { ...view, phase: "finished", end: { at: event.at, text: finishedText(view) } };
    case "run.stopped":
      return { ...view, phase: "stopped", end: { at: event.at, text: `Stopped by ${event.by}.` } };
    case "run.failed":
      return { ...view, phase: "failed", end: { at: event.at, text: event.text } };
    default:
      return event satisfies never;
  }
}

/** While sites are gathered there is no round yet whose deadline it could be. */
function moved(view: RunView, { at, by, deadline, round }: EventOf<"deadline.moved">): RunView {
  if (view.phase === "gathering") return view;
  if (view.phase === "evaluating") return { ...view, evaluation: view.evaluation === null ? null : { ...view.evaluation, deadline } };
  return inRound(view, round, (one) => ({
    deadline,
    moves: [...one.moves, { at, by, deadline }],
    attempts: one.attempts.map((attempt, index) => (index === one.attempts.length - 1 ? { ...attempt, until: deadline } : attempt)),
  }));
}

function withSecureEvent(view: RunView, event: SecureEvent): RunView {
  switch (event.type) {
    case "attempt.opened":
      return attemptOpened(view, event);
    case "round.failed": {
      const { at, code, text } = event;
      return { ...inRound(view, event.round, () => ({ failed: { at, code, text } })), phase: "gathering" };
    }
    case "sum.opened": {
      const after = inRound(view, event.round, (round) => ({ sum: sumOf(event), attempts: inLastAttempt(round, event) }));
      const { validation } = event.pooled;
      if (validation === null) return after;
      return { ...after, pooledCurve: [...after.pooledCurve, { round: startOf(view), metrics: validation }] };
    }
    case "advert.accepted":
      return advertised(view, event);
    case "input.accepted":
      return inRound(view, event.round, (round) => ({
        answers: round.answers.map((answer) => (answer.site === event.site ? { ...answer, bytes: event.body.bytes } : answer)),
        attempts: inLastAttempt(round, event),
      }));
    case "inputs.fixed": {
      const { at, sites } = event;
      const closed = { at, survivors: sites, reason: "inputs-fixed" };
      return { ...inRound(view, event.round, (round) => ({ closed, attempts: inLastAttempt(round, event) })), phase: "unmasking" };
    }
    case "attempt.failed":
      return { ...inRound(view, event.round, (round) => ({ attempts: inLastAttempt(round, event) })), phase: "gathering" };
    default: {
      const phase = event.type === "roster.fixed" ? "dealing" : event.type === "shares.fixed" ? "masking" : view.phase;
      return { ...inRound(view, event.round, (round) => ({ attempts: inLastAttempt(round, event) })), phase };
    }
  }
}

/** A new round, or the same one under fresh keys: what was answered before counts no more. */
function attemptOpened(view: RunView, event: EventOf<"attempt.opened">): RunView {
  const { round, at, deadline, cohort } = event;
  const known = [...view.rounds, ...(view.evaluationRound === null ? [] : [view.evaluationRound])].some((one) => one.round === round);
  const phase = "advertising";
  if (known) {
    const again = (one: RoundView) => ({
      deadline,
      cohort,
      answers: [],
      dropped: [],
      closed: null,
      moves: [],
      attempts: [...one.attempts, openedAttempt(event)],
    });
    return { ...inRound(view, round, again), phase };
  }
  const fresh: RoundView = { ...opened({ type: "round.opened", at, round, cohort, deadline }), attempts: [openedAttempt(event)] };
  return event.purpose === "evaluate" ? { ...view, phase, evaluationRound: fresh } : { ...view, phase, rounds: [...view.rounds, fresh] };
}

/** The site has its vector ready. What it reports of its own patients counts from here. */
function advertised(view: RunView, event: EventOf<"advert.accepted">): RunView {
  const { site, at, engine, seconds, figures } = event;
  const answer = { site, at, sampleCount: null, bytes: 0, engine, seconds };
  const after = inRound(view, event.round, (round) => ({ answers: [...round.answers, answer], attempts: inLastAttempt(round, event) }));
  const { validation, base, alone, federated, shift = null } = figures;
  const evaluates = view.evaluationRound?.round === event.round;
  const curve = withPoint(view.curve, startOf(view), site, validation);
  const compared = evaluates && [base, alone, federated, shift].some((one) => one !== null);
  const others = after.comparisons.filter((one) => one.site !== site);
  return { ...after, curve, comparisons: compared ? [...others, comparisonOf(site, figures)] : after.comparisons };
}

/** The round whose checkpoint the sites work from now; 0 is the base unchanged. */
const startOf = (view: RunView): number => view.rounds.findLast((round) => round.checkpoint !== null)?.round ?? 0;

const inLastAttempt = (round: RoundView, event: RunEvent): readonly AttemptView[] =>
  round.attempts.map((attempt, at) => (at === round.attempts.length - 1 ? withAttemptEvent(attempt, event) : attempt));

function created({ run, by, at, sites, start }: EventOf<"run.created">): RunView {
  const nothingYet = {
    end: null,
    rounds: [],
    curve: [],
    evaluation: null,
    comparisons: [],
    pooledCurve: [],
    evaluationRound: null,
    leftOut: [],
    paused: null,
  };
  return { ...nothingYet, run, by, phase: "gathering", createdAt: at, sites, checkpoint: start };
}

function opened({ round, at, deadline, cohort }: EventOf<"round.opened">): RoundView {
  return {
    round,
    openedAt: at,
    deadline,
    cohort,
    moves: [],
    answers: [],
    dropped: [],
    closed: null,
    checkpoint: null,
    attempts: [],
    sum: null,
    failed: null,
  };
}

/** Mean over the sites that reported, weighted by their patients; undefined where none did. */
export const curveMean = remembered((point: CurvePoint, metric: MetricName): number | undefined =>
  weightedMean(Object.values(point.sites), metric),
);

/** How many rounds the plan has, for "round k of n". */
export const plannedRounds = (plan: Plan): number => plan.rounds.count;
