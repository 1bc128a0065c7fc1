"use client";
import type { Plan } from "@engraft/core/models/plan";
import type { AttemptView } from "@engraft/core/rounds/secure/view";
import type { RunView } from "@engraft/core/rounds/view";
import { Card } from "../../../parts/card.tsx";
import { clockText, countdownText, lengthText, listed } from "../../../parts/figures.ts";
import { Empty } from "../../../parts/states.tsx";
import { useNow } from "../../../parts/time.tsx";
import { useWords } from "../../../words/language.ts";
import { useRoundTimes } from "../timeline/use-timed.ts";
import { timelineWords } from "../timeline/words.ts";
import { STEP_WORDS } from "../words/steps.ts";
import { useSites, type RoundProps, type RoundsProps } from "../round-props.ts";
import { RoundsStrip } from "../rounds-strip.tsx";
import { Lanes, PhaseLegend } from "../timeline-card.tsx";
import { AttemptTable } from "./attempt-table.tsx";
import { RoundNotes } from "./round-notes.tsx";
import { planNumbers } from "./saw.ts";
import { allRounds, endOf, isLive, notAsked, phaseWords, rowsOf } from "./steps.ts";

const KINDS = ["wait", "download", "prepare", "train", "evaluate", "mask", "upload", "unmask", "failed"] as const;

/** A secure round, live: which site has come how far, and why one is out. */
export function SecureRoundCard({ plan, view, working, timed, selected, onSelect }: RoundsProps) {
  const now = useNow();
  const words = useWords(STEP_WORDS);
  const clock = useWords(timelineWords);
  const times = useRoundTimes(view, timed);
  const round = allRounds(view).find((each) => each.round === selected);
  const title = round === undefined ? words.rounds : round === view.evaluationRound ? words.lastEvaluation : words.round(round.round);
  const end = round === undefined ? null : endOf(round);
  return (
    <Card
      title={title}
      aside={
        round !== undefined &&
        `${clock.opened(clockText(round.openedAt))}, ${
          end === null ? clock.soFar(lengthText((view.end?.at ?? now) - round.openedAt)) : clock.took(lengthText(end - round.openedAt))
        }`
      }
      end={<PhaseLegend kinds={KINDS} />}
    >
      {round === undefined ? (
        <NoRound plan={plan} view={view} />
      ) : (
        <div className="grid gap-3 px-4 py-3">
          <RoundsStrip
            view={view}
            planned={plan.rounds.count}
            now={view.end?.at ?? now}
            timed={times}
            selected={selected}
            onSelect={onSelect}
          />
          <Round plan={plan} view={view} round={round} working={working} timed={timed} now={now} />
        </div>
      )}
    </Card>
  );
}

function NoRound({ plan, view }: { readonly plan: Plan; readonly view: RunView }) {
  const words = useWords(STEP_WORDS);
  return view.end === null ? (
    <Empty title={words.noRound}>{words.noRoundWhy(lengthText(1000 * plan.cohort.gatherSeconds), planNumbers(plan)?.minCohort)}</Empty>
  ) : (
    <Empty title={words.noneOpened}>{words.noneOpenedWhy}</Empty>
  );
}

function Round({ plan, view, round, working, timed, now }: RoundProps) {
  const here = useSites();
  const words = useWords(STEP_WORDS);
  const online = (site: string): boolean => here(site).online;
  const attempt = round.attempts.at(-1);
  if (attempt === undefined) return null;
  const evaluates = round === view.evaluationRound;
  const known = { working, online, evaluates };
  const rowsIn = (one: AttemptView) => rowsOf(one, round.round, known, words);
  return (
    <>
      <Stand
        away={notAsked(attempt, view.sites)}
        attempt={attempt}
        evaluates={evaluates}
        live={view.end === null && isLive(round, attempt)}
        plan={plan}
        now={now}
      />
      <Lanes plan={plan} view={view} round={round} working={working} timed={timed} now={endOf(round) ?? view.end?.at ?? now} />
      <AttemptTable rows={rowsIn(attempt)} sites={view.sites} caption={words.howFar(attempt.number)} />
      <RoundNotes round={round} sites={view.sites} evaluates={evaluates} />
      {round.attempts.slice(0, -1).map((earlier) => (
        <details key={earlier.number}>
          <summary className="min-h-6 text-12 font-medium">{words.attempt(earlier.number)}</summary>
          <div className="mt-2">
            <AttemptTable rows={rowsIn(earlier)} sites={view.sites} caption={words.howFarItCame(earlier.number)} />
          </div>
        </details>
      ))}
      <StepsExplained />
    </>
  );
}

interface StandProps {
  /** Sites that were not asked. */
  readonly away: readonly string[];
  readonly attempt: AttemptView;
  readonly evaluates: boolean;
  readonly live: boolean;
  readonly plan: Plan;
  readonly now: number;
}

/** What happens now, until when at the latest, and which attempt it is. */
function Stand({ away, attempt, evaluates, live, plan, now }: StandProps) {
  const words = useWords(STEP_WORDS);
  const most = plan.aggregation.method === "secure" ? plan.aggregation.attempts : 1;
  return (
    <p className="flex flex-wrap gap-x-3 gap-y-0.5">
      <span>
        {live && <b className="font-semibold">{words.now}</b>}
        {phaseWords(attempt, evaluates, words)}
      </span>
      {live && <span className="text-fg-2 tabular-nums">{words.until(clockText(attempt.until), countdownText(attempt.until - now))}</span>}
      {(attempt.number > 1 || live) && <span className="text-fg-2">{words.attemptOf(attempt.number, most)}</span>}
      {away.length > 0 && <span className="text-warn">{words.notAsked(listed(away, words.and))}</span>}
    </p>
  );
}

function StepsExplained() {
  const words = useWords(STEP_WORDS);
  return (
    <details>
      <summary className="min-h-6 text-12 font-medium">{words.explained}</summary>
      <dl className="kv mt-2 text-12">
        {words.steps.map(({ name, says }) => (
          <div className="contents" key={name}>
            <dt className="font-medium">{name}</dt>
            <dd>{says}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
