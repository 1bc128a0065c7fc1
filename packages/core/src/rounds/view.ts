/** A run's events as people look at them: rounds, curves and the final comparison. Pure, so the browser folds the same way. */
import type { SiteName } from "../base/ids.ts";
import { weightedMean } from "../models/metric-means.ts";
import type { SiteMetrics } from "../models/metrics.ts";
import type { MetricName, Plan } from "../models/plan.ts";
import type { BlobRef, EventOf, RunEvent } from "./events.ts";

export interface RoundView {
  readonly round: number;
  readonly openedAt: number;
  readonly deadline: number;
  readonly cohort: readonly SiteName[];
  readonly answers: readonly {
    readonly site: SiteName;
    readonly at: number;
    readonly sampleCount: number;
    readonly bytes: number;
    readonly engine: string;
    readonly seconds: { readonly fetch: number; readonly train: number };
  }[];
  readonly dropped: readonly { readonly site: SiteName; readonly at: number; readonly code: string; readonly text: string }[];
  readonly closed: { readonly at: number; readonly survivors: readonly SiteName[]; readonly reason: string } | null;
  readonly checkpoint: { readonly at: number; readonly digest: string; readonly bytes: number } | null;
}

/** Checkpoint `round` (0 = the base unchanged) on each site's validation patients. */
export interface CurvePoint {
  readonly round: number;
  readonly sites: Readonly<Record<string, SiteMetrics>>;
}

export interface Comparison {
  readonly site: SiteName;
  readonly base: SiteMetrics | null;
  readonly alone: SiteMetrics | null;
  readonly federated: SiteMetrics | null;
}

export type RunPhase = "gathering" | "collecting" | "combining" | "evaluating" | "finished" | "stopped" | "failed";

export interface RunView {
  readonly run: string;
  readonly by: string;
  readonly phase: RunPhase;
  /** Words for how the run ended; null while it lives. */
  readonly end: { readonly at: number; readonly text: string } | null;
  readonly createdAt: number;
  readonly sites: readonly SiteName[];
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
  readonly checkpoint: BlobRef;
}

/** Undefined until `run.created` is among the events. */
export function runView(events: readonly RunEvent[]): RunView | undefined {
  return events.reduce<RunView | undefined>(withEvent, undefined);
}

/** The view after one more event; the same function serves the first load and live updates. */
export function withEvent(view: RunView | undefined, event: RunEvent): RunView | undefined {
  if (event.type === "run.created") return created(event);
  if (view === undefined) return undefined;
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
      return inLast(view, (round) => ({ dropped: [...round.dropped, { site, at, code, text }] }));
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
      const { site, base, alone, federated } = event;
      const curve = withPoint(view.curve, view.rounds.length, site, event.validation);
      return { ...view, comparisons: [...view.comparisons, { site, base, alone, federated }], curve };
    }
    case "evaluation.missed": {
      const { evaluation } = view;
      const missed = { site: event.site, text: event.text };
      return { ...view, evaluation: evaluation === null ? null : { ...evaluation, missed: [...evaluation.missed, missed] } };
    }
    case "run.finished":
      return { ...view, phase: "finished", end: { at: event.at, text: `Finished after ${view.rounds.length} rounds.` } };
    case "run.stopped":
      return { ...view, phase: "stopped", end: { at: event.at, text: `Stopped by ${event.by}.` } };
    case "run.failed":
      return { ...view, phase: "failed", end: { at: event.at, text: event.text } };
    default:
      return view;
  }
}

function created({ run, by, at, sites, start }: EventOf<"run.created">): RunView {
  const nothingYet = { end: null, rounds: [], curve: [], evaluation: null, comparisons: [] };
  return { ...nothingYet, run, by, phase: "gathering", createdAt: at, sites, checkpoint: start };
}

function opened({ round, at, deadline, cohort }: EventOf<"round.opened">): RoundView {
  return { round, openedAt: at, deadline, cohort, answers: [], dropped: [], closed: null, checkpoint: null };
}

/** The view with its last round changed. */
function inLast(view: RunView, change: (round: RoundView) => Partial<RoundView>): RunView {
  const last = view.rounds.length - 1;
  return { ...view, rounds: view.rounds.map((round, index) => (index === last ? { ...round, ...change(round) } : round)) };
}

function withPoint(curve: readonly CurvePoint[], round: number, site: SiteName, metrics: SiteMetrics | null): readonly CurvePoint[] {
  if (metrics === null) return curve;
  const there = curve.find((point) => point.round === round);
  const point: CurvePoint = { round, sites: { ...there?.sites, [site]: metrics } };
  return [...curve.filter((other) => other.round !== round), point].sort((a, b) => a.round - b.round);
}

/** Mean over the sites that reported, weighted by their patients; undefined where none did. */
export const curveMean = (point: CurvePoint, metric: MetricName): number | undefined => weightedMean(Object.values(point.sites), metric);

/** How many rounds the plan has, for "round k of n". */
export const plannedRounds = (plan: Plan): number => plan.rounds.count;
