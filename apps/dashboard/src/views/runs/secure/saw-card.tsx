"use client";
import type { RoundRecordView } from "@engraft/coordinator/api/views";
import type { Numbers } from "@engraft/core/models/directory-numbers";
import type { RoundView, RunView } from "@engraft/core/rounds/view";
import { Check, Download, Eye, ShieldAlert, ShieldCheck, TriangleAlert } from "lucide-react";
import { buttonClass } from "../../../parts/button.tsx";
import { Card } from "../../../parts/card.tsx";
import { Note } from "../../../parts/chip.tsx";
import { CodeLine } from "../../../parts/copy.tsx";
import { countText, listed } from "../../../parts/figures.ts";
import { Empty, Failed, Skeleton } from "../../../parts/states.tsx";
import { useWords } from "../../../words/language.ts";
import { SAW_WORDS } from "../words/secure.ts";
import { useMay } from "../../../shell/session.tsx";
import { sitesShown } from "./pooled.ts";
import { sawOf, sawWords, type Held, type Saw } from "./saw.ts";
import { SawTable } from "./saw-table.tsx";
import { allRounds } from "./steps.ts";

interface SawProps {
  readonly view: RunView;
  readonly selected: number;
  readonly held: Held;
  readonly numbers: Numbers;
  readonly error: unknown;
  readonly retry: () => void;
}

/** What the coordinator was sent for a sum, and whether a single update could be read from it: computed, not claimed. */
export function SawCard({ view, selected, held, numbers, error, retry }: SawProps) {
  const words = useWords(SAW_WORDS);
  const mayDownload = useMay("GET /records/<run>/<round>/<file>");
  const record = held.records.find((each) => each.round === selected);
  const round = allRounds(view).find((each) => each.round === selected);
  return (
    <Card
      title={words.title}
      aside={view.evaluationRound?.round === selected ? words.inLast : words.inRound(selected)}
      end={
        record !== undefined &&
        mayDownload && (
          <a className={buttonClass({ size: "small" })} href={`/records/${view.run}/${selected}/record.json`} download>
            <Download size={14} aria-hidden />
            {words.record}
          </a>
        )
      }
      footer={<CheckIt run={view.run} selected={record?.round ?? held.records[0]?.round ?? 1} held={held} />}
    >
      {record !== undefined ? (
        <Record record={record} numbers={numbers} view={view} />
      ) : round?.sum !== null && round?.sum !== undefined ? (
        error === null ? (
          <Skeleton rows={5} label={words.reading} />
        ) : (
          <Failed error={error} retry={retry} />
        )
      ) : (
        <NoRecord round={round} />
      )}
    </Card>
  );
}

function NoRecord({ round }: { readonly round: RoundView | undefined }) {
  const words = useWords(SAW_WORDS);
  return round?.failed === null || round === undefined ? (
    <Empty title={words.notOpened}>{words.notOpenedMeans}</Empty>
  ) : (
    <Empty title={words.noSum}>{words.noSumMeans}</Empty>
  );
}

interface RecordProps {
  readonly record: RoundRecordView;
  readonly numbers: Numbers;
  readonly view: RunView;
}

function Record({ record, numbers, view }: RecordProps) {
  const words = useWords(SAW_WORDS);
  const saw = sawOf(record, numbers, words);
  return (
    <>
      <div className="grid gap-x-8 gap-y-4 px-4 py-4 lg:grid-cols-2">
        <Answer record={record} saw={saw} numbers={numbers} shown={sitesShown(view)} />
        <ul className="grid content-start gap-3">
          {saw.conditions.map(({ holds, title, words: said }) => (
            <li key={title} className="flex items-start gap-2">
              {holds ? (
                <Check size={16} className="mt-0.5 flex-none text-accent" role="img" aria-label={words.holds} />
              ) : (
                <TriangleAlert size={16} className="mt-0.5 flex-none text-bad" role="img" aria-label={words.holdsNot} />
              )}
              <div className="min-w-0">
                <div className="font-medium">{title}</div>
                <div className="text-12 text-fg-2">{said}</div>
              </div>
            </li>
          ))}
        </ul>
      </div>
      <SawTable record={record} saw={saw} sites={view.sites} threshold={numbers.threshold} />
    </>
  );
}

interface AnswerProps {
  readonly record: RoundRecordView;
  readonly saw: Saw;
  readonly numbers: Numbers;
  /** Sites that sent figures of their own. */
  readonly shown: readonly string[];
}

function Answer({ record, saw, numbers: { sites, liars }, shown }: AnswerProps) {
  const words = useWords(SAW_WORDS);
  const yes = saw.readable.length > 0;
  const Icon = yes ? ShieldAlert : ShieldCheck;
  return (
    <div>
      <p className="text-fg-2">{words.question(record.purpose === "train")}</p>
      <p className={`my-1 flex items-center gap-2 text-20 font-semibold ${yes ? "text-bad" : "text-accent"}`}>
        <Icon size={20} aria-hidden />
        {yes ? words.yes : words.no}
      </p>
      <p>{sawWords(record, saw, words)}</p>
      {!yes && <p className="mt-1 text-12 text-fg-2">{words.asLong(liars, sites)}</p>}
      {shown.length > 0 && <p className="mt-1 text-12 text-warn">{words.beside(listed(shown, words.and))}</p>}
    </div>
  );
}

/** The same answer, from a program that shares no code with this one. */
function CheckIt({ run, selected, held }: { readonly run: string; readonly selected: number; readonly held: Held }) {
  const words = useWords(SAW_WORDS);
  const { sums, readable } = held;
  const lines = `engraft-coordinator run record ${run} --out DIR\npython3 tools/check-record/check_record.py DIR/round-${selected}`;
  return (
    <div className="grid items-center gap-x-8 gap-y-3 lg:grid-cols-2">
      <div>
        <div className="font-medium text-fg">{words.checkIt}</div>
        <p>
          {words.checkItMeans}
          {sums > 0 && (
            <>
              {" "}
              {words.records(sums)}
              {readable.length === 0 ? words.noneLets : <b className="text-bad">{words.someLet}</b>}
            </>
          )}
        </p>
      </div>
      <CodeLine code={lines} what={words.commands} />
    </div>
  );
}

/** Under plain aggregation there is nothing to compute: every update came readable. */
export function PlainSawCard({ view, selected }: { readonly view: RunView; readonly selected: number }) {
  const words = useWords(SAW_WORDS);
  const round = view.rounds.find((each) => each.round === selected);
  const answers = round?.answers ?? [];
  return (
    <Card title={words.title} aside={round === undefined ? "" : words.inRound(selected)}>
      <div className="px-4 py-4">
        <Note tone="bad" edge icon={<Eye size={16} aria-hidden />}>
          <b className="font-semibold">{words.plainYes}</b> {answers.length === 0 ? words.plainNone : words.plainCame(answers.length)}{" "}
          {words.plainNext}
        </Note>
      </div>
      {answers.length > 0 && (
        <ul className="list tight border-t border-line">
          {answers.map(({ site, bytes, sampleCount }) => (
            <li key={site} className="flex flex-wrap items-center gap-x-4">
              <span className="min-w-28 font-medium">{site}</span>
              <span className="text-fg-2 tabular-nums">{words.plainLine(countText(bytes), sampleCount ?? 0)}</span>
              <span className="ml-auto inline-flex items-center gap-1.5 font-medium text-bad">
                <Eye size={14} aria-hidden />
                {words.readable}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
