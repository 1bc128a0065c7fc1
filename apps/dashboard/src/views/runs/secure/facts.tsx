"use client";
import type { Plan } from "@engraft/core/models/plan";
import type { AttemptView } from "@engraft/core/rounds/secure/view";
import type { RunView } from "@engraft/core/rounds/view";
import { listed } from "../../../parts/figures.ts";
import { Countdown } from "../../../parts/time.tsx";
import { Fact } from "../fact.tsx";
import { useWords } from "../../../words/language.ts";
import { FACTS_WORDS } from "../words/page.ts";
import { planNumbers } from "./saw.ts";
import { allRounds, isLive, lostOf, readyIn } from "./steps.ts";

/** How many sites are in, or have done what all do now. */
export function SumSitesFact({ plan, view }: { readonly plan: Plan; readonly view: RunView }) {
  const words = useWords(FACTS_WORDS);
  const needed = planNumbers(plan)?.minCohort ?? plan.cohort.minSites;
  const round = allRounds(view).at(-1);
  const attempt = round?.attempts.at(-1);
  if (round === undefined || attempt === undefined) {
    return <Fact label={words.sitesReady} value={0} small={words.of(view.sites.length)} under={words.sumNeeds(needed)} />;
  }
  if (attempt.inputs !== null) {
    const lost = lostOf(round, view.sites).map(({ site }) => site);
    const under =
      lost.length === 0 ? words.everySite : lost.length <= 2 ? words.without(listed(lost, words.and)) : words.withoutSome(lost.length);
    return <Fact label={words.sitesInSum} value={attempt.inputs.length} small={words.of(view.sites.length)} under={under} />;
  }
  const ready = readyIn(attempt);
  return (
    <Fact
      label={words.sitesReady}
      value={ready}
      small={words.of(attempt.sites.length)}
      under={ready >= needed ? words.enough(needed) : words.needed(needed)}
    />
  );
}

export function SumTimeFact({ view }: { readonly view: RunView }) {
  const words = useWords(FACTS_WORDS);
  const round = allRounds(view).at(-1);
  const attempt = round?.attempts.at(-1);
  if (round === undefined || attempt === undefined || !isLive(round, attempt)) {
    return (
      <Fact
        label={words.deadline}
        value="–"
        under={round?.attempts.at(-1)?.failed !== null && round?.failed === null ? words.beginsAnew : words.nextOpens}
      />
    );
  }
  const deadlines: Readonly<Partial<Record<AttemptView["phase"], string>>> = words.deadlines;
  return <Fact label={words.deadline} value={<Countdown to={attempt.until} />} under={deadlines[attempt.phase] ?? ""} />;
}
