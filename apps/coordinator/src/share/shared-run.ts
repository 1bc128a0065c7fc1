/** What of a run the holder of a share link sees. Built from nothing: what is not named here does not leave. */
import type { MetricName, Plan } from "@engraft/core/models/plan";
import { isSettled } from "@engraft/core/rounds/main-curve";
import { curveMean, plannedRounds, type CurvePoint, type RoundView, type RunView } from "@engraft/core/rounds/view";
import type { SharedCurve, SharedRun } from "../api/alert-views.ts";

/** A mean over one site would be that site's own figure. */
const LEAST_SITES = 2;

export interface Shown {
  readonly plan: Plan;
  readonly siteFigures: boolean;
  readonly expiresAt: number;
}

export function sharedRun(view: RunView, { plan, siteFigures, expiresAt }: Shown): SharedRun {
  return {
    run: view.run,
    plan: { name: plan.name, version: plan.version },
    phase: view.phase,
    createdAt: view.createdAt,
    endedAt: view.end?.at ?? null,
    sites: view.sites.length,
    plannedRounds: plannedRounds(plan),
    aggregation: plan.aggregation.method,
    rounds: view.rounds.map(sharedRound),
    curves: plan.metrics.names.map((metric) => sharedCurve(view, metric, siteFigures)),
    siteFigures,
    expiresAt,
  };
}

const sharedRound = ({ round, openedAt, cohort, closed, checkpoint, failed, sum }: RoundView): SharedRun["rounds"][number] => ({
  round,
  openedAt,
  endedAt: checkpoint?.at ?? failed?.at ?? null,
  asked: cohort.length,
  counted: closed?.survivors.length ?? sum?.sites.length ?? null,
  state: failed !== null ? "failed" : checkpoint === null ? "open" : "checkpoint",
});

function sharedCurve(view: RunView, metric: MetricName, siteFigures: boolean): SharedCurve {
  const pooled = view.pooledCurve.flatMap(({ round, metrics }) => {
    const figure = metrics.values[metric] ?? null;
    return figure === null ? [] : [{ round, value: figure.value }];
  });
  const mean = view.curve.flatMap((point) => {
    const value = isSettled(view, point) && reporting(point, metric) >= LEAST_SITES ? curveMean(point, metric) : undefined;
    return value === undefined ? [] : [{ round: point.round, value }];
  });
  return { metric, mean: pooled.length > 0 ? pooled : mean, sites: siteFigures ? siteCurves(view, metric) : null };
}

const valueOf = (point: CurvePoint, site: string, metric: MetricName): number | undefined => point.sites[site]?.values[metric]?.value;

const reporting = (point: CurvePoint, metric: MetricName): number =>
  Object.keys(point.sites).filter((site) => valueOf(point, site, metric) !== undefined).length;

const siteCurves = (view: RunView, metric: MetricName): SharedCurve["sites"] =>
  view.sites
    .map((site) => ({
      site: String(site),
      points: view.curve.flatMap((point) => {
        const value = valueOf(point, site, metric);
        return value === undefined ? [] : [{ round: point.round, value }];
      }),
    }))
    .filter(({ points }) => points.length > 0);
