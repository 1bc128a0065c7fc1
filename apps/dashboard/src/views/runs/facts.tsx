"use client";
import type { MetricName, Plan } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import type { BaseView } from "@engraft/coordinator/api/views";
import { vectorSizeOf } from "@engraft/core/models/analytic";
import { maskedVectorBytes } from "@engraft/core/rounds/cost/plan-cost";
import { Eye, ShieldCheck } from "lucide-react";
import { memo } from "react";
import { bytesText, clockText, lengthText, listed, METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { Countdown } from "../../parts/time.tsx";
import { Fact } from "./fact.tsx";
import { bestOf, mainCurve } from "./main-curve.ts";
import { isSecure } from "./secure/pooled.ts";
import { SumSitesFact, SumTimeFact } from "./secure/facts.tsx";
import type { Held } from "./secure/saw.ts";
import { lostOf } from "./secure/steps.ts";
import { hasEnded } from "./phase.tsx";
import { useWords } from "../../words/language.ts";
import { FACTS_WORDS } from "./words/page.ts";

interface FactsProps {
  readonly plan: Plan;
  readonly view: RunView;
  readonly metric: MetricName;
  readonly base: BaseView;
  /** What the coordinator holds of the sums that were opened. */
  readonly held: Held;
}

/** The five or six figures that say how the run stands. Each keeps its place when it changes. */
export const RunFacts = memo(function RunFacts({ plan, base, view, metric, held }: FactsProps) {
  const words = useWords(FACTS_WORDS);
  const secure = plan.aggregation.method === "secure";
  return (
    <section className="card" aria-label={words.region}>
      <dl className="facts steady">
        <RoundFact plan={plan} view={view} />
        {secure ? <SumSitesFact plan={plan} view={view} /> : <SitesFact plan={plan} view={view} />}
        {secure && view.end === null ? <SumTimeFact view={view} /> : <TimeFact view={view} />}
        <MetricFact view={view} metric={metric} />
        {secure ? <MaskedFact held={held} /> : <PlainFact />}
        <Fact
          label={secure ? words.maskedVector : words.update}
          value={bytesText(
            secure
              ? maskedVectorBytes(plan, vectorSizeOf(plan, base.manifest), { purpose: "train", round: Math.max(1, view.rounds.length) })
              : view.checkpoint.bytes,
          )}
          under={plan.training.analytic === undefined ? words.eachRound : words.newestRound}
        />
      </dl>
    </section>
  );
});

function PlainFact() {
  const words = useWords(FACTS_WORDS);
  return (
    <Fact
      label={
        <>
          <Eye className="text-bad" aria-hidden />
          {words.aggregation}
        </>
      }
      value={words.plain}
      under={<span className="text-bad">{words.readable(true)}</span>}
    />
  );
}

/** The word on single updates comes from the records, never from the plan. */
function MaskedFact({ held }: { readonly held: Held }) {
  const words = useWords(FACTS_WORDS);
  const readable = held.readable.length > 0;
  const said = held.sums === 0 ? words.noSum : words.readable(readable);
  return (
    <Fact
      label={
        <>
          <ShieldCheck className={readable ? "text-bad" : "text-accent"} aria-hidden />
          {words.secure}
        </>
      }
      value={words.on}
      under={<span className={readable ? "text-bad" : held.sums === 0 ? "" : "text-accent"}>{said}</span>}
    />
  );
}

function RoundFact({ plan, view }: { readonly plan: Plan; readonly view: RunView }) {
  const words = useWords(FACTS_WORDS);
  const closed = view.rounds.filter((round) => round.checkpoint !== null).length;
  const incomplete = view.rounds.filter(
    (round) => (round.attempts.length > 0 ? lostOf(round, view.sites) : round.dropped).length > 0,
  ).length;
  return (
    <Fact
      label={words.round}
      value={view.rounds.at(-1)?.round ?? 0}
      small={words.of(plan.rounds.count)}
      under={words.closed(closed, incomplete)}
    />
  );
}

function SitesFact({ plan, view }: { readonly plan: Plan; readonly view: RunView }) {
  const words = useWords(FACTS_WORDS);
  const { minSites } = plan.cohort;
  if (view.evaluation !== null) {
    return (
      <Fact
        label={words.evaluated}
        value={view.comparisons.length}
        small={words.of(view.evaluation.cohort.length)}
        under={
          view.evaluation.missed.length === 0
            ? words.onTest
            : words.missing(
                listed(
                  view.evaluation.missed.map((missed) => missed.site),
                  words.and,
                ),
              )
        }
      />
    );
  }
  const round = view.rounds.at(-1);
  if (round === undefined)
    return <Fact label={words.sitesIn} value={0} small={words.of(view.sites.length)} under={words.roundNeeds(minSites)} />;
  const enough = round.answers.length >= minSites;
  return (
    <Fact
      label={words.sitesIn}
      value={round.answers.length}
      small={words.of(round.cohort.length)}
      under={enough ? words.quorum(minSites) : words.needed(minSites)}
    />
  );
}

function TimeFact({ view }: { readonly view: RunView }) {
  const words = useWords(FACTS_WORDS);
  if (view.end !== null)
    return (
      <Fact
        label={words.took}
        value={lengthText(view.end.at - view.createdAt)}
        under={hasEnded(view.phase) ? words.ended(clockText(view.end.at)) : ""}
      />
    );
  if (view.phase === "evaluating" && view.evaluation !== null)
    return <Fact label={words.deadline} value={<Countdown to={view.evaluation.deadline} />} under={words.endsWithout} />;
  const round = view.rounds.at(-1);
  if (round === undefined || round.closed !== null)
    return <Fact label={words.deadline} value="–" under={view.phase === "combining" ? words.takingMean : words.nextOpens} />;
  const missing = round.cohort.filter(
    (site) => !round.answers.some((answer) => answer.site === site) && !round.dropped.some((dropped) => dropped.site === site),
  );
  const after =
    missing.length === 0
      ? words.allAnswered
      : missing.length <= 2
        ? words.closesWithout(listed(missing, words.and))
        : words.closesWithoutSome(missing.length);
  return <Fact label={words.deadline} value={<Countdown to={round.deadline} />} under={after} />;
}

function MetricFact({ view, metric }: { readonly view: RunView; readonly metric: MetricName }) {
  const words = useWords(FACTS_WORDS);
  const points = mainCurve(view, metric);
  const [last, best] = [points.at(-1), bestOf(points, metric)];
  const label = words.metric(METRIC_TITLES[metric], isSecure(view));
  if (last === undefined || best === undefined) return <Fact label={label} value="–" under={words.firstFigures} />;
  return (
    <Fact
      label={label}
      value={metricText(last.value)}
      under={best.value === last.value ? words.bestSoFar : words.best(metricText(best.value), best.round)}
    />
  );
}
