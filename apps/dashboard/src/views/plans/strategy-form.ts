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

const FIGURES = { serverMomentum: "0.9", beta1: "0.9", beta2: "0.99", mu: "0.1", liars: "1", keep: "1" };
const FRESH: StrategyForm = { ...FIGURES, strategy: "fedavg", serverRate: "1", tau: "0.001" };

/** Careful figures for a strategy that was just chosen. */
export const freshStrategy = (strategy: StrategyForm["strategy"] = "fedavg"): StrategyForm => ({
  ...FRESH,
  strategy,
  serverRate: isAdaptive(strategy) ? "0.01" : "1",
});

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
