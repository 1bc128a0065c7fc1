/** A plan's strategy as the propose form holds it: a name, and every figure that some strategy has. */
import type { Strategy } from "@engraft/core/models/strategy";
import { figure } from "./figure.ts";

export interface StrategyForm {
  readonly strategy: Strategy["name"] | "fedavg";
  readonly serverRate: string;
  readonly serverMomentum: string;
  readonly beta1: string;
  readonly beta2: string;
  readonly tau: string;
  readonly mu: string;
  readonly liars: string;
  readonly keep: string;
}

const FIGURES = { serverMomentum: "0.9", beta1: "0.9", beta2: "0.99", mu: "1", liars: "1", keep: "1" };
const FRESH: StrategyForm = { ...FIGURES, strategy: "fedavg", serverRate: "1", tau: "0.001" };

/**
 * What each strategy begins with where that differs: the figures that did best on validation patients in `npm run bench -- sweep` (heart disease,
 * four hospitals, 15 rounds of 100 updates, all layers, five seeds; median AUROC on validation patients, then on test patients: base unchanged
 * .795 .831, FedAvg .837 .841, FedAvgM .838 .823, FedAdagrad .833 .834, FedAdam .831 .853, FedYogi .830 .853, FedProx .838 .846, SCAFFOLD .830 .835,
 * median .840 .839). FedAdam and FedYogi at 0.01 had .818 .801 and .819 .802; FedProx with mu 0.1 .830 .819.
 */
const SWEPT: Readonly<Partial<Record<StrategyForm["strategy"], Partial<StrategyForm>>>> = {
  fedavgm: { serverRate: "0.3" },
  fedadagrad: { serverRate: "0.03", beta1: "0" },
  fedadam: { serverRate: "0.003" },
  fedyogi: { serverRate: "0.003" },
};

/** Figures for a strategy that was just chosen. */
export const freshStrategy = (strategy: StrategyForm["strategy"] = "fedavg"): StrategyForm => ({ ...FRESH, ...SWEPT[strategy], strategy });

export const isAdaptive = (name: StrategyForm["strategy"]): boolean => name === "fedadagrad" || name === "fedadam" || name === "fedyogi";

export function strategyForm(strategy: Strategy | undefined): StrategyForm {
  if (strategy === undefined) return freshStrategy();
  const { name, ...figures } = strategy;
  const { momentum, ...others } = { momentum: undefined, ...figures };
  const texts = Object.fromEntries(Object.entries(others).map(([key, value]) => [key, String(value)]));
  return { ...freshStrategy(name), ...texts, ...(momentum === undefined ? {} : { serverMomentum: String(momentum) }) };
}

/** Undefined for FedAvg, which a plan says by saying nothing. Figures may be NaN here. */
export function strategyDraft(form: StrategyForm): Strategy | undefined {
  const serverRate = figure(form.serverRate);
  const adaptive = { serverRate, beta1: figure(form.beta1), tau: figure(form.tau) };
  switch (form.strategy) {
    case "fedavg":
      return undefined;
    case "fedavgm":
      return { name: form.strategy, serverRate, momentum: figure(form.serverMomentum) };
    case "fedadagrad":
      return { name: form.strategy, ...adaptive };
    case "fedadam":
    case "fedyogi":
      return { name: form.strategy, ...adaptive, beta2: figure(form.beta2) };
    case "fedprox":
      return { name: form.strategy, mu: figure(form.mu) };
    case "scaffold":
      return { name: form.strategy, serverRate };
    case "median":
      return { name: form.strategy };
    case "trimmed-mean":
      return { name: form.strategy, liars: figure(form.liars) };
    case "krum":
      return { name: form.strategy, liars: figure(form.liars), keep: figure(form.keep) };
  }
}
