"use client";
import type { RoundView, RunView } from "@engraft/core/rounds/view";
import { useEffect, type KeyboardEvent } from "react";
import { lengthText, plural } from "../../parts/figures.ts";
import { allRounds, lostOf } from "./secure/steps.ts";
import { roundMark, type RoundMark } from "./timeline.ts";

interface StripProps {
  readonly view: RunView;
  readonly planned: number;
  readonly now: number;
  readonly selected: number;
  readonly onSelect: (round: number) => void;
}

const LETTERS: Readonly<Record<RoundMark["look"], string>> = { download: "D", train: "T", upload: "U", sum: "Σ", lost: "×", live: "…" };
const WORDS: Readonly<Record<RoundMark["look"], string>> = {
  download: "slowest download",
  train: "slowest train",
  upload: "slowest upload",
  sum: "sum opened",
  lost: "ended without a sum",
  live: "open",
};
const MAX_TO_COME = 40;
const TALLEST_PX = 38;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);

const droppedIn = (round: RoundView, sites: readonly string[]): number =>
  round.attempts.length > 0 ? lostOf(round, sites).length : round.dropped.length;

/** Every round: height = time, colour and letter = slowest phase or what came of it. Choosing one shows it below; `[` and `]` step. */
export function RoundsStrip({ view, planned, now, selected, onSelect }: StripProps) {
  const shown = allRounds(view);
  const secure = shown.some((round) => round.attempts.length > 0);
  const marks = shown.map((round) => ({ round, dropped: droppedIn(round, view.sites), ...roundMark(round, now) }));
  const longest = Math.max(1, ...marks.map((mark) => mark.length));
  const toCome = view.end === null && view.evaluationRound === null ? Math.min(MAX_TO_COME, planned - view.rounds.length) : 0;
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent): void => {
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      const next = event.key === "[" ? selected - 1 : event.key === "]" ? selected + 1 : undefined;
      if (next !== undefined && shown.some((round) => round.round === next)) onSelect(next);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [onSelect, selected, shown]);
  return (
    <div className="grid items-end gap-x-4 sm:grid-cols-[134px_minmax(0,1fr)]">
      <p className="desk self-center text-12 text-fg-2">
        <b className="font-medium text-fg">All rounds</b>
        <br />
        {secure ? "Σ = sum opened, height = time" : "colour = slowest phase, height = time"}
      </p>
      <ol className="rounds" aria-label="All rounds" onKeyDown={moveFocus}>
        {marks.map(({ round, length, look, dropped }) => (
          <li key={round.round}>
            <button
              type="button"
              aria-pressed={round.round === selected}
              aria-label={`${round === view.evaluationRound ? "Last evaluation, at the end" : `Round ${round.round}`}: ${lengthText(length)}, ${WORDS[look]}${dropped === 0 ? "" : `, ${plural(dropped, "site")} ${secure ? "not in it" : "dropped"}`}`}
              onClick={() => onSelect(round.round)}
            >
              {dropped > 0 && <b data-dropped={`−${dropped}`} />}
              <i
                className={look}
                style={{ height: Math.max(16, Math.round((TALLEST_PX * length) / longest)) }}
                data-letter={LETTERS[look]}
              />
              <small>{round === view.evaluationRound ? "end" : round.round}</small>
            </button>
          </li>
        ))}
        {Array.from({ length: toCome }, (_, index) => (
          <li key={`to-come-${index}`} aria-hidden>
            <i className="none" />
            <small>{view.rounds.length + index + 1}</small>
          </li>
        ))}
      </ol>
    </div>
  );
}

function moveFocus(event: KeyboardEvent<HTMLOListElement>): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (step === 0) return;
  const buttons = [...event.currentTarget.querySelectorAll("button")];
  const at = buttons.findIndex((button) => button === document.activeElement);
  buttons[at + step]?.focus();
  event.preventDefault();
}
