"use client";
import type { Plan } from "@engraft/core/models/plan";
import type { RoundView, RunView } from "@engraft/core/rounds/view";
import { useCallback, useState, type KeyboardEvent, type RefCallback } from "react";
import { lengthText } from "../../../parts/figures.ts";
import { SiteKey } from "../../../parts/site-key.tsx";
import { useWords } from "../../../words/language.ts";
import { endOf } from "../secure/steps.ts";
import { planNumbers } from "../secure/saw.ts";
import { maskedQuorumAt, quorumAt, ticksOf } from "../timeline.ts";
import { BarDetail, LaneDetail } from "./bar-detail.tsx";
import { isEarlier, laneWords, type Bar, type Lane } from "./lanes.ts";
import { LanesTable } from "./lanes-table.tsx";
import { timelineWords } from "./words.ts";
import { TableToggle } from "../../../parts/table-toggle.tsx";

interface LanesChartProps {
  readonly plan: Plan;
  readonly view: RunView;
  readonly round: RoundView;
  readonly lanes: readonly Lane[];
  /** The round's time: its end, else the clock. */
  readonly now: number;
}

/** A bar, or with null all phases of the site. */
interface Chosen {
  readonly site: string;
  readonly bar: string | null;
}

/** Each bar's name in its lane, which stays while new reports move the bars by what is known of the site's clock. */
const namesOf = (bars: readonly Bar[]): readonly string[] =>
  bars.map(({ kind }, index) => `${kind}-${bars.slice(0, index).filter((one) => one.kind === kind).length}`);

interface Mark {
  readonly at: number;
  readonly tone: "ok" | "now" | "bad";
  readonly text: string;
}

export function LanesChart({ plan, view, round, lanes, now }: LanesChartProps) {
  const words = useWords(timelineWords);
  const [table, setTable] = useState(false);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const open = endOf(round) === null && view.end === null;
  const elapsed = Math.max(1, now - round.openedAt);
  const before = view.rounds.flatMap((each) => (endOf(each) === null ? [] : [(endOf(each) ?? 0) - each.openedAt]));
  // While a round is open the axis reaches a little ahead, so that bars grow into it.
  const length = open ? Math.max(elapsed * 1.15, 1.2 * Math.max(0, ...before.slice(-3))) : elapsed * 1.03;
  const deadline = round.deadline - round.openedAt;
  const quorum = quorumOf(plan, round, words);
  const marks: readonly Mark[] = [
    ...(quorum === undefined ? [] : [{ ...quorum, tone: "ok" as const }]),
    ...(open ? [{ at: elapsed, tone: "now" as const, text: words.now }] : []),
    ...(deadline <= length ? [{ at: deadline, tone: "bad" as const, text: words.deadline }] : []),
  ];
  const [width, measure] = useLaneWidth();
  const lane = lanes.find(({ site }) => site === chosen?.site);
  const bar = lane?.bars[namesOf(lane.bars).indexOf(chosen?.bar ?? "")];
  const detail = lane && { run: view.run, live: view.end === null, round, lane, onClose: () => setChosen(null) };
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-2">
        <p className="text-12 text-fg-2">{lanes.some(({ signed, offsetMs }) => signed && offsetMs !== null) ? words.sitesTimes : ""}</p>
        <TableToggle table={table} onTable={setTable} />
      </div>
      {table ? (
        <LanesTable lanes={lanes} name={words.phases} />
      ) : (
        <div className="tl" role="group" aria-label={words.phases} onKeyDown={moveFocus}>
          {lanes.map((one, index) => (
            <LaneRow
              key={one.site}
              lane={one}
              slot={view.sites.findIndex((site) => site === one.site)}
              measure={index === 0 ? measure : undefined}
              length={length}
              width={width}
              marks={marks}
              chosen={chosen}
              onChoose={setChosen}
            />
          ))}
          <div />
          <Scale length={length} marks={marks} />
          <div className="end">{deadline > length && <span>{words.deadlineAt(lengthText(deadline))}</span>}</div>
        </div>
      )}
      {detail !== undefined && bar !== undefined && <BarDetail {...detail} bar={bar} />}
      {detail !== undefined && chosen?.bar === null && <LaneDetail {...detail} />}
      {lanes.some(({ signed }) => !signed) && <p className="text-12 text-fg-2">{words.older}</p>}
    </>
  );
}

/** When enough sites were in, and how that is said. */
function quorumOf(plan: Plan, round: RoundView, words: typeof timelineWords.en): Omit<Mark, "tone"> | undefined {
  const attempt = round.attempts.at(-1);
  const needed = attempt === undefined ? plan.cohort.minSites : planNumbers(plan)?.minCohort;
  if (needed === undefined) return undefined;
  const at = attempt === undefined ? quorumAt(round, needed) : maskedQuorumAt(round, needed);
  if (at === undefined) return undefined;
  return { at, text: attempt === undefined ? words.quorum(needed) : words.quorumMasked(needed, attempt.sites.length) };
}

/** Of the lane that has the ref, CSS pixels; all are as wide. */
function useLaneWidth(): readonly [number, RefCallback<HTMLDivElement>] {
  const [width, setWidth] = useState(0);
  const measure = useCallback((lane: HTMLDivElement) => {
    const sized = new ResizeObserver(() => setWidth(lane.clientWidth));
    sized.observe(lane);
    return () => sized.disconnect();
  }, []);
  return [width, measure];
}

function Scale({ length, marks }: { readonly length: number; readonly marks: readonly Mark[] }) {
  return (
    <div className="scale">
      {ticksOf(length).map((tick) => (
        <span key={tick} className="vlab" style={{ left: percent(tick / length), ...(tick === 0 ? { transform: "none" } : {}) }}>
          {tick === 0 ? "0" : lengthText(tick)}
        </span>
      ))}
      {marks.map((mark) => (
        <span
          key={mark.text}
          className={`vlab two ${TONES[mark.tone]}`}
          style={{ left: percent(mark.at / length), transform: `translateX(-${Math.round((100 * mark.at) / length)}%)` }}
        >
          {mark.text}
        </span>
      ))}
    </div>
  );
}

const TONES = { ok: "text-accent!", now: "text-fg!", bad: "text-bad!" } as const;

const percent = (share: number): string => `${(100 * Math.max(0, Math.min(1, share))).toFixed(3)}%`;

interface LaneRowProps {
  readonly lane: Lane;
  readonly slot: number;
  /** Of the first lane. */
  readonly measure: RefCallback<HTMLDivElement> | undefined;
  readonly length: number;
  readonly width: number;
  readonly marks: readonly Mark[];
  readonly chosen: Chosen | null;
  readonly onChoose: (chosen: Chosen | null) => void;
}

function LaneRow({ lane, slot, measure, length, width, marks, chosen, onChoose }: LaneRowProps) {
  const words = useWords(timelineWords);
  const listed = chosen?.site === lane.site && chosen.bar === null;
  const names = namesOf(lane.bars);
  return (
    <>
      <div className="lab">
        <button
          type="button"
          className="min-h-6 self-start text-13 underline-offset-2 hover:underline"
          aria-expanded={listed}
          title={words.openList(lane.site)}
          onClick={() => onChoose(listed ? null : { site: lane.site, bar: null })}
        >
          <SiteKey site={lane.site} slot={slot} />
        </button>
        <span className={`phone ell ${lane.tone === "" ? "text-fg-2" : lane.tone}`}>{lane.words}</span>
      </div>
      <div className={`lane ${measure === undefined ? "" : "first"}`} ref={measure} role="group" aria-label={laneWords(lane, words)}>
        {names.map((id, index) => {
          const bar = lane.bars[index];
          const pressed = chosen?.site === lane.site && chosen.bar === id;
          const onPress = (): void => onChoose(pressed ? null : { site: lane.site, bar: id });
          return bar && <BarButton key={id} lane={lane} bar={bar} length={length} width={width} pressed={pressed} onPress={onPress} />;
        })}
        {marks.map((mark) => (
          <i key={mark.text} className={`vline ${mark.tone}`} style={{ left: percent(mark.at / length) }} />
        ))}
      </div>
      <div className="end">
        <span className={lane.tone === "" ? "text-fg" : `font-medium ${lane.tone}`}>{lane.words}</span>
        <span className="ell tabular-nums">{lane.more}</span>
      </div>
    </>
  );
}

/** Narrower ones hold no word. */
const LABEL_FROM = 0.08;

/** A smaller target is none: such a bar is a picture, and its figures stand in the table. */
const TARGET_PX = 24;

/** How much of a bar lies under the marks of failures, at most; `ms` in a pixel. */
const covered = ({ bars }: Lane, { from, to }: Bar, ms: number): number => {
  const half = TARGET_PX / 2;
  return bars.filter((one) => one.kind === "failed" && one.from > from - half * ms && one.from < to + half * ms).length * half;
};

interface BarButtonProps {
  readonly lane: Lane;
  readonly bar: Bar;
  readonly length: number;
  readonly width: number;
  readonly pressed: boolean;
  readonly onPress: () => void;
}

function BarButton({ lane, bar, length, width, pressed, onPress }: BarButtonProps) {
  const words = useWords(timelineWords);
  const { site } = lane;
  const { kind, from, to, going, attempt } = bar;
  const share = (to - from) / length;
  const failed = kind === "failed";
  const earlier = isEarlier(bar, lane) && attempt !== null;
  const plain = failed ? words.chosen(site, words.phase.failed) : words.bar(site, words.phase[kind], lengthText(to - from), going);
  const name = earlier ? `${plain}, ${words.earlier(attempt)}` : plain;
  const className = `bar ${kind} ${going ? "go" : ""} ${earlier ? "earlier" : ""}`;
  const style = failed
    ? { left: percent(from / length), width: TARGET_PX, marginLeft: -TARGET_PX / 2, zIndex: 1 }
    : { left: percent(from / length), width: percent(share), minWidth: 2 };
  const text = !failed && kind !== "wait" && kind !== "unseen" && share > LABEL_FROM ? words.phase[kind] : "";
  if (!failed && share * width - covered(lane, bar, length / Math.max(1, width)) < TARGET_PX)
    return <span className={className} title={name} style={style} />;
  return (
    <button
      type="button"
      className={className}
      aria-label={name}
      aria-pressed={pressed}
      title={name}
      data-bar=""
      onClick={onPress}
      style={style}
    >
      {text}
    </button>
  );
}

/** Arrows: left and right along a lane, up and down between lanes. */
function moveFocus(event: KeyboardEvent<HTMLDivElement>): void {
  const lanes = [...event.currentTarget.querySelectorAll(".lane")].map((lane) => [...lane.querySelectorAll<HTMLElement>("[data-bar]")]);
  const row = lanes.findIndex((bars) => bars.some((bar) => bar === document.activeElement));
  const at = lanes[row]?.findIndex((bar) => bar === document.activeElement) ?? -1;
  if (row < 0) return;
  const target = {
    ArrowLeft: lanes[row]?.[at - 1],
    ArrowRight: lanes[row]?.[at + 1],
    ArrowUp: lanes[row - 1]?.[Math.min(at, (lanes[row - 1]?.length ?? 1) - 1)],
    ArrowDown: lanes[row + 1]?.[Math.min(at, (lanes[row + 1]?.length ?? 1) - 1)],
  }[event.key];
  if (target === undefined) return;
  event.preventDefault();
  target.focus();
}
