"use client";
import { isRobust, STRATEGY_TITLES, type Strategy } from "@engraft/core/models/strategy";
import { Card } from "../../parts/card.tsx";
import { SelectField, TextField } from "../../parts/field.tsx";
import type { Bound } from "./bound.ts";
import type { PlanForm } from "./plan-form.ts";
import { freshStrategy, isAdaptive, strategyDraft, type StrategyForm } from "./strategy-form.ts";

const NAMES = Object.entries(STRATEGY_TITLES) as [Strategy["name"], string][];

/** What a round makes of its updates. */
export function StrategySection({ bound: { form, change, figure } }: { readonly bound: Bound }) {
  const { strategy } = form;
  return (
    <Card title="Strategy" aside="what a round makes of its updates" padded>
      <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
        <SelectField
          label="Strategy"
          value={strategy}
          onChange={(event) => change(chosen(event.target.value as StrategyForm["strategy"]))}
          hint={HINTS[strategy]}
        >
          <option value="fedavg">FedAvg</option>
          {NAMES.map(([name, title]) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </SelectField>
        {(isAdaptive(strategy) || strategy === "fedavgm" || strategy === "scaffold") && (
          <TextField label="Server’s rate" {...figure("serverRate")} />
        )}
        {strategy === "fedavgm" && <TextField label="Server’s momentum" {...figure("serverMomentum")} />}
        {isAdaptive(strategy) && <TextField label="Decay of the first moment" {...figure("beta1")} />}
        {(strategy === "fedadam" || strategy === "fedyogi") && <TextField label="Decay of the second moment" {...figure("beta2")} />}
        {isAdaptive(strategy) && (
          <TextField label="Tau" {...figure("tau")} hint="The larger, the more the steps follow the mean’s own size." />
        )}
        {strategy === "fedprox" && <TextField label="Pull (mu)" {...figure("mu")} />}
        {(strategy === "trimmed-mean" || strategy === "krum") && <TextField label="Sites that may lie" {...figure("liars")} />}
        {strategy === "krum" && <TextField label="Updates averaged" {...figure("keep")} />}
      </div>
      {form.method === "secure" && isRobust(strategyDraft(form)) && (
        <p role="alert" className="mt-3 text-bad">
          It compares single updates, which nobody sees under secure aggregation. Choose another strategy, or plain aggregation knowingly.
        </p>
      )}
    </Card>
  );
}

/** SCAFFOLD reads gradients from plain steps, equally many at each site: the training fields follow, with the rate that did best in the sweep. */
const chosen = (name: StrategyForm["strategy"]): Partial<PlanForm> => ({
  ...freshStrategy(name),
  ...(name === "scaffold" ? { optimizer: "sgd", rate: "0.01", momentum: "0", unit: "updates", unfreeze: "", depthRates: "" } : {}),
});

const HINTS: Readonly<Record<StrategyForm["strategy"], string>> = {
  fedavg: "The mean of the updates, as it is.",
  fedavgm: "The server keeps some of the last rounds’ movement.",
  fedadagrad: "Each value moves by its own scale, ever slower.",
  fedadam: "Each value moves by its own scale.",
  fedyogi: "Like FedAdam; scales change more slowly.",
  fedprox: "Sites are drawn to where the round began.",
  scaffold: "Corrects what sites’ data have apart. Twice the bytes.",
  median: "The middle of each value; plain aggregation only.",
  "trimmed-mean": "Without the extremes of each value; plain aggregation only.",
  krum: "The updates closest to the others; plain aggregation only.",
};
