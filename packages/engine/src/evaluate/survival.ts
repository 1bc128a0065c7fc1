/** Figures of a predicted risk of an event over time, with right censoring. */
import type { Measure } from "./bootstrap.ts";
import { byTime, overTimes, type Risks } from "./by-time.ts";
import { horizonMeasure, type Baseline } from "./horizon.ts";
import type { Predicted } from "./site-metrics.ts";

/** Sums of weights by rank, with prefix sums in logarithmic time (Fenwick 1994). */
class RankedWeights {
  readonly #sums: Float64Array;

  constructor(ranks: number) {
    this.#sums = new Float64Array(ranks + 1);
  }

  add(rank: number, weight: number): void {
    for (let at = rank + 1; at < this.#sums.length; at += at & -at) this.#sums[at] = (this.#sums[at] as number) + weight;
  }

  /** Of all ranks below `rank`. */
  below(rank: number): number {
    let sum = 0;
    for (let at = rank; at > 0; at -= at & -at) sum += this.#sums[at] as number;
    return sum;
  }
}

export interface Pairs {
  /** Pairs of which it is known who had the event first. */
  readonly comparable: number;
  /** Of these, with the higher risk for who had it first; equal risks count half in `tied`. */
  readonly concordant: number;
  readonly tied: number;
}

/**
 * Harrell et al. 1982: a pair counts where the one with the shorter time had the event; at equal times, where one had the event and the other
 * was censored. `weightAt` is how often the row at a place in the order counts.
 */
export function pairsOf(sorted: Risks, weightAt: (at: number) => number): Pairs {
  const { events, ranks, different } = sorted;
  const later = new RankedWeights(different);
  let [all, comparable, concordant, tied] = [0, 0, 0, 0];
  const add = (at: number): void => {
    later.add(ranks[at] as number, weightAt(at));
    all += weightAt(at);
  };
  overTimes(sorted, (from, to) => {
    for (let at = from; at < to; at++) if (events[at] !== 1) add(at);
    for (let at = from; at < to; at++) {
      const weight = weightAt(at);
      if (events[at] !== 1 || weight === 0) continue;
      const below = later.below(ranks[at] as number);
      comparable += weight * all;
      concordant += weight * below;
      tied += weight * (later.below((ranks[at] as number) + 1) - below);
    }
    for (let at = from; at < to; at++) if (events[at] === 1) add(at);
  });
  return { comparable, concordant, tied };
}

/** Negative log partial likelihood with Breslow's ties, summed over events, and their number. */
export function partialLikelihood(sorted: Risks, weightAt: (at: number) => number): { readonly loss: number; readonly events: number } {
  const { events, risks } = sorted;
  let [largest, sum, loss, count] = [Number.NEGATIVE_INFINITY, 0, 0, 0];
  overTimes(sorted, (from, to) => {
    for (let at = from; at < to; at++) {
      const [risk, weight] = [risks[at] as number, weightAt(at)];
      if (weight === 0) continue;
      // Kept relative to the largest risk so far, so that nothing overflows.
      if (risk > largest) [sum, largest] = [sum * Math.exp(largest - risk), risk];
      sum += weight * Math.exp(risk - largest);
    }
    for (let at = from; at < to; at++) {
      const weight = weightAt(at);
      if (events[at] !== 1 || weight === 0) continue;
      loss += weight * (largest + Math.log(sum) - (risks[at] as number));
      count += weight;
    }
  });
  return { loss, events: count };
}

/**
 * - c-index: Harrell's C, the share of comparable pairs in which the one with the event first has the higher risk, equal risks counted half.
 *   Null without a comparable pair.
 * - loss: negative log partial likelihood (Cox 1972, Breslow's ties) of these patients for each event, in nats. Null without an event.
 * - integrated-brier: mean over the time up to the horizon of the Brier score, censoring weighed out (horizon.ts).
 * - observed-expected: events by the horizon (Kaplan-Meier) for each one that was predicted.
 * The last two are null without a baseline hazard, and where nobody is observed up to the horizon.
 */
export function survivalMeasure(predicted: Predicted, baseline?: Baseline): Measure {
  const { predictions, y, patients } = predicted;
  const sorted = byTime(predictions, y);
  const upToHorizon = baseline === undefined ? undefined : horizonMeasure(predicted, baseline);
  return (weights) => {
    const weightAt = (at: number): number => weights[patients[sorted.rows[at] as number] as number] as number;
    const { comparable, concordant, tied } = pairsOf(sorted, weightAt);
    const { loss, events } = partialLikelihood(sorted, weightAt);
    const sums = upToHorizon?.((row) => weights[patients[row] as number] as number);
    return {
      "c-index": comparable === 0 ? null : (concordant + tied / 2) / comparable,
      loss: events === 0 ? null : loss / events,
      "integrated-brier": sums === undefined ? null : sums.brier / sums.rows,
      "observed-expected": sums === undefined || sums.expected === 0 ? null : sums.observed / sums.expected,
    };
  };
}
