/** What went wrong in a secure round, and what came of it. */
import type { AttemptView } from "@engraft/core/rounds/secure/view";
import type { RoundView } from "@engraft/core/rounds/view";
import { Ban, MessageSquareWarning, OctagonX, RotateCcw, Sigma } from "lucide-react";
import { Note } from "../../../parts/chip.tsx";
import { CopyButton } from "../../../parts/copy.tsx";
import { bytesText, clockText, countText, listed, plural, shortDigest } from "../../../parts/figures.ts";
import { lostOf } from "./steps.ts";

interface NotesProps {
  readonly round: RoundView;
  /** Of the run. */
  readonly sites: readonly string[];
  /** Whether this is the evaluation at the end. */
  readonly evaluates: boolean;
}

export function RoundNotes({ round, sites, evaluates }: NotesProps) {
  return (
    <>
      {round.attempts.map((attempt) => (
        <AttemptNotes key={attempt.number} attempt={attempt} last={attempt === round.attempts.at(-1)} over={round.failed !== null} />
      ))}
      {round.sum === null &&
        lostOf(round)
          .filter(({ code }) => code !== "")
          .map(({ site, at, text, code }) => (
            <Note key={site} tone="warn" icon={<OctagonX size={16} className="text-bad!" aria-hidden />}>
              <b className="font-semibold">
                {site} dropped out at {at}.
              </b>{" "}
              {text} <code className="text-fg-2">{code}</code>
            </Note>
          ))}
      {round.failed !== null && (
        <Note tone="bad" icon={<OctagonX size={16} aria-hidden />}>
          <b className="font-semibold">The round ended without a sum.</b> {round.failed.text} The next round starts from the same
          checkpoint. <code className="text-fg-2">{round.failed.code}</code>
        </Note>
      )}
      {round.sum !== null && <SumNote round={round} sum={round.sum} sites={sites} evaluates={evaluates} />}
    </>
  );
}

function AttemptNotes({ attempt, last, over }: { readonly attempt: AttemptView; readonly last: boolean; readonly over: boolean }) {
  const { failed, complaints, blamed } = attempt;
  return (
    <>
      {failed !== null && (
        <Note tone="warn" icon={<RotateCcw size={16} aria-hidden />}>
          <b className="font-semibold">Attempt {attempt.number} ended without a sum.</b> {failed.text}
          {failed.missing.length > 0 && ` Missing: ${listed(failed.missing)}.`}
          {!over &&
            (last ? " The round begins anew with fresh keys once enough sites are there." : " The round began anew with fresh keys.")}{" "}
          <code className="text-fg-2">{failed.code}</code>
        </Note>
      )}
      {complaints.map(({ by, about, answered }) => (
        <Note key={`${by}-${about}`} tone="warn" icon={<MessageSquareWarning size={16} aria-hidden />}>
          <b className="font-semibold">
            {by} could not use its share from {about}.
          </b>{" "}
          {answered ? `${about} has shown that share openly, and the attempt goes on.` : `${about} is asked to show that share openly.`}
        </Note>
      ))}
      {blamed.map(({ site, code, text }) => (
        <Note key={`${site}-${code}`} tone="bad" icon={<Ban size={16} aria-hidden />}>
          <b className="font-semibold">Proved against {site}.</b> {text} <code className="text-fg-2">{code}</code>
        </Note>
      ))}
    </>
  );
}

function SumNote({ round, sum, sites, evaluates }: NotesProps & { readonly sum: NonNullable<RoundView["sum"]> }) {
  const lost = lostOf(round, sites);
  return (
    <Note tone="ok" icon={<Sigma size={16} aria-hidden />}>
      <div className="flex flex-wrap items-center gap-x-2">
        <span>
          <b className="font-semibold">The sum of {plural(sum.sites.length, "site")} was opened</b> at {clockText(sum.at)}:{" "}
          {bytesText(sum.bytes)}, {!evaluates && `total weight ${countText(sum.totalWeight)}, `}SHA-256{" "}
          <span className="font-mono text-12">{shortDigest(sum.digest)}</span>
        </span>
        <CopyButton text={sum.digest} what={`digest of the sum of round ${round.round}`} iconOnly />
      </div>
      {lost.map(({ site, at, text }) => (
        <div key={site}>
          <span className="font-medium">{site}</span> is not in it: lost at {at}. {text}
        </div>
      ))}
      {sum.crooked.length > 0 && <div>Shares dealt by {listed(sum.crooked)} did not fit together; the sum was found all the same.</div>}
    </Note>
  );
}
