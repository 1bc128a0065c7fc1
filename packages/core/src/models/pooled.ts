/**
 * Figures of all sites' patients together, from totals that are summed under the masks: nobody but the site itself sees
 * one site's. Free of node's modules.
 */
import * as z from "zod";
import { MetricName } from "./plan.ts";

/** A figure and the bounds between which the exact one lies: a histogram of scores does not tell it to the last digit. */
export const Bounded = z.strictObject({ value: z.number(), low: z.number(), high: z.number() });
export type Bounded = z.infer<typeof Bounded>;

/** One point of the calibration curve: rows with scores in a range, at least the plan's minimum count of them. */
export const CalibrationBin = z.strictObject({ count: z.int().min(1), positives: z.int().min(0), meanScore: z.number().min(0).max(1) });

/** Of the decision curve, for each row: the net benefit of acting on a score from the threshold on, and of acting on everybody. */
export const DecisionPoint = z.strictObject({ threshold: z.number().gt(0).lt(1), net: z.number(), everybody: z.number() });
export type DecisionPoint = z.infer<typeof DecisionPoint>;

export const PooledMetrics = z.strictObject({
  /** Patients counted, over all sites of the sum. */
  n: z.int().min(0),
  /** Of these, with a yes or an event; null for a label without yes and no. */
  positives: z.int().min(0).nullable(),
  /** Only metrics that the plan names; null where undefined. */
  values: z.partialRecord(MetricName, Bounded.nullable()),
  calibration: z.array(CalibrationBin).max(64),
  /** Of a yes/no label, between the points of the calibration curve. Absent where that has fewer than two, and in sums of earlier versions. */
  decision: z.array(DecisionPoint).min(1).max(63).exactOptional(),
  /** Rows by true class, then by predicted class; where every class that occurs has the plan's minimum count of patients. */
  confusion: z
    .array(z.array(z.int().min(0)).max(64))
    .min(3)
    .max(64)
    .exactOptional(),
});
export type PooledMetrics = z.infer<typeof PooledMetrics>;

/** In a training round only `validation`, of the checkpoint that the round started from. Null: too few patients, or not asked for. */
export const PooledFigures = z.strictObject({
  validation: PooledMetrics.nullable(),
  base: PooledMetrics.nullable(),
  alone: PooledMetrics.nullable(),
  federated: PooledMetrics.nullable(),
});
export type PooledFigures = z.infer<typeof PooledFigures>;
