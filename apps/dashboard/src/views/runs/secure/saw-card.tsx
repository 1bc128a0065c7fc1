"use client";
import type { RoundRecordView } from "@engraft/coordinator/api/views";
import type { Numbers } from "@engraft/core/models/directory-numbers";
import type { RoundView, RunView } from "@engraft/core/rounds/view";
import { Check, Download, Eye, ShieldAlert, ShieldCheck, TriangleAlert } from "lucide-react";
import { buttonClass } from "../../../parts/button.tsx";
import { Card } from "../../../parts/card.tsx";
import { Note } from "../../../parts/chip.tsx";
import { CodeLine } from "../../../parts/copy.tsx";
import { listed, plural } from "../../../parts/figures.ts";
import { Empty, Failed, Skeleton } from "../../../parts/states.tsx";
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
  const record = held.records.find((each) => each.round === selected);
  const round = allRounds(view).find((each) => each.round === selected);
  return (
    <Card
      title="What the coordinator saw"
      aside={roundName(view, selected)}
      end={
        record !== undefined && (
          <a className={buttonClass({ size: "small" })} href={`/records/${view.run}/${selected}/record.json`} download>
            <Download size={14} aria-hidden />
            Record
          </a>
        )
      }
      footer={<CheckIt run={view.run} selected={record?.round ?? held.records[0]?.round ?? 1} held={held} />}
    >
      {record !== undefined ? (
        <Record record={record} numbers={numbers} view={view} />
      ) : round?.sum !== null && round?.sum !== undefined ? (
        error === null ? (
          <Skeleton rows={5} label="Reading the record" />
        ) : (
          <Failed error={error} retry={retry} />
        )
      ) : (
        <NoRecord round={round} />
      )}
    </Card>
  );
}

const roundName = (view: RunView, selected: number): string =>
  view.evaluationRound?.round === selected ? "in the last evaluation" : `in round ${selected}`;

function NoRecord({ round }: { readonly round: RoundView | undefined }) {
  return round?.failed === null || round === undefined ? (
    <Empty title="No sum opened yet">
      When this round’s sum is opened, its record shows each masked vector, who released which kind of share for whom, and what could be
      read from that.
    </Empty>
  ) : (
    <Empty title="No sum, so no record">This round ended without a sum. What each site sent until then stands in its own journal.</Empty>
  );
}

interface RecordProps {
  readonly record: RoundRecordView;
  readonly numbers: Numbers;
  readonly view: RunView;
}

function Record({ record, numbers, view }: RecordProps) {
  const saw = sawOf(record, numbers);
  return (
    <>
      <div className="grid gap-x-8 gap-y-4 px-4 py-4 lg:grid-cols-2">
        <Answer record={record} saw={saw} numbers={numbers} shown={sitesShown(view)} />
        <ul className="grid content-start gap-3">
          {saw.conditions.map(({ holds, title, words }) => (
            <li key={title} className="flex items-start gap-2">
              {holds ? (
                <Check size={16} className="mt-0.5 flex-none text-accent" role="img" aria-label="Holds" />
              ) : (
                <TriangleAlert size={16} className="mt-0.5 flex-none text-bad" role="img" aria-label="Does not hold" />
              )}
              <div className="min-w-0">
                <div className="font-medium">{title}</div>
                <div className="text-12 text-fg-2">{words}</div>
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
  const yes = saw.readable.length > 0;
  const Icon = yes ? ShieldAlert : ShieldCheck;
  return (
    <div>
      <p className="text-fg-2">Could it read one site’s {record.purpose === "train" ? "update" : "counts"}?</p>
      <p className={`my-1 flex items-center gap-2 text-20 font-semibold ${yes ? "text-bad" : "text-accent"}`}>
        <Icon size={20} aria-hidden />
        {yes ? "Yes" : "No"}
      </p>
      <p>{sawWords(record, saw)}</p>
      {!yes && (
        <p className="mt-1 text-12 text-fg-2">
          As long as at most {liars} of the {sites} sites {liars === 1 ? "works" : "work"} with it against the rest, as the plan assumes.
          The sum itself is readable, and says something about all patients together.
        </p>
      )}
      {shown.length > 0 && (
        <p className="mt-1 text-12 text-warn">
          Beside the sums it reads figures of their own patients from {listed(shown)}: the plan asks for them and their stewards allow it.
        </p>
      )}
    </div>
  );
}

/** The same answer, from a program that shares no code with this one. */
function CheckIt({ run, selected, held }: { readonly run: string; readonly selected: number; readonly held: Held }) {
  const { sums, readable } = held;
  const lines = `engraft-coordinator run record ${run} --out DIR\npython3 tools/check-record/check_record.py DIR/round-${selected}`;
  return (
    <div className="grid items-center gap-x-8 gap-y-3 lg:grid-cols-2">
      <div>
        <div className="font-medium text-fg">Check it without this page</div>
        <p>
          The first command saves what the coordinator holds. The second shares no code with it: it verifies every signature, rebuilds the
          sum bit for bit and says whether a single update could be read.
          {sums > 0 && (
            <>
              {" "}
              {plural(sums, "record")} of this run so far, {readable.length === 0 ? "none lets" : <b className="text-bad">some let</b>} a
              single update be read.
            </>
          )}
        </p>
      </div>
      <CodeLine code={lines} what="commands that rebuild the sum" />
    </div>
  );
}

/** Under plain aggregation there is nothing to compute: every update came readable. */
export function PlainSawCard({ view, selected }: { readonly view: RunView; readonly selected: number }) {
  const round = view.rounds.find((each) => each.round === selected);
  const answers = round?.answers ?? [];
  return (
    <Card title="What the coordinator saw" aside={round === undefined ? "" : `in round ${selected}`}>
      <div className="px-4 py-4">
        <Note tone="bad" edge icon={<Eye size={16} aria-hidden />}>
          <b className="font-semibold">Yes, it could read every site’s update.</b>{" "}
          {answers.length === 0
            ? "Under this plan each update comes in plain. None has come in this round yet."
            : `In this round ${plural(answers.length, "update")} came in plain, with the number of training patients.`}{" "}
          A next version of the plan with secure aggregation hides them; each site approves it anew.
        </Note>
      </div>
      {answers.length > 0 && (
        <ul className="list tight border-t border-line">
          {answers.map(({ site, bytes, sampleCount }) => (
            <li key={site} className="flex flex-wrap items-center gap-x-4">
              <span className="min-w-28 font-medium">{site}</span>
              <span className="text-fg-2 tabular-nums">
                {bytes.toLocaleString("en-GB")} bytes, {plural(sampleCount ?? 0, "patient")}
              </span>
              <span className="ml-auto inline-flex items-center gap-1.5 font-medium text-bad">
                <Eye size={14} aria-hidden />
                readable
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
