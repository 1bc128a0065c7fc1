"use client";
import { OctagonX } from "lucide-react";
import { Card } from "../../parts/card.tsx";
import { Note } from "../../parts/chip.tsx";
import { clockText, lengthText } from "../../parts/figures.ts";
import { SiteKey } from "../../parts/site-key.tsx";
import { Empty } from "../../parts/states.tsx";
import { useNow } from "../../parts/time.tsx";
import { useOnline, type RoundProps, type RoundsProps } from "./round-props.ts";
import { RoundsStrip } from "./rounds-strip.tsx";
import { laneOf, laneWords, quorumAt, ticksOf, type Bar, type Lane } from "./timeline.ts";

const KINDS = ["wait", "download", "train", "evaluate", "upload", "failed"] as const;

export function TimelineCard({ plan, view, working, selected, onSelect }: RoundsProps) {
  const now = useNow();
  const round = view.rounds.find((each) => each.round === selected);
  const waits = view.phase === "gathering" && view.rounds.length === 0;
  return (
    <Card
      title={round === undefined ? "Rounds, site by site" : `Round ${round.round}, site by site`}
      aside={
        round !== undefined &&
        `opened ${clockText(round.openedAt)}, ${round.closed === null ? `${lengthText((view.end?.at ?? now) - round.openedAt)} so far` : `took ${lengthText(round.closed.at - round.openedAt)}`}`
      }
      end={
        <ul className="legend desk" aria-label="Phases">
          {KINDS.map((kind) => (
            <li key={kind}>
              <i className={`bar sw ${kind}`} aria-hidden />
              {kind}
            </li>
          ))}
        </ul>
      }
    >
      {round === undefined ? (
        <Empty title={waits ? "No round yet" : "No round was opened"}>
          {waits
            ? `The first round opens when the approved sites are there, or after ${lengthText(1000 * plan.cohort.gatherSeconds)} with at least ${plan.cohort.minSites}.`
            : "The run ended before its first round."}
        </Empty>
      ) : (
        <div className="grid gap-3 px-4 py-3">
          <RoundsStrip view={view} planned={plan.rounds.count} now={view.end?.at ?? now} selected={selected} onSelect={onSelect} />
          <Round plan={plan} view={view} round={round} working={working} now={round.closed?.at ?? view.end?.at ?? now} />
        </div>
      )}
    </Card>
  );
}

function Round({ plan, view, round, working, now }: RoundProps) {
  const online = useOnline();
  const lanes = round.cohort.map((site) => laneOf(round, site, working.get(site), online(site), now));
  const elapsed = Math.max(1, now - round.openedAt);
  const open = round.closed === null && view.end === null;
  const before = view.rounds.filter((each) => each.closed !== null).map((each) => (each.closed?.at ?? 0) - each.openedAt);
  // While a round is open the axis reaches a little ahead, so that bars grow into it.
  const length = open ? Math.max(elapsed * 1.15, 1.2 * Math.max(0, ...before.slice(-3))) : elapsed * 1.03;
  const deadline = round.deadline - round.openedAt;
  const quorum = quorumAt(round, plan.cohort.minSites);
  const marks = [
    ...(quorum === undefined ? [] : [{ at: quorum, tone: "ok", text: `quorum ${plan.cohort.minSites} met` }]),
    ...(open ? [{ at: elapsed, tone: "now", text: "now" }] : []),
    ...(deadline <= length ? [{ at: deadline, tone: "bad", text: "deadline" }] : []),
  ];
  return (
    <>
      <div className="tl">
        {lanes.map((lane, index) => (
          <LaneRow
            key={lane.site}
            lane={lane}
            slot={view.sites.indexOf(lane.site as (typeof view.sites)[number])}
            first={index === 0}
            length={length}
            marks={marks}
          />
        ))}
        <div />
        <div className="scale">
          {ticksOf(length).map((tick) => (
            <span key={tick} className="vlab" style={{ left: percent(tick / length), ...(tick === 0 ? { transform: "none" } : {}) }}>
              {tick === 0 ? "0" : lengthText(tick)}
            </span>
          ))}
          {marks.map((mark) => (
            <span
              key={mark.text}
              className={`vlab two ${TONES[mark.tone] ?? ""}`}
              style={{ left: percent(mark.at / length), transform: `translateX(-${Math.round((100 * mark.at) / length)}%)` }}
            >
              {mark.text}
            </span>
          ))}
        </div>
        <div className="end">{deadline > length && <span>deadline {lengthText(deadline)}</span>}</div>
      </div>
      {round.dropped.map((dropped) => (
        <Note key={dropped.site} tone="warn" icon={<OctagonX size={16} className="text-bad!" aria-hidden />}>
          <b className="font-semibold">
            {dropped.site} was dropped after {lengthText(dropped.at - round.openedAt)}.
          </b>{" "}
          {dropped.text} <code className="text-fg-2">{dropped.code}</code>
        </Note>
      ))}
    </>
  );
}

const TONES: Readonly<Record<string, string>> = { ok: "text-accent!", now: "text-fg!", bad: "text-bad!" };

const percent = (share: number): string => `${(100 * Math.max(0, Math.min(1, share))).toFixed(3)}%`;

function LaneRow({
  lane,
  slot,
  first,
  length,
  marks,
}: {
  readonly lane: Lane;
  readonly slot: number;
  readonly first: boolean;
  readonly length: number;
  readonly marks: readonly { readonly at: number; readonly tone: string; readonly text: string }[];
}) {
  return (
    <>
      <div className="lab">
        <span className="text-13">
          <SiteKey site={lane.site} slot={slot} />
        </span>
        <span className={`phone ell ${lane.state.tone === "" ? "text-fg-2" : lane.state.tone}`}>{lane.state.words}</span>
      </div>
      <div className={`lane ${first ? "first" : ""}`} role="img" aria-label={laneWords(lane)}>
        {lane.bars.map((bar) => (
          <BarBox key={`${bar.kind}-${bar.from}`} bar={bar} length={length} />
        ))}
        {marks.map((mark) => (
          <i key={mark.text} className={`vline ${mark.tone}`} style={{ left: percent(mark.at / length) }} />
        ))}
      </div>
      <div className="end">
        <span className={lane.state.tone === "" ? "text-fg" : `font-medium ${lane.state.tone}`}>{lane.state.words}</span>
        <span className="ell tabular-nums">{lane.state.more}</span>
      </div>
    </>
  );
}

const LABELLED: ReadonlySet<string> = new Set(["download", "train", "evaluate", "upload"]);

function BarBox({ bar, length }: { readonly bar: Bar; readonly length: number }) {
  const width = (bar.to - bar.from) / length;
  const failed = bar.kind === "failed";
  return (
    <span
      className={`bar ${bar.kind} ${bar.going ? "go" : ""}`}
      title={failed ? "dropped" : bar.kind === "unseen" ? "before this page was open" : `${bar.kind}, ${lengthText(bar.to - bar.from)}`}
      style={
        failed
          ? { left: percent(bar.from / length), width: 14, marginLeft: -7 }
          : { left: percent(bar.from / length), width: percent(width), minWidth: 2 }
      }
    >
      {LABELLED.has(bar.kind) && width > 0.08 ? bar.kind : ""}
    </span>
  );
}
