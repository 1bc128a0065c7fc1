/** A site's predictions as counts that can be summed with other sites' (core's models/tally.ts). */
import { BINS, binOf, EIGHTHS, type Tally } from "@engraft/core/models/tally";
import { rank } from "./metrics.ts";

const zeros = (length: number): number[] => Array.from({ length }, () => 0);

/** `patients` numbers the patients 0, 1, ...; rows are counted as the metrics count them, with the same clipped losses. */
export function tallyOf(probabilities: ArrayLike<number>, labels: ArrayLike<number>, patients: ArrayLike<number>): Tally {
  const ranked = rank(probabilities, labels, patients);
  const [positives, negatives, scores] = [zeros(BINS), zeros(BINS), zeros(EIGHTHS)];
  const [seen, positive] = [new Set<number>(), new Set<number>()];
  let [loss, brier] = [0, 0];
  for (const [at, score] of ranked.scores.entries()) {
    const patient = ranked.patients[at] as number;
    const yes = ranked.labels[at] === 1;
    const bin = binOf(score);
    const counts = yes ? positives : negatives;
    counts[bin] = (counts[bin] as number) + 1;
    const eighth = Math.floor((bin * EIGHTHS) / BINS);
    scores[eighth] = (scores[eighth] as number) + score;
    seen.add(patient);
    if (yes) positive.add(patient);
    loss += ranked.losses[at] as number;
    brier += (score - (yes ? 1 : 0)) ** 2;
  }
  return { patients: seen.size, positivePatients: positive.size, positives, negatives, scores, loss, brier };
}
