/** Analytic rounds as the propose form holds them. */
import type { Analytic } from "@engraft/core/models/analytic";
import { figure } from "./figure.ts";

export interface AnalyticForm {
  readonly analytic: Analytic["method"] | "none";
  /** Of Newton's method; least squares takes one. */
  readonly analyticRounds: string;
  readonly penalty: string;
  readonly bound: string;
}

export const FRESH_ANALYTIC: AnalyticForm = { analytic: "none", analyticRounds: "3", penalty: "10", bound: "32" };

export const analyticForm = (analytic: Analytic | undefined): AnalyticForm =>
  analytic === undefined
    ? FRESH_ANALYTIC
    : {
        analytic: analytic.method,
        analyticRounds: String(analytic.rounds),
        penalty: String(analytic.penalty),
        bound: String(analytic.bound),
      };

/** Undefined where every round trains. Figures may be NaN here. */
export function analyticDraft({ analytic, analyticRounds, penalty, bound }: AnalyticForm): Analytic | undefined {
  if (analytic === "none") return undefined;
  const rounds = analytic === "ridge" ? 1 : figure(analyticRounds);
  return { method: analytic, rounds, penalty: figure(penalty), bound: figure(bound) };
}
