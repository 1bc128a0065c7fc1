/** Analytic rounds in plain words. */
import { likelihoodOf, type Analytic } from "./analytic.ts";
import type { Label } from "./labels.ts";
import type { PlanLine } from "./plan-words.ts";

/** What they send, for the steward who says yes to it. */
export const analyticLeaves = (label: Label): string =>
  `In analytic rounds the masked vector holds, in place of an update, exact sums over this site's training samples: how many, and of the head's inputs the sums, squares and products, ${likelihoodOf(label) === "hazards" ? "at each event those of the patients still at risk" : "weighed by the model's errors"}. Only the sum over all sites is opened; it tells the average patient of the federation, and how inputs go together.`;

export function analyticInWords({ method, rounds, penalty, bound }: Analytic, count: number, label: Label): PlanLine {
  const which = rounds >= count ? (count === 1 ? "The round" : "All rounds") : rounds === 1 ? "Round 1" : `Rounds 1 to ${rounds}`;
  const model =
    likelihoodOf(label) === "hazards"
      ? "proportional hazards, with a baseline of its own at each site and ties as Breslow has them"
      : "logistic regression";
  const how =
    method === "ridge"
      ? "the head is solved for in closed form (least squares on the label)"
      : `the head is solved for by one step of Newton's method each, from zeros (${model})`;
  const words = `${which}: nothing is trained; ${how}, from sums over all sites' samples, each sample counting alike. It is the head of all patients together. Penalty ${penalty} on inputs standardised over the federation; an input beyond ${bound} counts as ${bound}.`;
  return { topic: "Solves", words };
}

/** A round's name where it is analytic, for the page of a run. */
export const stepInWords = ({ method, rounds }: Analytic, round: number): string =>
  method === "ridge" ? "least squares in one step" : rounds > 1 ? `Newton step ${round} of ${rounds}` : "one Newton step";
