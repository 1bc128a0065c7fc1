/** What a site's small chart shows: its own course on its validation patients, and at the end each model on its test patients. */
import type { Estimate, SiteMetrics } from "@engraft/core/models/metrics";
import type { MetricName } from "@engraft/core/models/plan";
import type { SiteShift } from "@engraft/core/models/summary/shift";
import type { RunView } from "@engraft/core/rounds/view";
import { csvText } from "../../parts/csv.ts";
import { gainOf, type Gain } from "../models/release-metrics.ts";
import type { Order } from "./chart-settings.ts";
import { pointsAt, type SitePoint } from "./site-points.ts";

export interface SiteFigures {
  readonly site: string;
  /** Place in the run. */
  readonly slot: number;
  readonly points: readonly SitePoint[];
  /** Validation patients behind the newest figures; null where it has sent none. */
  readonly n: number | null;
  readonly test: {
    readonly n: number;
    readonly shared: Estimate | null;
    readonly alone: Estimate | null;
    /** Between its own model and the shared one. */
    readonly mix: Estimate | null;
    /** The shared one with an intercept of its own. */
    readonly intercept: Estimate | null;
  } | null;
  readonly gain: Gain | null;
  /** PSI of the field whose patients are farthest from the summary's; null where it is not known. */
  readonly shift: number | null;
  /** Why there is no line: it sends no figures of its own, has too few patients for this one, or has not answered yet. */
  readonly without: "kept" | "few" | "waiting" | null;
}

export function siteFigures(view: RunView, metric: MetricName): readonly SiteFigures[] {
  const figure = (metrics: SiteMetrics | null): Estimate | null => metrics?.values[metric] ?? null;
  const at = view.curve.map((point) => pointsAt(point, metric));
  return view.sites.map((site, slot) => {
    const points = at.map((sites) => sites.get(site)).filter((point) => point !== undefined);
    const comparison = view.comparisons.find((one) => one.site === site);
    const test =
      comparison === undefined
        ? null
        : {
            n: comparison.federated?.n ?? comparison.alone?.n ?? 0,
            shared: figure(comparison.federated),
            alone: figure(comparison.alone),
            mix: figure(comparison.mix?.metrics ?? null),
            intercept: figure(comparison.intercept ?? null),
          };
    const newest = view.curve.findLast(({ sites }) => sites[site] !== undefined)?.sites[site];
    return {
      site,
      slot,
      points,
      n: newest?.n ?? null,
      test,
      gain: comparison === undefined ? null : gainOf(comparison, metric),
      shift: largestOf(comparison?.shift),
      without: points.length > 0 ? null : newest !== undefined ? "few" : hasAnswered(view, site) ? "kept" : "waiting",
    };
  });
}

function largestOf(shift: SiteShift | null | undefined): number | null {
  const known = (shift?.fields ?? []).flatMap(({ psi }) => psi ?? []);
  return known.length === 0 ? null : Math.max(...known);
}

const hasAnswered = (view: RunView, site: string): boolean =>
  view.end !== null || view.rounds.some((round) => round.answers.some((answer) => answer.site === site));

/** The same figures of a site where nothing in them has changed, else the same list of points where it has not: they are not drawn anew. */
export function keepingPoints(before: readonly SiteFigures[], after: readonly SiteFigures[]): readonly SiteFigures[] {
  return after.map((figures) => {
    const old = before.find(({ site }) => site === figures.site);
    if (old === undefined || !samePoints(old.points, figures.points)) return figures;
    return sameButPoints(old, figures) ? old : { ...figures, points: old.points };
  });
}

const sameButPoints = (a: SiteFigures, b: SiteFigures): boolean =>
  a.slot === b.slot &&
  a.n === b.n &&
  a.shift === b.shift &&
  a.without === b.without &&
  sameRange(a.gain, b.gain) &&
  sameTest(a.test, b.test);

/** Models that are judged on test patients. */
export const TESTED = ["shared", "alone", "mix", "intercept"] as const;

function sameTest(a: SiteFigures["test"], b: SiteFigures["test"]): boolean {
  if (a === null || b === null) return a === b;
  return a.n === b.n && TESTED.every((model) => sameRange(a[model], b[model]));
}

const sameRange = (a: Estimate | null, b: Estimate | null): boolean =>
  a === null || b === null ? a === b : a.value === b.value && a.low === b.low && a.high === b.high;

const samePoints = (a: readonly SitePoint[], b: readonly SitePoint[]): boolean =>
  a.length === b.length &&
  a.every((point, index) => {
    const other = b[index];
    return other === point || (other !== undefined && point.round === other.round && point.n === other.n && sameRange(point, other));
  });

const LEAST = Number.NEGATIVE_INFINITY;

/** What each order goes by, the largest first; null is never ranked. */
const KEYS: Readonly<Record<Order, (figures: SiteFigures) => number | null>> = {
  gain: ({ gain }) => gain?.value ?? null,
  shift: ({ shift }) => shift,
  n: ({ n }) => n,
};

/** Sites without a line come last, in the run's order, whatever is sorted by. */
export function inOrder(figures: readonly SiteFigures[], order: Order): readonly SiteFigures[] {
  const key = KEYS[order];
  const rank = (one: SiteFigures): number => (one.without === null ? (key(one) ?? LEAST) : LEAST);
  return figures.toSorted(
    (a, b) => Number(a.without !== null) - Number(b.without !== null) || (rank(a) === rank(b) ? a.slot - b.slot : rank(b) - rank(a)),
  );
}

/** One scale for all small charts: every value and interval in them, with a little room. */
export function commonScale(figures: readonly SiteFigures[]): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { points, test } of figures) {
    for (const estimate of [...points, ...TESTED.map((model) => test?.[model])]) {
      if (estimate === null || estimate === undefined) continue;
      low = Math.min(low, estimate.low);
      high = Math.max(high, estimate.high);
    }
  }
  if (low > high) return [0, 1];
  const room = Math.max((high - low) * 0.05, 0.005);
  return [low - room, high + room];
}

/** A row for each site and checkpoint, then one for each model on its test patients. Raw values. */
export function sitesCsv(figures: readonly SiteFigures[], metric: MetricName): string {
  const rows = figures.flatMap(({ site, points, test }) => [
    ...points.map(({ round, n, value, low, high }) => [site, "validation", "shared", String(round), String(n), value, low, high]),
    ...TESTED.flatMap((model) => {
      const estimate = test?.[model] ?? null;
      return estimate === null ? [] : [[site, "test", model, "", String(test?.n ?? ""), estimate.value, estimate.low, estimate.high]];
    }),
  ]);
  return csvText([["site", "patients", "model", "round", "n", metric, "ci_low", "ci_high"], ...rows]);
}
