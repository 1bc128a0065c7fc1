"use client";
import type { RoundView } from "@engraft/core/rounds/view";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "../../../parts/button.tsx";
import { bytesText, lengthText } from "../../../parts/figures.ts";
import { useWords } from "../../../words/language.ts";
import { endOf } from "../secure/steps.ts";
import { LaneActions } from "./lane-actions.tsx";
import { isEarlier, type Bar, type Lane } from "./lanes.ts";
import { LanesTable } from "./lanes-table.tsx";
import { timelineWords } from "./words.ts";

interface LaneDetailProps {
  readonly run: string;
  /** The run is under way. */
  readonly live: boolean;
  readonly round: RoundView;
  readonly lane: Lane;
  readonly onClose: () => void;
}

/** What a bar is about: how long, how much, what the site noted; and what an admin can do about it. */
export function BarDetail({ bar, ...props }: LaneDetailProps & { readonly bar: Bar }) {
  const words = useWords(timelineWords);
  const { lane, round } = props;
  const dropped = round.dropped.find((one) => one.site === lane.site);
  const ms = bar.to - bar.from;
  const gone = bar.moved ?? bar.bytes;
  const failed = bar.lostIn === undefined ? lane.words : words.state.failedIn(words.phase[bar.lostIn]);
  return (
    <Detail {...props} name={words.chosen(lane.site, words.phase[bar.kind])} close={words.closeDetail}>
      <p className="font-semibold">
        {bar.kind === "failed" ? `${lane.site}, ${failed}` : words.chosen(lane.site, words.phase[bar.kind])}
        {isEarlier(bar, lane) && bar.attempt !== null && <span className="font-normal text-fg-2"> · {words.earlier(bar.attempt)}</span>}
      </p>
      {bar.kind !== "failed" && (
        <p className="text-fg-2 tabular-nums">{words.span(lengthText(bar.from), lengthText(bar.to), lengthText(ms))}</p>
      )}
      {bar.bytes !== null && gone !== null && ms > 0 && (
        <p className="text-fg-2 tabular-nums">
          {words.rate(
            gone < bar.bytes ? words.movedOf(bytesText(gone), bytesText(bar.bytes)) : bytesText(bar.bytes),
            bytesText(Math.round((1000 * gone) / ms)),
          )}
        </p>
      )}
      {dropped !== undefined && (
        <p lang="en">
          {dropped.text} <code className="text-fg-2">{dropped.code}</code>
        </p>
      )}
    </Detail>
  );
}

/** All phases of a site, with those too narrow to be chosen. */
export function LaneDetail(props: LaneDetailProps) {
  const words = useWords(timelineWords);
  const name = words.openList(props.lane.site);
  return (
    <Detail {...props} name={name} close={words.closeList}>
      <p className="font-semibold">{name}</p>
      <LanesTable lanes={[props.lane]} name={words.phases} />
    </Detail>
  );
}

interface DetailProps extends LaneDetailProps {
  readonly name: string;
  readonly close: string;
  readonly children: ReactNode;
}

function Detail({ run, live, round, lane, onClose, name, close, children }: DetailProps) {
  const words = useWords(timelineWords);
  return (
    <section className="min-w-0 rounded-lg bg-inset px-4 py-3" aria-label={name}>
      <div className="flex items-start justify-between gap-3">
        <div className="min-w-0 flex-1">{children}</div>
        <Button kind="ghost" icon size="small" aria-label={close} onClick={onClose}>
          <X size={14} aria-hidden />
        </Button>
      </div>
      {lane.notes.length === 0 ? (
        <p className="mt-2 text-12 text-fg-2">{words.nothingNoted}</p>
      ) : (
        <ol className="mt-2 grid gap-0.5 font-mono text-12" aria-label={words.log(lane.site)}>
          {lane.notes.map(({ at, kind, code, offset }) => (
            <li key={`${at}-${kind}`}>
              <span className="text-fg-3">{lengthText(at)}</span> {words.notes[kind]}
              {offset !== null && ` ${words.atByte(bytesText(offset))}`}
              {code !== null && <code className="text-fg-2"> {code}</code>}
            </li>
          ))}
        </ol>
      )}
      {lane.offsetMs !== null && (
        <p className="mt-2 text-12 text-fg-3">
          {words.corrected(lane.site, `${lane.offsetMs > 0 ? "+" : lane.offsetMs < 0 ? "−" : ""}${lengthText(Math.abs(lane.offsetMs))}`)}
        </p>
      )}
      {live && <LaneActions run={run} round={round} open={endOf(round) === null} site={lane.site} />}
    </section>
  );
}
