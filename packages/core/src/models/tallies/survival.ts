/**
 * A time to an event counted: pairs of patients of the same site in which it is known who had the event first. The sum is Harrell's C
 * stratified by site; pairs across sites would need times and risks of single patients.
 */
import type { MetricName } from "../metric-names.ts";
import type { Bounded, PooledMetrics } from "../pooled.ts";
import { between, exact, MAX_ROWS, meanWithin, named, SCALE, steps, whole, type Asked } from "./counting.ts";

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
  /** Sums of rows up to the plan's horizon (engine, evaluate/horizon.ts); of no row where the site cannot say. Absent where the plan names none. */
  readonly horizon?: HorizonTally | undefined;
}

interface HorizonTally {
  readonly rows: number;
  readonly brier: number;
  readonly observed: number;
  readonly expected: number;
}

export const LARGEST_LOSS = 100;

const WITHOUT_HORIZON = 8;

/** `horizon`: whether the plan names one. */
export const survivalLength = (horizon: boolean): number => WITHOUT_HORIZON + (horizon ? 4 : 0);

const horizonTotals = ({ rows, brier, observed, expected }: HorizonTally): readonly number[] => [
  rows,
  ...[brier, observed, expected].map(steps),
];

function readHorizon([rows = 0, ...sums]: readonly number[]): HorizonTally {
  const [brier = 0, observed = 0, expected = 0] = sums.map((sum) => sum / SCALE);
  return { rows, brier, observed, expected };
}

export const survivalTotals = (tally: SurvivalTally): readonly number[] => [
  tally.patients,
  tally.eventPatients,
  tally.rows,
  tally.events,
  tally.comparable,
  tally.concordant,
  tally.tied,
  steps(tally.loss),
  ...(tally.horizon === undefined ? [] : horizonTotals(tally.horizon)),
];

export function readSurvival(totals: readonly number[], sites: number, withHorizon: boolean): SurvivalTally | undefined {
  if (!whole(totals, survivalLength(withHorizon))) return undefined;
  const [patients = 0, eventPatients = 0, rows = 0, events = 0, comparable = 0, concordant = 0, tied = 0, loss = 0] = totals;
  const horizon = withHorizon ? readHorizon(totals.slice(WITHOUT_HORIZON)) : undefined;
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
    loss / SCALE <= events * LARGEST_LOSS + sites / SCALE &&
    horizonFits(horizon, rows, sites);
  const counts = { patients, eventPatients, rows, events, comparable, concordant, tied };
  return fits ? { kind: "survival", ...counts, loss: loss / SCALE, ...(horizon === undefined ? {} : { horizon }) } : undefined;
}

/** The weights by which censoring is weighed out add up to the rows, so no sum is more. */
const horizonFits = (horizon: HorizonTally | undefined, rows: number, sites: number): boolean =>
  horizon === undefined ||
  (horizon.rows <= rows &&
    [horizon.brier, horizon.observed, horizon.expected].every((sum) => between(sum, 0, horizon.rows, horizon.rows === 0 ? 0 : sites)));

export function survivalFigures(
  { patients, eventPatients, events, comparable, concordant, tied, loss, horizon }: SurvivalTally,
  asked: Asked,
): PooledMetrics {
  return {
    n: patients,
    positives: eventPatients,
    values: named(asked, {
      "c-index": exact(comparable === 0 ? null : (concordant + tied / 2) / comparable),
      loss: events === 0 ? null : meanWithin(loss, events, asked.sites),
      ...(horizon === undefined || horizon.rows === 0 ? {} : horizonFigures(horizon, asked.sites)),
    }),
    calibration: [],
  };
}

/** Each site rounds each sum once. */
function horizonFigures(
  { rows, brier, observed, expected }: HorizonTally,
  sites: number,
): Readonly<Partial<Record<MetricName, Bounded | null>>> {
  const by = sites / 2 / SCALE + rows * Number.EPSILON;
  const ratio = (over: number, under: number): number => Math.max(0, over) / Math.max(under, Number.MIN_VALUE);
  return {
    "integrated-brier": meanWithin(brier, rows, sites),
    "observed-expected":
      expected <= by
        ? null
        : { value: observed / expected, low: ratio(observed - by, expected + by), high: ratio(observed + by, expected - by) },
  };
}
