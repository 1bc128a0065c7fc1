"use client";
import { isRobust, STRATEGY_TITLES, type Strategy } from "@engraft/core/models/strategy";
import { Card } from "../../../parts/card.tsx";
import { SelectField, TextField } from "../../../parts/field.tsx";
import type { Bound } from "../form/bound.ts";
import type { PlanForm } from "../form/plan-form.ts";
import { freshStrategy, isAdaptive, strategyDraft, type StrategyForm } from "../form/strategy-form.ts";
import { useWords } from "../../../words/language.ts";
import { formWords } from "../form/form-words.ts";

const NAMES = Object.entries(STRATEGY_TITLES) as [Strategy["name"], string][];

/** What a round makes of its updates. */
export function StrategySection({ bound: { form, change, figure } }: { readonly bound: Bound }) {
  const words = useWords(formWords);
  const { strategy } = form;
  return (
    <Card title={words.strategy} aside={words.whatARoundMakesOfIts} padded>
      <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
        <SelectField
          label={words.strategy}
          value={strategy}
          onChange={(event) => change(chosen(event.target.value as StrategyForm["strategy"]))}
          hint={hintsOf(words)[strategy]}
        >
          <option value="fedavg">FedAvg</option>
          {NAMES.map(([name, title]) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </SelectField>
        {(isAdaptive(strategy) || strategy === "fedavgm" || strategy === "scaffold") && (
          <TextField label={words.serversRate} {...figure("serverRate")} />
        )}
        {strategy === "fedavgm" && <TextField label={words.serversMomentum} {...figure("serverMomentum")} />}
        {isAdaptive(strategy) && <TextField label={words.decayOfTheFirstMoment} {...figure("beta1")} />}
        {(strategy === "fedadam" || strategy === "fedyogi") && <TextField label={words.decayOfTheSecondMoment} {...figure("beta2")} />}
        {isAdaptive(strategy) && <TextField label={words.tau} {...figure("tau")} hint={words.theLargerTheMoreTheSteps} />}
        {strategy === "fedprox" && <TextField label={words.pullMu} {...figure("mu")} />}
        {(strategy === "trimmed-mean" || strategy === "krum") && <TextField label={words.sitesThatMayLie} {...figure("liars")} />}
        {strategy === "krum" && <TextField label={words.updatesAveraged} {...figure("keep")} />}
      </div>
      {form.method === "secure" && isRobust(strategyDraft(form)) && (
        <p role="alert" className="mt-3 text-bad">
          {words.itComparesSingleUpdatesWhichNobody}
        </p>
      )}
    </Card>
  );
}

/** SCAFFOLD reads gradients from plain steps, equally many at each site: the training fields follow, with the rate that did best in the sweep. */
const chosen = (name: StrategyForm["strategy"]): Partial<PlanForm> => ({
  ...freshStrategy(name),
  ...(name === "scaffold"
    ? { optimizer: "sgd", rate: "0.01", momentum: "0", unit: "updates", unfreeze: "", depthRates: "", gradientClip: "" }
    : {}),
});

const hintsOf = (words: typeof formWords.en): Readonly<Record<StrategyForm["strategy"], string>> => ({
  fedavg: words.theMeanOfTheUpdatesAs,
  fedavgm: words.theServerKeepsSomeOfThe,
  fedadagrad: words.eachValueMovesByItsOwn,
  fedadam: words.eachValueMovesByItsOwn2,
  fedyogi: words.likeFedadamScalesChangeMoreSlowly,
  fedprox: words.sitesAreDrawnToWhereThe,
  scaffold: words.correctsWhatSitesDataHaveApart,
  median: words.theMiddleOfEachValuePlain,
  "trimmed-mean": words.withoutTheExtremesOfEachValue,
  krum: words.theUpdatesClosestToTheOthers,
});
