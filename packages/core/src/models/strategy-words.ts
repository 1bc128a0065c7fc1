/** A plan's strategy in the words that a steward reads. */
import { STRATEGY_TITLES, type Strategy } from "./strategy.ts";

/** What it does, and what it means for the site. */
export function strategyInWords(strategy: Strategy): string {
  return `${STRATEGY_TITLES[strategy.name]}: ${wordsOf(strategy)}`;
}

function wordsOf(strategy: Strategy): string {
  switch (strategy.name) {
    case "fedavgm":
      return `the coordinator adds the mean of the updates at rate ${strategy.serverRate} and keeps ${strategy.momentum} of the last round's movement.`;
    case "fedadagrad":
    case "fedadam":
    case "fedyogi":
      return `the coordinator adds the mean of the updates at rate ${strategy.serverRate}, each value by its own scale over the rounds so far.`;
    case "fedprox":
      return `each step here is also drawn to the model that the round began with, by ${strategy.mu} times the distance.`;
    case "scaffold":
      return `each step here is corrected by how this site's gradients differ from all sites'. A correction as long as the update is kept here, and its change travels with the update.`;
    case "median":
      return "of each value the coordinator takes the middle one of all sites. It compares the updates of single sites.";
    case "trimmed-mean":
      return `of each value the coordinator leaves out the ${strategy.liars} largest and the ${strategy.liars} smallest, against as many sites that lie. It compares the updates of single sites.`;
    case "krum":
      return `the coordinator averages the ${strategy.keep} update(s) that lie closest to the others, against ${strategy.liars} site(s) that lie. It compares the updates of single sites.`;
  }
}
