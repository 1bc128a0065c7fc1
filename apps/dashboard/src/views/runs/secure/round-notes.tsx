"use client";
/** What went wrong in a secure round, and what came of it. */
import type { AttemptView } from "@engraft/core/rounds/secure/view";
import type { RoundView } from "@engraft/core/rounds/view";
import { Ban, MessageSquareWarning, OctagonX, RotateCcw, Sigma } from "lucide-react";
import { Note } from "../../../parts/chip.tsx";
import { CopyButton } from "../../../parts/copy.tsx";
import { bytesText, clockText, countText, listed, shortDigest } from "../../../parts/figures.ts";
import { useWords } from "../../../words/language.ts";
import { NOTES_WORDS } from "../words/secure.ts";
import { STEP_WORDS } from "../words/steps.ts";
import { lostOf } from "./steps.ts";

interface NotesProps {
  readonly round: RoundView;
  /** Of the run. */
  readonly sites: readonly string[];
  /** Whether this is the evaluation at the end. */
  readonly evaluates: boolean;
}

export function RoundNotes({ round, sites, evaluates }: NotesProps) {
  const words = useWords(NOTES_WORDS);
  const steps = useWords(STEP_WORDS);
  return (
    <>
      {round.attempts.map((attempt) => (
        <AttemptNotes key={attempt.number} attempt={attempt} last={attempt === round.attempts.at(-1)} over={round.failed !== null} />
      ))}
      {round.sum === null &&
        lostOf(round, [], steps)
          .filter(({ code }) => code !== "")
          .map(({ site, at, text, code }) => (
            <Note key={site} tone="warn" icon={<OctagonX size={16} className="text-bad!" aria-hidden />}>
              <b className="font-semibold">{words.droppedOut(site, at)}</b> <span lang="en">{text}</span>{" "}
              <code className="text-fg-2">{code}</code>
            </Note>
          ))}
      {round.failed !== null && (
        <Note tone="bad" icon={<OctagonX size={16} aria-hidden />}>
          <b className="font-semibold">{words.noSum}</b> <span lang="en">{round.failed.text}</span> {words.sameCheckpoint}{" "}
          <code className="text-fg-2">{round.failed.code}</code>
        </Note>
      )}
      {round.sum !== null && <SumNote round={round} sum={round.sum} sites={sites} evaluates={evaluates} />}
    </>
  );
}

function AttemptNotes({ attempt, last, over }: { readonly attempt: AttemptView; readonly last: boolean; readonly over: boolean }) {
  const words = useWords(NOTES_WORDS);
  const { failed, complaints, blamed } = attempt;
  return (
    <>
      {failed !== null && (
        <Note tone="warn" icon={<RotateCcw size={16} aria-hidden />}>
          <b className="font-semibold">{words.attemptFailed(attempt.number)}</b> <span lang="en">{failed.text}</span>
          {failed.missing.length > 0 && words.missing(listed(failed.missing, words.and))}
          {!over && (last ? words.beginsAnew : words.beganAnew)} <code className="text-fg-2">{failed.code}</code>
        </Note>
      )}
      {complaints.map(({ by, about, answered }) => (
        <Note key={`${by}-${about}`} tone="warn" icon={<MessageSquareWarning size={16} aria-hidden />}>
          <b className="font-semibold">{words.complaint(by, about)}</b> {answered ? words.answered(about) : words.asked(about)}
        </Note>
      ))}
      {blamed.map(({ site, code, text }) => (
        <Note key={`${site}-${code}`} tone="bad" icon={<Ban size={16} aria-hidden />}>
          <b className="font-semibold">{words.proved(site)}</b> <span lang="en">{text}</span> <code className="text-fg-2">{code}</code>
        </Note>
      ))}
    </>
  );
}

function SumNote({ round, sum, sites, evaluates }: NotesProps & { readonly sum: NonNullable<RoundView["sum"]> }) {
  const words = useWords(NOTES_WORDS);
  const steps = useWords(STEP_WORDS);
  const lost = lostOf(round, sites, steps);
  return (
    <Note tone="ok" icon={<Sigma size={16} aria-hidden />}>
      <div className="flex flex-wrap items-center gap-x-2">
        <span>
          <b className="font-semibold">{words.opened(sum.sites.length)}</b> {words.at(clockText(sum.at), bytesText(sum.bytes))}
          {!evaluates && words.weight(countText(sum.totalWeight))}SHA-256{" "}
          <span className="font-mono text-12">{shortDigest(sum.digest)}</span>
        </span>
        <CopyButton text={sum.digest} what={words.digest(round.round)} iconOnly />
      </div>
      {lost.map(({ site, at, text }) => (
        <div key={site}>
          <span className="font-medium">{site}</span> {words.notIn(at)} <span lang="en">{text}</span>
        </div>
      ))}
      {sum.crooked.length > 0 && <div>{words.crooked(listed(sum.crooked, words.and))}</div>}
    </Note>
  );
}
