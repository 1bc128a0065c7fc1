/** Small changes of a run's view. */
import type { SiteName } from "../base/ids.ts";
import type { SiteMetrics } from "../models/metrics.ts";
import type { CurvePoint, RoundView, RunView } from "./view.ts";

/** The view with its last round changed. */
export function inLast(view: RunView, change: (round: RoundView) => Partial<RoundView>): RunView {
  const last = view.rounds.length - 1;
  return { ...view, rounds: view.rounds.map((round, index) => (index === last ? { ...round, ...change(round) } : round)) };
}

/** The view with one of its rounds changed: a training round, or the secure evaluation. */
export function inRound(view: RunView, round: number, change: (round: RoundView) => Partial<RoundView>): RunView {
  const changed = (one: RoundView): RoundView => (one.round === round ? { ...one, ...change(one) } : one);
  return {
    ...view,
    rounds: view.rounds.map(changed),
    evaluationRound: view.evaluationRound === null ? null : changed(view.evaluationRound),
  };
}

/** The curve with one more figure. */
export function withPoint(curve: readonly CurvePoint[], round: number, site: SiteName, metrics: SiteMetrics | null): readonly CurvePoint[] {
  if (metrics === null) return curve;
  const there = curve.find((point) => point.round === round);
  const point: CurvePoint = { round, sites: { ...there?.sites, [site]: metrics } };
  return [...curve.filter((other) => other.round !== round), point].sort((a, b) => a.round - b.round);
}
