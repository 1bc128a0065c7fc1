/** Calibration and decision curves of a run's models, out of its last sum. */
import type { PooledFigures } from "@engraft/core/models/pooled";
import { csvText } from "../../parts/csv.ts";

export const ARMS = ["federated", "alone", "base"] as const;
export type ArmName = (typeof ARMS)[number];

export interface CurvePoint {
  readonly x: number;
  readonly y: number;
  /** Rows behind it; null of a threshold, behind which are all. */
  readonly count: number | null;
}

export interface ArmCurve {
  readonly arm: ArmName;
  /** Left to right. */
  readonly points: readonly CurvePoint[];
}

/** Mean predicted probability and share of positives of each group that the plan lets be shown; of models that have any. */
export function calibrationCurves(figures: PooledFigures): readonly ArmCurve[] {
  return curves((arm) =>
    (figures[arm]?.calibration ?? []).map(({ count, positives, meanScore }) => ({ x: meanScore, y: positives / count, count })),
  );
}

/** Net benefit by threshold (Vickers and Elkin 2006). */
export function decisionCurves(figures: PooledFigures): readonly ArmCurve[] {
  return curves((arm) => (figures[arm]?.decision ?? []).map(({ threshold, net }) => ({ x: threshold, y: net, count: null })));
}

const curves = (pointsOf: (arm: ArmName) => readonly CurvePoint[]): readonly ArmCurve[] =>
  ARMS.map((arm) => ({ arm, points: pointsOf(arm) })).filter(({ points }) => points.length > 0);

/** Net benefit of treating everybody, at all thresholds of any model: it does not depend on the model. */
export function everybodyCurve(figures: PooledFigures): readonly CurvePoint[] {
  const all = new Map(
    ARMS.flatMap((arm) => (figures[arm]?.decision ?? []).map(({ threshold, everybody }) => [threshold, everybody] as const)),
  );
  return [...all].map(([x, y]) => ({ x, y, count: null })).toSorted((a, b) => a.x - b.x);
}

export function probabilityCsv(figures: PooledFigures): string {
  const lines = [
    ...calibrationCurves(figures).flatMap(({ arm, points }) => points.map(({ x, y, count }) => ["calibration", arm, x, y, count])),
    ...decisionCurves(figures).flatMap(({ arm, points }) => points.map(({ x, y }) => ["net_benefit", arm, x, y, ""])),
    ...everybodyCurve(figures).map(({ x, y }) => ["net_benefit", "everybody", x, y, ""]),
  ];
  return csvText([["curve", "model", "probability", "value", "rows"], ...lines]);
}
