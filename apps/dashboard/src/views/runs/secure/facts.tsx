"use client";
import type { Plan } from "@engraft/core/models/plan";
import type { AttemptView } from "@engraft/core/rounds/secure/view";
import type { RunView } from "@engraft/core/rounds/view";
import { countdownText, listed, plural } from "../../../parts/figures.ts";
import { Fact } from "../fact.tsx";
import { planNumbers } from "./saw.ts";
import { allRounds, isLive, lostOf, readyIn } from "./steps.ts";

/** How many sites are in, or have done what all do now. */
export function SumSitesFact({ plan, view }: { readonly plan: Plan; readonly view: RunView }) {
  const needed = planNumbers(plan)?.minCohort ?? plan.cohort.minSites;
  const round = allRounds(view).at(-1);
  const attempt = round?.attempts.at(-1);
  if (round === undefined || attempt === undefined) {
    return <Fact label="Sites ready" value={0} small={`of ${view.sites.length}`} under={`a sum needs ${needed}`} />;
  }
  if (attempt.inputs !== null) {
    const lost = lostOf(round, view.sites).map(({ site }) => site);
    const under =
      lost.length === 0 ? "every site" : lost.length <= 2 ? `without ${listed(lost)}` : `without ${plural(lost.length, "site")}`;
    return <Fact label="Sites in the sum" value={attempt.inputs.length} small={`of ${view.sites.length}`} under={under} />;
  }
  const ready = readyIn(attempt);
  return (
    <Fact
      label="Sites ready"
      value={ready}
      small={`of ${attempt.sites.length}`}
      under={ready >= needed ? `enough: ${needed} needed` : `${needed} needed`}
    />
  );
}

export function SumTimeFact({ view, now }: { readonly view: RunView; readonly now: number }) {
  const round = allRounds(view).at(-1);
  const attempt = round?.attempts.at(-1);
  if (round === undefined || attempt === undefined || !isLive(round, attempt)) {
    return (
      <Fact
        label="Deadline"
        value="–"
        under={
          round?.attempts.at(-1)?.failed !== null && round?.failed === null
            ? "the round begins anew when sites are there"
            : "the next round opens when sites are there"
        }
      />
    );
  }
  return <Fact label="Deadline" value={countdownText(attempt.until - now)} under={DEADLINES[attempt.phase] ?? ""} />;
}

const DEADLINES: Readonly<Partial<Record<AttemptView["phase"], string>>> = {
  advertising: "for training and keys",
  dealing: "for the shares",
  masking: "for the masked vectors",
  unmasking: "for opening the sum",
};
