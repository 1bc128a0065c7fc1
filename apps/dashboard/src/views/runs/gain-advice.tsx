"use client";
import { goodness } from "@engraft/core/models/metric-names";
import type { MetricName, Plan } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { TriangleAlert } from "lucide-react";
import { Note } from "../../parts/chip.tsx";
import { listed } from "../../parts/figures.ts";
import { useWords } from "../../words/language.ts";
import { metricsOf, type OwnArm } from "../models/release-metrics.ts";
import type { GainRow } from "./gain-plot.tsx";
import { GAIN_WORDS } from "./words/sites.ts";

interface AdviceProps {
  readonly plan: Plan;
  readonly view: RunView;
  readonly metric: MetricName;
  readonly rows: readonly GainRow[];
}

/** Which sites lose, and what the next version of the plan can try, by the names that its form has for it. */
export function GainAdvice({ plan, view, metric, rows }: AdviceProps) {
  const words = useWords(GAIN_WORDS);
  const losing = rows.filter(({ gain }) => gain !== null && gain.value <= 0).map(({ site }) => site);
  if (losing.length === 0) return null;
  const helpedBy = (arm: OwnArm): readonly string[] => losing.filter((site) => helps(view, site, metric, arm));
  const [mixed, shifted] = [helpedBy("mix"), helpedBy("intercept")];
  const { trainable } = plan.training;
  const tries = [
    ...(trainable.part === "head" || trainable.personal === "head" ? [] : [words.adviceHead]),
    ...(trainable.part === "head" || trainable.norm === "local" ? [] : [words.adviceNorm]),
    ...(plan.metrics.compareMix === true || !plan.metrics.perSite ? [] : [words.adviceMix]),
    ...(mayHaveIntercept(plan) ? [words.adviceIntercept] : []),
  ];
  return (
    <Note tone="warn" icon={<TriangleAlert size={16} aria-hidden />}>
      <b className="font-semibold">{words.loses(listed(losing, words.and), losing.length > 1)}</b>{" "}
      {mixed.length > 0 && `${words.mixHelps(listed(mixed, words.and))} `}
      {shifted.length > 0 && `${words.interceptHelps(listed(shifted, words.and))} `}
      {tries.length > 0 && `${words.advice} ${listed(tries, words.or)}.`}
    </Note>
  );
}

/** Whether the next version of the plan could ask for it. */
const mayHaveIntercept = ({ metrics, training, data }: Plan): boolean =>
  metrics.perSite && metrics.compareIntercept !== true && training.trainable.personal !== "head" && data.label.kind !== "survival";

function helps(view: RunView, site: string, metric: MetricName, arm: OwnArm): boolean {
  const comparison = view.comparisons.find((one) => one.site === site);
  const own = comparison === undefined ? null : (metricsOf(comparison, arm)?.values[metric] ?? null);
  const shared = comparison?.federated?.values[metric] ?? null;
  return own !== null && shared !== null && goodness(metric, own.value) > goodness(metric, shared.value);
}
