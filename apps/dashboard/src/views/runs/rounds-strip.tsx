"use client";
import type { RoundView, RunView } from "@engraft/core/rounds/view";
import { memo, useEffect, useEffectEvent, useRef, type KeyboardEvent, type RefObject } from "react";
import type { TimingView } from "@engraft/coordinator/api/timing-views";
import { lengthText } from "../../parts/figures.ts";
import { isCommand } from "../../parts/keys.ts";
import { useWords } from "../../words/language.ts";
import { pointAt, useIsPointed } from "./pointed.ts";
import { allRounds, endOf, lostOf } from "./secure/steps.ts";
import { roundLength, roundMark, type RoundMark } from "./timeline.ts";
import { STRIP_WORDS } from "./words/rounds.ts";

interface StripProps {
  readonly view: RunView;
  readonly planned: number;
  readonly now: number;
  /** Of secure rounds, what their sites signed, as far as it is known. */
  readonly timed?: readonly TimingView[];
  readonly selected: number;
  readonly onSelect: (round: number) => void;
}

const LETTERS: Readonly<Record<RoundMark["look"], string>> = {
  download: "D",
  prepare: "P",
  train: "T",
  evaluate: "E",
  mask: "M",
  upload: "U",
  unmask: "R",
  sum: "Σ",
  lost: "×",
  live: "…",
};
const MAX_TO_COME = 40;
const TALLEST_PX = 38;
/** Marks that are laid out and drawn anew together; those that are scrolled away, not at all. */
const PORTION = 50;
const MARK_PX = 24;
const GAP_PX = 3;
const NONE: readonly TimingView[] = [];

const droppedIn = (round: RoundView, sites: readonly string[]): number =>
  round.attempts.length > 0 ? lostOf(round, sites).length : round.dropped.length;

/** Every round: height = time, colour and letter = slowest phase or what came of it. Choosing one shows it below; `[` and `]` step. */
export function RoundsStrip({ view, planned, now, timed = NONE, selected, onSelect }: StripProps) {
  const words = useWords(STRIP_WORDS);
  const shown = allRounds(view);
  const secure = shown.some((round) => round.attempts.length > 0);
  // The round under way is at most as tall: else it would set all others anew with each second.
  const longest = shown.reduce((most, round) => (endOf(round) === null ? most : Math.max(most, roundLength(round, now))), 1);
  const toCome = view.end === null && view.evaluationRound === null ? Math.min(MAX_TO_COME, planned - view.rounds.length) : 0;
  const onKey = useEffectEvent((event: globalThis.KeyboardEvent): void => {
    if (!isCommand(event)) return;
    const next = event.key === "[" ? selected - 1 : event.key === "]" ? selected + 1 : undefined;
    if (next !== undefined && shown.some((round) => round.round === next)) onSelect(next);
  });
  useEffect(() => {
    const listener = (event: globalThis.KeyboardEvent): void => onKey(event);
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
  }, []);
  const strip = useSelectedInView(selected);
  return (
    <div className="grid items-end gap-x-4 sm:grid-cols-[134px_minmax(0,1fr)]">
      <p className="desk self-center text-12 text-fg-2">
        <b className="font-medium text-fg">{words.all}</b>
        <br />
        {!secure ? words.slowest : showsPhases(shown, now, timed) ? words.both : words.sums}
      </p>
      <div className="rounds" role="list" ref={strip} aria-label={words.all} onKeyDown={moveFocus}>
        {portionsOf(shown).map((rounds) => (
          <Portion
            key={rounds[0]?.round}
            rounds={rounds}
            sites={view.sites}
            last={view.evaluationRound?.round ?? null}
            now={rounds.some((round) => endOf(round) === null) ? now : null}
            timed={timed}
            longest={longest}
            selected={rounds.some(({ round }) => round === selected) ? selected : null}
            onSelect={onSelect}
          />
        ))}
        {toCome > 0 && (
          <div className="portion" style={{ flex: flexOf(toCome) }} aria-hidden>
            {Array.from({ length: toCome }, (_, index) => view.rounds.length + index + 1).map((round) => (
              <div key={round} className="mark">
                <i className="none" />
                <small>{round}</small>
              </div>
            ))}
          </div>
        )}
      </div>
    </div>
  );
}

/** Scrolls the strip to the selected mark, unless the reader has scrolled away from the one before. */
function useSelectedInView(selected: number): RefObject<HTMLDivElement | null> {
  const strip = useRef<HTMLDivElement>(null);
  const before = useRef<Element | null>(null);
  useEffect(() => {
    const box = strip.current;
    const mark = box?.querySelector('[aria-pressed="true"]') ?? null;
    if (box === null || mark === null) return;
    const [left, right] = edgesOf(box);
    const isIn = (one: Element): boolean => edgesOf(one)[0] >= left && edgesOf(one)[1] <= right;
    if (!isIn(mark) && (before.current?.isConnected !== true || isIn(before.current)))
      box.scrollLeft += edgesOf(mark)[0] - (left + right) / 2;
    before.current = mark;
  }, [selected]);
  return strip;
}

function edgesOf(element: Element): readonly [number, number] {
  const { left, right } = element.getBoundingClientRect();
  return [left, right];
}

/** Whether one of them looks other than what came of it. */
const showsPhases = (rounds: readonly RoundView[], now: number, timed: readonly TimingView[]): boolean =>
  rounds.some((round) => {
    const { look, sum } = roundMark(round, now, timed);
    return sum !== null && look !== sum;
  });

const portionsOf = (rounds: readonly RoundView[]): readonly (readonly RoundView[])[] =>
  Array.from({ length: Math.ceil(rounds.length / PORTION) }, (_, index) => rounds.slice(index * PORTION, (index + 1) * PORTION));

/** All marks of all portions are as wide. */
const flexOf = (marks: number): string => `${marks} 0 ${marks * (MARK_PX + GAP_PX) - GAP_PX}px`;

interface PortionProps {
  readonly rounds: readonly RoundView[];
  readonly sites: readonly string[];
  /** Number of the evaluation at the end, where it is a round. */
  readonly last: number | null;
  /** Null where all of them are over. */
  readonly now: number | null;
  readonly timed: readonly TimingView[];
  readonly longest: number;
  /** Null where it is none of them. */
  readonly selected: number | null;
  readonly onSelect: (round: number) => void;
}

const Portion = memo(function Portion({ rounds, sites, last, now, timed, longest, selected, onSelect }: PortionProps) {
  const words = useWords(STRIP_WORDS);
  return (
    <div className="portion" style={{ flex: flexOf(rounds.length) }}>
      {rounds.map((round) => {
        const { length, look, sum } = roundMark(round, now ?? 0, timed);
        const dropped = droppedIn(round, sites);
        const lost = round.attempts.length > 0 ? words.notIn : words.dropped;
        return (
          <Mark
            key={round.round}
            round={round.round}
            end={round.round === last}
            label={[
              lengthText(length),
              words.looks[look],
              ...(sum === null || sum === look ? [] : [words.looks[sum]]),
              ...(dropped === 0 ? [] : [lost(dropped)]),
            ].join(", ")}
            look={look}
            sum={sum === look ? null : sum}
            dropped={dropped}
            height={Math.max(16, Math.round(TALLEST_PX * Math.min(1, length / longest)))}
            selected={round.round === selected}
            onSelect={onSelect}
          />
        );
      })}
    </div>
  );
}, isSame);

/** A run has another list of rounds after each event; nearly all in it are the same. */
function isSame({ rounds, ...before }: PortionProps, { rounds: next, ...after }: PortionProps): boolean {
  const same = rounds.length === next.length && rounds.every((round, index) => round === next[index]);
  return same && (Object.keys(before) as (keyof typeof before)[]).every((key) => before[key] === after[key]);
}

interface MarkProps {
  readonly round: number;
  readonly end: boolean;
  readonly label: string;
  readonly look: RoundMark["look"];
  /** What came of it, where its look says something else. */
  readonly sum: RoundMark["sum"];
  readonly dropped: number;
  readonly height: number;
  readonly selected: boolean;
  readonly onSelect: (round: number) => void;
}

/** Drawn anew only where something of it has changed: a run may have thousands, and a clock ticks. */
const Mark = memo(function Mark({ round, end, label, look, sum, dropped, height, selected, onSelect }: MarkProps) {
  const pointed = useIsPointed(round);
  const words = useWords(STRIP_WORDS);
  return (
    <div
      role="listitem"
      className={pointed ? "mark pointed" : "mark"}
      onMouseEnter={() => pointAt({ round })}
      onMouseLeave={() => pointAt({ round: null })}
    >
      <button
        type="button"
        aria-pressed={selected}
        aria-label={end ? words.last(label) : words.round(round, label)}
        onClick={() => onSelect(round)}
      >
        {dropped > 0 && <b data-dropped={`−${dropped}`} />}
        <i className={look} style={{ height }} data-letter={LETTERS[look]} />
        <small data-sum={sum === null ? undefined : LETTERS[sum]}>{end ? words.end : round}</small>
      </button>
    </div>
  );
});

function moveFocus(event: KeyboardEvent<HTMLDivElement>): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (step === 0) return;
  const buttons = [...event.currentTarget.querySelectorAll("button")];
  const at = buttons.findIndex((button) => button === document.activeElement);
  buttons[at + step]?.focus();
  event.preventDefault();
}
