/** Small changes of a run's view. */
import type { SiteName } from "../base/ids.ts";
import type { SiteFigures, SiteMetrics } from "../models/metrics.ts";
import type { Comparison, CurvePoint, RoundView, RunView } from "./view.ts";

/** Without a round that trained it was a summary. */
export const finishedText = ({ rounds, evaluationRound }: RunView): string =>
  rounds.length === 0 && evaluationRound !== null ? "Finished: the summary is there." : `Finished after ${rounds.length} rounds.`;

/** What a site has said of its own patients at the end. */
export const comparisonOf = (
  site: SiteName,
  { base, alone, federated, mix, intercept, gain, earlier, shift }: SiteFigures,
): Comparison => ({
  site,
  base,
  alone,
  federated,
  ...(mix && { mix }),
  ...(intercept && { intercept }),
  ...(gain && { gain }),
  ...(earlier && { earlier }),
  ...(shift && { shift }),
});

/** The view with its last round changed. */
export function inLast(view: RunView, change: (round: RoundView) => Partial<RoundView>): RunView {
  const last = view.rounds.at(-1);
  return last === undefined ? view : { ...view, rounds: [...view.rounds.slice(0, -1), { ...last, ...change(last) }] };
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
  // Nearly always the newest checkpoint: a run may have thousands, and each figure comes this way.
  const last = curve.at(-1);
  if (last === undefined || last.round < round) return [...curve, { round, sites: { [site]: metrics } }];
  if (last.round === round) return [...curve.slice(0, -1), { round, sites: { ...last.sites, [site]: metrics } }];
  const there = curve.find((point) => point.round === round);
  const point: CurvePoint = { round, sites: { ...there?.sites, [site]: metrics } };
  return [...curve.filter((other) => other.round !== round), point].sort((a, b) => a.round - b.round);
}
