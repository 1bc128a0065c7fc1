/**
 * Figures of predicted risks up to a horizon: they need probabilities, which a log hazard ratio becomes with a baseline hazard. That is
 * estimated on the site's own training patients (Breslow 1972), by the model that is judged; other patients are then judged with it.
 */
import { byTime, overTimes } from "./by-time.ts";
import type { Predicted } from "./site-metrics.ts";

/** Times that stand for all up to the horizon: the middles of as many equal parts. */
const TIMES = 32;

/** Cumulative baseline hazard, relative to `reference`: the probability of no event up to a time is exp(-hazard exp(risk - reference)). */
export interface Baseline {
  /** In the label's unit of time. */
  readonly horizon: number;
  /** At each of the times, then at the horizon. */
  readonly hazards: Float64Array;
  /** A log hazard ratio. */
  readonly reference: number;
}

const timeAt = (horizon: number, index: number): number => (index === TIMES ? horizon : ((index + 0.5) * horizon) / TIMES);

/** `learnt`: of training patients, of a label of time to an event. */
export function baselineOf({ predictions, y }: Predicted, horizon: number): Baseline {
  const sorted = byTime(predictions, y);
  const reference = sorted.risks.reduce((most, risk) => Math.max(most, risk), Number.NEGATIVE_INFINITY);
  const steps: { readonly time: number; readonly hazard: number }[] = [];
  let atRisk = 0;
  overTimes(sorted, (from, to) => {
    let events = 0;
    for (let at = from; at < to; at++) {
      atRisk += Math.exp((sorted.risks[at] as number) - reference);
      events += sorted.events[at] as number;
    }
    if (events > 0) steps.push({ time: sorted.times[from] as number, hazard: events / atRisk });
  });
  const hazards = Float64Array.from({ length: TIMES + 1 }, (_, index) =>
    steps.reduce((sum, { time, hazard }) => (time <= timeAt(horizon, index) ? sum + hazard : sum), 0),
  );
  return { horizon, hazards, reference };
}

/** Sums over rows, each counted by its weight. */
export interface HorizonSums {
  readonly rows: number;
  /** Of the integrated Brier score: the mean over time of the squared difference of probability and truth, censoring weighed out. */
  readonly brier: number;
  /** Of those who had the event by the horizon, as the Kaplan-Meier estimate tells. */
  readonly observed: number;
  /** Of the predicted probabilities of it. */
  readonly expected: number;
}

/**
 * Brier score by inverse probability of censoring (Graf et al. 1999). Undefined where nobody is still observed at the horizon: what lies
 * behind the last observation is not known. `weightAt` is how often a row counts.
 */
export function horizonMeasure(
  { predictions, y }: Predicted,
  baseline: Baseline,
): (weightAt: (row: number) => number) => HorizonSums | undefined {
  const sorted = byTime(predictions, y);
  const { rows: order, times, events, risks } = sorted;
  const factors = Float64Array.from(risks, (risk) => Math.exp(risk - baseline.reference));
  const free = Array.from(baseline.hazards, (hazard) => factors.map((factor) => Math.exp(-hazard * factor)));
  const { horizon } = baseline;
  // Latest first, so that a row is under observation at a time where it stands before the time's bound.
  const bounds = Array.from({ length: TIMES }, (_, index) => {
    const first = times.findIndex((time) => time <= timeAt(horizon, index));
    return first === -1 ? times.length : first;
  });
  return (weightAt) => {
    const weights = Float64Array.from(order, weightAt);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let last = 0;
    while (last < times.length && weights[last] === 0) last++;
    if (last === times.length || (times[last] as number) < horizon) return undefined;
    const { before, behind, survived } = observation(sorted, weights, horizon);
    let brier = 0;
    for (const [index, bound] of bounds.entries()) {
      const alive = free[index] as Float64Array;
      const uncensored = bound === times.length ? 1 : (behind[bound] as number);
      for (let at = 0; at < bound; at++) brier += ((weights[at] as number) * (1 - (alive[at] as number)) ** 2) / uncensored;
      for (let at = bound; at < times.length; at++)
        if (events[at] === 1) brier += ((weights[at] as number) * (alive[at] as number) ** 2) / (before[at] as number);
    }
    const atHorizon = free[TIMES] as Float64Array;
    const expected = weights.reduce((sum, weight, at) => sum + weight * (1 - (atHorizon[at] as number)), 0);
    return { rows: total, brier: brier / TIMES, observed: total * (1 - survived), expected };
  };
}

/**
 * Kaplan-Meier estimates (1958) in which, at one time, events come before censoring. `before[at]`: the probability that a row's time was not
 * censored before it; `behind[at]`: nor at it. `survived`: of no event up to the horizon.
 */
function observation({ times, events }: ReturnType<typeof byTime>, weights: Float64Array, horizon: number) {
  const [before, behind] = [new Float64Array(times.length), new Float64Array(times.length)];
  let atRisk = weights.reduce((sum, weight) => sum + weight, 0);
  let [uncensored, survived] = [1, 1];
  for (let to = times.length, from = to; to > 0; to = from) {
    const time = times[to - 1] as number;
    let [happened, censored] = [0, 0];
    for (from = to; from > 0 && times[from - 1] === time; from--) {
      const weight = weights[from - 1] as number;
      if (events[from - 1] === 1) happened += weight;
      else censored += weight;
    }
    before.fill(uncensored, from, to);
    if (atRisk > 0 && time <= horizon) survived *= 1 - happened / atRisk;
    if (atRisk - happened > 0) uncensored *= 1 - censored / (atRisk - happened);
    behind.fill(uncensored, from, to);
    atRisk -= happened + censored;
  }
  return { before, behind, survived };
}
