/**
 * A time to an event counted: pairs of patients of the same site in which it is known who had the event first. The sum is Harrell's C
 * stratified by site; pairs across sites would need times and risks of single patients.
 */
import type { PooledMetrics } from "../pooled.ts";
import { exact, MAX_ROWS, meanWithin, named, SCALE, steps, whole, type Asked } from "./counting.ts";

export interface SurvivalTally {
  readonly kind: "survival";
  readonly patients: number;
  /** Of these, with an event. */
  readonly eventPatients: number;
  readonly rows: number;
  readonly events: number;
  readonly comparable: number;
  readonly concordant: number;
  readonly tied: number;
  /** Negative log partial likelihood over the site's events, in nats; at most `LARGEST_LOSS` for each. */
  readonly loss: number;
}

export const LARGEST_LOSS = 100;

export const SURVIVAL_TOTALS = 8;

export const survivalTotals = (tally: SurvivalTally): readonly number[] => [
  tally.patients,
  tally.eventPatients,
  tally.rows,
  tally.events,
  tally.comparable,
  tally.concordant,
  tally.tied,
  steps(tally.loss),
];

export function readSurvival(totals: readonly number[], sites: number): SurvivalTally | undefined {
  if (!whole(totals, SURVIVAL_TOTALS)) return undefined;
  const [patients = 0, eventPatients = 0, rows = 0, events = 0, comparable = 0, concordant = 0, tied = 0, loss = 0] = totals;
  const fits =
    rows <= sites * MAX_ROWS &&
    patients <= rows &&
    patients > 0 === rows > 0 &&
    events <= rows &&
    eventPatients <= Math.min(patients, events) &&
    eventPatients > 0 === events > 0 &&
    // Every event is compared with each other row at most once.
    comparable <= events * Math.max(0, rows - 1) &&
    concordant + tied <= comparable &&
    loss / SCALE <= events * LARGEST_LOSS + sites / SCALE;
  const counts = { patients, eventPatients, rows, events, comparable, concordant, tied };
  return fits ? { kind: "survival", ...counts, loss: loss / SCALE } : undefined;
}

export function survivalFigures(
  { patients, eventPatients, events, comparable, concordant, tied, loss }: SurvivalTally,
  asked: Asked,
): PooledMetrics {
  return {
    n: patients,
    positives: eventPatients,
    values: named(asked, {
      "c-index": exact(comparable === 0 ? null : (concordant + tied / 2) / comparable),
      loss: events === 0 ? null : meanWithin(loss, events, asked.sites),
    }),
    calibration: [],
  };
}
