"use client";
import type { Plan } from "@engraft/core/models/plan";
import type { AttemptView } from "@engraft/core/rounds/secure/view";
import type { RunView } from "@engraft/core/rounds/view";
import { Card } from "../../../parts/card.tsx";
import { clockText, countdownText, lengthText, listed } from "../../../parts/figures.ts";
import { Empty } from "../../../parts/states.tsx";
import { useNow } from "../../../parts/time.tsx";
import { useOnline, type RoundProps, type RoundsProps } from "../round-props.ts";
import { RoundsStrip } from "../rounds-strip.tsx";
import { AttemptTable } from "./attempt-table.tsx";
import { RoundNotes } from "./round-notes.tsx";
import { planNumbers } from "./saw.ts";
import { allRounds, endOf, isLive, notAsked, phaseWords, rowsOf, STEPS } from "./steps.ts";

/** A secure round, live: which site has come how far, and why one is out. */
export function SecureRoundCard({ plan, view, working, selected, onSelect }: RoundsProps) {
  const now = useNow();
  const round = allRounds(view).find((each) => each.round === selected);
  const name = round === undefined ? "Rounds" : round === view.evaluationRound ? "Last evaluation" : `Round ${round.round}`;
  const end = round === undefined ? null : endOf(round);
  return (
    <Card
      title={`${name}, site by site`}
      aside={
        round !== undefined &&
        `opened ${clockText(round.openedAt)}, ${end === null ? `${lengthText((view.end?.at ?? now) - round.openedAt)} so far` : `took ${lengthText(end - round.openedAt)}`}`
      }
    >
      {round === undefined ? (
        <NoRound plan={plan} view={view} />
      ) : (
        <div className="grid gap-3 px-4 py-3">
          <RoundsStrip view={view} planned={plan.rounds.count} now={view.end?.at ?? now} selected={selected} onSelect={onSelect} />
          <Round plan={plan} view={view} round={round} working={working} now={now} />
        </div>
      )}
    </Card>
  );
}

function NoRound({ plan, view }: { readonly plan: Plan; readonly view: RunView }) {
  const needed = planNumbers(plan)?.minCohort;
  return view.end === null ? (
    <Empty title="No round yet">
      The first round opens when the sites of the directory are there, or after {lengthText(1000 * plan.cohort.gatherSeconds)} with at least{" "}
      {needed}.
    </Empty>
  ) : (
    <Empty title="No round was opened">The run ended before its first round.</Empty>
  );
}

function Round({ plan, view, round, working, now }: RoundProps) {
  const online = useOnline();
  const attempt = round.attempts.at(-1);
  if (attempt === undefined) return null;
  const evaluates = round === view.evaluationRound;
  const known = { working, online, evaluates };
  const rowsIn = (one: AttemptView) => rowsOf(one, round.round, known);
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
      <AttemptTable rows={rowsIn(attempt)} sites={view.sites} caption={`Attempt ${attempt.number}: how far each site has come`} />
      <RoundNotes round={round} sites={view.sites} evaluates={evaluates} />
      {round.attempts.slice(0, -1).map((earlier) => (
        <details key={earlier.number}>
          <summary className="min-h-6 text-12 font-medium">Attempt {earlier.number}, site by site</summary>
          <div className="mt-2">
            <AttemptTable rows={rowsIn(earlier)} sites={view.sites} caption={`Attempt ${earlier.number}: how far each site had come`} />
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
  const most = plan.aggregation.method === "secure" ? plan.aggregation.attempts : 1;
  return (
    <p className="flex flex-wrap gap-x-3 gap-y-0.5">
      <span>
        {live && <b className="font-semibold">Now: </b>}
        {phaseWords(attempt, evaluates)}
      </span>
      {live && (
        <span className="text-fg-2 tabular-nums">
          until {clockText(attempt.until)} at the latest, in {countdownText(attempt.until - now)}
        </span>
      )}
      {(attempt.number > 1 || live) && (
        <span className="text-fg-2">
          attempt {attempt.number} of at most {most}
        </span>
      )}
      {away.length > 0 && <span className="text-warn">not asked, because offline: {listed(away)}</span>}
    </p>
  );
}

function StepsExplained() {
  return (
    <details>
      <summary className="min-h-6 text-12 font-medium">What the steps are</summary>
      <dl className="kv mt-2 text-12">
        {STEPS.map(({ name, says }) => (
          <div className="contents" key={name}>
            <dt className="font-medium">{name}</dt>
            <dd>{says}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
