"use client";
import type { MetricName, Plan } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import type { BaseView } from "@engraft/coordinator/api/views";
import { vectorSizeOf } from "@engraft/core/models/analytic";
import { Eye, ShieldCheck } from "lucide-react";
import { bytesText, clockText, countdownText, lengthText, listed, METRIC_TITLES, metricText, plural } from "../../parts/figures.ts";
import { useNow } from "../../parts/time.tsx";
import { Fact } from "./fact.tsx";
import { maskedBytes } from "../plans/leaves.ts";
import { bestOf, mainCurve } from "./main-curve.ts";
import { isSecure } from "./secure/pooled.ts";
import { SumSitesFact, SumTimeFact } from "./secure/facts.tsx";
import type { Held } from "./secure/saw.ts";
import { lostOf } from "./secure/steps.ts";
import { hasEnded } from "./phase.tsx";

interface FactsProps {
  readonly plan: Plan;
  readonly view: RunView;
  readonly metric: MetricName;
  readonly base: BaseView;
  /** What the coordinator holds of the sums that were opened. */
  readonly held: Held;
}

/** The five or six figures that say how the run stands. Each keeps its place when it changes. */
export function RunFacts({ plan, base, view, metric, held }: FactsProps) {
  const now = useNow();
  const secure = plan.aggregation.method === "secure";
  return (
    <section className="card" aria-label="How the run stands">
      <dl className="facts">
        <RoundFact plan={plan} view={view} />
        {secure ? <SumSitesFact plan={plan} view={view} /> : <SitesFact plan={plan} view={view} />}
        {secure && view.end === null ? <SumTimeFact view={view} now={now} /> : <TimeFact view={view} now={now} />}
        <MetricFact view={view} metric={metric} />
        {secure ? <MaskedFact held={held} /> : <PlainFact />}
        <Fact
          label={secure ? "Masked vector" : "Update"}
          value={bytesText(
            secure
              ? maskedBytes(plan, vectorSizeOf(plan, base.manifest), { purpose: "train", round: Math.max(1, view.rounds.length) })
              : view.checkpoint.bytes,
          )}
          under={plan.training.analytic === undefined ? "from each site, each round" : "from each site, in the newest round"}
        />
      </dl>
    </section>
  );
}

function PlainFact() {
  return (
    <Fact
      label={
        <>
          <Eye className="text-bad" aria-hidden />
          Aggregation
        </>
      }
      value="Plain"
      under={<span className="text-bad">Single updates readable: yes</span>}
    />
  );
}

/** The word on single updates comes from the records, never from the plan. */
function MaskedFact({ held }: { readonly held: Held }) {
  const readable = held.readable.length > 0;
  const words = held.sums === 0 ? "no sum opened yet" : `Single updates readable: ${readable ? "yes" : "no"}`;
  return (
    <Fact
      label={
        <>
          <ShieldCheck className={readable ? "text-bad" : "text-accent"} aria-hidden />
          Secure aggregation
        </>
      }
      value="On"
      under={<span className={readable ? "text-bad" : held.sums === 0 ? "" : "text-accent"}>{words}</span>}
    />
  );
}

function RoundFact({ plan, view }: { readonly plan: Plan; readonly view: RunView }) {
  const closed = view.rounds.filter((round) => round.checkpoint !== null).length;
  const incomplete = view.rounds.filter(
    (round) => (round.attempts.length > 0 ? lostOf(round, view.sites) : round.dropped).length > 0,
  ).length;
  return (
    <Fact
      label="Round"
      value={view.rounds.at(-1)?.round ?? 0}
      small={`of ${plan.rounds.count}`}
      under={`${closed} closed${incomplete === 0 ? "" : `, ${incomplete} without every site`}`}
    />
  );
}

function SitesFact({ plan, view }: { readonly plan: Plan; readonly view: RunView }) {
  const { minSites } = plan.cohort;
  if (view.evaluation !== null) {
    return (
      <Fact
        label="Sites evaluated"
        value={view.comparisons.length}
        small={`of ${view.evaluation.cohort.length}`}
        under={
          view.evaluation.missed.length === 0
            ? "on their test patients"
            : `missing: ${listed(view.evaluation.missed.map((missed) => missed.site))}`
        }
      />
    );
  }
  const round = view.rounds.at(-1);
  if (round === undefined) return <Fact label="Sites in" value={0} small={`of ${view.sites.length}`} under={`a round needs ${minSites}`} />;
  const enough = round.answers.length >= minSites;
  return (
    <Fact
      label="Sites in"
      value={round.answers.length}
      small={`of ${round.cohort.length}`}
      under={enough ? `quorum ${minSites} met` : `${minSites} needed`}
    />
  );
}

function TimeFact({ view, now }: { readonly view: RunView; readonly now: number }) {
  if (view.end !== null)
    return (
      <Fact
        label="Took"
        value={lengthText(view.end.at - view.createdAt)}
        under={hasEnded(view.phase) ? `ended ${clockText(view.end.at)}` : ""}
      />
    );
  if (view.phase === "evaluating" && view.evaluation !== null)
    return <Fact label="Deadline" value={countdownText(view.evaluation.deadline - now)} under="then ends without the others" />;
  const round = view.rounds.at(-1);
  if (round === undefined || round.closed !== null)
    return (
      <Fact
        label="Deadline"
        value="–"
        under={view.phase === "combining" ? "taking the mean" : "the next round opens when sites are there"}
      />
    );
  const missing = round.cohort.filter(
    (site) => !round.answers.some((answer) => answer.site === site) && !round.dropped.some((dropped) => dropped.site === site),
  );
  const after =
    missing.length === 0
      ? "all have answered"
      : missing.length <= 2
        ? `then closes without ${listed(missing)}`
        : `then closes without ${plural(missing.length, "site")}`;
  return <Fact label="Deadline" value={countdownText(round.deadline - now)} under={after} />;
}

function MetricFact({ view, metric }: { readonly view: RunView; readonly metric: MetricName }) {
  const points = mainCurve(view, metric);
  const [last, best] = [points.at(-1), bestOf(points, metric)];
  const label = `${METRIC_TITLES[metric]}, ${isSecure(view) ? "all sites’ patients" : "weighted mean"}`;
  if (last === undefined || best === undefined) return <Fact label={label} value="–" under="first figures come with round 1" />;
  return (
    <Fact
      label={label}
      value={metricText(last.value)}
      under={
        best.value === last.value
          ? "the best so far"
          : `best ${metricText(best.value)} at ${best.round === 0 ? "the start" : `round ${best.round}`}`
      }
    />
  );
}
