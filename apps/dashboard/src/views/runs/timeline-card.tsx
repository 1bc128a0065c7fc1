"use client";
import { OctagonX } from "lucide-react";
import { Card } from "../../parts/card.tsx";
import { Note } from "../../parts/chip.tsx";
import { clockText, lengthText } from "../../parts/figures.ts";
import { Empty } from "../../parts/states.tsx";
import { useNow } from "../../parts/time.tsx";
import { useWords } from "../../words/language.ts";
import { useSites, type RoundProps, type RoundsProps } from "./round-props.ts";
import { RoundsStrip } from "./rounds-strip.tsx";
import { siteLane } from "./timeline/lanes.ts";
import { LanesChart } from "./timeline/lanes-chart.tsx";
import { useTimed } from "./timeline/use-timed.ts";
import { timelineWords } from "./timeline/words.ts";

const KINDS = ["wait", "download", "prepare", "train", "evaluate", "upload", "failed"] as const;

export function TimelineCard({ plan, view, working, timed, selected, onSelect }: RoundsProps) {
  const now = useNow();
  const words = useWords(timelineWords);
  const round = view.rounds.find((each) => each.round === selected);
  const waits = view.phase === "gathering" && view.rounds.length === 0;
  return (
    <Card
      title={round === undefined ? words.rounds : words.roundOf(round.round)}
      aside={
        round !== undefined &&
        `${words.opened(clockText(round.openedAt))}, ${
          round.closed === null
            ? words.soFar(lengthText((view.end?.at ?? now) - round.openedAt))
            : words.took(lengthText(round.closed.at - round.openedAt))
        }`
      }
      end={<PhaseLegend kinds={KINDS} />}
    >
      {round === undefined ? (
        <Empty title={waits ? words.noRound : words.noneOpened}>
          {waits ? words.noRoundWhy(lengthText(1000 * plan.cohort.gatherSeconds), plan.cohort.minSites) : words.noneOpenedWhy}
        </Empty>
      ) : (
        <div className="grid gap-3 px-4 py-3">
          <RoundsStrip view={view} planned={plan.rounds.count} now={view.end?.at ?? now} selected={selected} onSelect={onSelect} />
          <Lanes plan={plan} view={view} round={round} working={working} timed={timed} now={round.closed?.at ?? view.end?.at ?? now} />
          {round.dropped.map((dropped) => (
            <Note key={dropped.site} tone="warn" icon={<OctagonX size={16} className="text-bad!" aria-hidden />}>
              <b className="font-semibold">{words.droppedAfter(dropped.site, lengthText(dropped.at - round.openedAt))}</b>{" "}
              <span lang="en">{dropped.text}</span> <code className="text-fg-2">{dropped.code}</code>
            </Note>
          ))}
        </div>
      )}
    </Card>
  );
}

export function PhaseLegend({ kinds }: { readonly kinds: readonly (keyof typeof timelineWords.en.phase)[] }) {
  const words = useWords(timelineWords);
  return (
    <ul className="legend desk" aria-label={words.phases}>
      {kinds.map((kind) => (
        <li key={kind}>
          <i className={`bar sw ${kind}`} aria-hidden />
          {words.phase[kind]}
        </li>
      ))}
    </ul>
  );
}

/** One lane for each site of the round; the same for plain and secure rounds. */
export function Lanes({ plan, view, round, working, timed, now }: RoundProps) {
  const words = useWords(timelineWords);
  const here = useSites();
  const all = useTimed(view.run, round.round, timed);
  // As high as what comes, so that nothing below it moves.
  if (all === undefined) return <div aria-busy style={{ minHeight: 41 * round.cohort.length + 80 }} />;
  const lanes = round.cohort.map((site) => siteLane({ round, site, timed: all, working: working.get(site), here: here(site), now }, words));
  return <LanesChart plan={plan} view={view} round={round} lanes={lanes} now={now} />;
}
