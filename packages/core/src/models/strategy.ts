/**
 * What a round makes of its updates, beside plain averaging: a server optimizer, a mean that a few liars cannot move, or a
 * correction of what sites train. Free of node's modules and of the schema library.
 */
import { refuse, type Refusal } from "../base/errors.ts";
import type { Plan } from "./plan.ts";
import type { Strategy } from "./strategy-schema.ts";
import { totalSize, trainableTensors, type TensorSpec } from "./tensors.ts";

export type { Strategy };
export type StrategyOf<N extends Strategy["name"]> = Extract<Strategy, { name: N }>;

export const STRATEGY_TITLES: Readonly<Record<Strategy["name"], string>> = {
  fedavgm: "FedAvgM",
  fedadagrad: "FedAdagrad",
  fedadam: "FedAdam",
  fedyogi: "FedYogi",
  fedprox: "FedProx",
  scaffold: "SCAFFOLD",
  median: "Coordinate median",
  "trimmed-mean": "Trimmed mean",
  krum: "Krum",
};

type Robust = StrategyOf<"median" | "trimmed-mean" | "krum">;

/** Those that look at each update by itself. */
export const isRobust = (strategy: Strategy | undefined): strategy is Robust =>
  strategy?.name === "median" || strategy?.name === "trimmed-mean" || strategy?.name === "krum";

/** How many numbers travel for each trained value: under SCAFFOLD its control variate goes along, both ways. */
const parts = ({ strategy }: Pick<Plan, "strategy">): number => (strategy?.name === "scaffold" ? 2 : 1);

/** Values of a checkpoint, and of an update, over a base of these tensors. */
export const travellingLength = (plan: Pick<Plan, "strategy" | "training">, tensors: readonly TensorSpec[]): number =>
  parts(plan) * totalSize(trainableTensors(tensors, plan.training.trainable));

/** Longest update that travels (L2): each of its parts is scaled down to the plan's clip by itself. */
export const travellingClip = (plan: Pick<Plan, "strategy" | "training">): number => Math.sqrt(parts(plan)) * plan.training.clip;

/** What the schema cannot say. `plan-invalid` names the reason and what to do. */
export function checkStrategy(plan: Plan): { readonly ok: true } | Refusal {
  const { strategy, aggregation, cohort } = plan;
  if (strategy === undefined) return { ok: true };
  const title = STRATEGY_TITLES[strategy.name];
  const no = (why: string) => refuse("plan-invalid", `strategy: ${title} ${why}.`);
  if (isRobust(strategy) && aggregation.method === "secure") {
    return no(
      "compares the sites' updates one by one, and under secure aggregation nobody sees a single one. Choose another strategy, or plain aggregation knowingly",
    );
  }
  const { minSites } = cohort;
  if (strategy.name === "trimmed-mean" && minSites <= 2 * strategy.liars)
    return no(`against ${strategy.liars} liars needs rounds of at least ${2 * strategy.liars + 1} sites; cohort.minSites is ${minSites}`);
  if (strategy.name === "krum") {
    const least = 2 * strategy.liars + 3;
    if (minSites < least)
      return no(`against ${strategy.liars} liars needs rounds of at least ${least} sites; cohort.minSites is ${minSites}`);
    const most = minSites - strategy.liars - 2;
    if (strategy.keep > most) return no(`may average at most ${most} updates of ${minSites} sites with ${strategy.liars} liars`);
  }
  return strategy.name === "scaffold" ? checkScaffold(plan, no) : { ok: true };
}

/** Control variates are mean gradients of equally many plain steps: what trains otherwise has none. */
function checkScaffold({ training }: Plan, no: (why: string) => Refusal): { readonly ok: true } | Refusal {
  const { optimizer, amount, trainable, depthRates, unfreezeEvery, gradientClip } = training;
  if (optimizer.name !== "sgd" || optimizer.momentum !== 0)
    return no("needs sgd with momentum 0, because it reads gradients from how far a site has moved");
  if (amount.unit !== "updates") return no("needs training.amount in updates, so that every site makes equally many steps");
  if (depthRates !== undefined || unfreezeEvery !== undefined)
    return no("needs one learning rate for all values; leave depthRates and unfreezeEvery out");
  if (gradientClip !== undefined) return no("needs gradients as they are; leave gradientClip out");
  return trainable.norm === "shared" ? no("cannot correct running statistics; leave normalisation frozen or local") : { ok: true };
}
