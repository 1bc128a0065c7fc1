/** A site's predictions as counts that can be summed with other sites' (core's models/tally.ts). */
import { BINS, type Tally } from "@engraft/core/models/tally";
import { rank } from "./metrics.ts";

/** `patients` numbers the patients 0, 1, ...; rows are counted as the metrics count them, with the same clipped losses. */
export function tallyOf(probabilities: ArrayLike<number>, labels: ArrayLike<number>, patients: ArrayLike<number>): Tally {
  const ranked = rank(probabilities, labels, patients);
  const [positives, negatives, scores] = [
    new Array<number>(BINS).fill(0),
    new Array<number>(BINS).fill(0),
    new Array<number>(BINS).fill(0),
  ];
  const [seen, positive] = [new Set<number>(), new Set<number>()];
  let [right, loss, brier] = [0, 0, 0];
  for (let at = 0; at < ranked.scores.length; at++) {
    const score = ranked.scores[at] as number;
    const patient = ranked.patients[at] as number;
    const yes = ranked.labels[at] === 1;
    const bin = Math.min(BINS - 1, Math.floor(score * BINS));
    const counts = yes ? positives : negatives;
    counts[bin] = (counts[bin] as number) + 1;
    scores[bin] = (scores[bin] as number) + score;
    seen.add(patient);
    if (yes) positive.add(patient);
    if (score >= 0.5 === yes) right += 1;
    loss += ranked.losses[at] as number;
    brier += (score - (yes ? 1 : 0)) ** 2;
  }
  return { patients: seen.size, positivePatients: positive.size, positives, negatives, scores, right, loss, brier };
}
