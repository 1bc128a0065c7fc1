/**
 * One function for each step of an attempt: checks what the coordinator shows (secagg/), asks the rules whether the site's
 * next statement may leave, and gives what to write down first and what to send then. No I/O: `PhaseStep` is a value.
 */
import { fromBase64url, toBase64url } from "@engraft/core/base/bytes";
import { isRefusal, refuse, type Refusal } from "@engraft/core/base/errors";
import { unpackPath } from "@engraft/core/crypto/merkle";
import type { SecaggReply, SecaggStep } from "@engraft/core/protocol/messages";
import type { SignedText } from "@engraft/core/secagg/signed-text";
import { agreeOnRoster, rosterAgain, type Roster } from "@engraft/core/secagg/advertise";
import { answer, complain, readAnswer, readComplaint } from "@engraft/core/secagg/complaint";
import type { Directory } from "@engraft/core/secagg/directory";
import type { Layout } from "@engraft/core/secagg/pack";
import { mayLeave, type JournalRecord, type Request } from "@engraft/core/secagg/release-rules";
import {
  deal,
  dealEntropy,
  dealtShares,
  openShareSet,
  type Deal,
  type DealPart,
  type HeldShares,
  type Keyed,
} from "@engraft/core/secagg/share";
import { sameText, statementOf, statementText } from "@engraft/core/secagg/signed-text";
import type { Signing } from "@engraft/core/secagg/statement";
import { agreeOnSurvivors, echo, readEchoes } from "@engraft/core/secagg/survivors";
import { release } from "@engraft/core/secagg/unmask";
import type { KeptAttempt } from "../../vault/secure/kept.ts";

export interface Here {
  readonly directory: Directory;
  readonly by: Signing;
  readonly attempt: KeptAttempt;
  readonly records: readonly JournalRecord[];
  /** How the round's vector travels; undefined where none is stored. */
  readonly layout: Layout | undefined;
  readonly now: number;
  readonly random: (count: number) => Uint8Array;
}

/** `again`: stored replies, as they left the first time. Otherwise write first, then send. */
export type PhaseStep =
  | { readonly ok: true; readonly again: true; readonly replies: readonly SecaggReply[] }
  | {
      readonly ok: true;
      readonly again: false;
      readonly records: readonly JournalRecord[];
      readonly keep: Partial<KeptAttempt>;
      readonly replies: readonly SecaggReply[];
    };

type Step<P extends SecaggStep["phase"]> = Extract<SecaggStep, { phase: P }>;

export const replyOf = ({ run, round, number }: KeptAttempt) => ({ run, round, attempt: number });
export const textsOf = (texts: readonly SignedText[], kind: "advert" | "masked" | "echo") => texts.map((text) => statementOf(kind, text));

/** The roster that this site agreed to in the attempt. */
export function rosterOf({ directory, attempt }: Here): Roster | undefined {
  if (attempt.roster === undefined) return undefined;
  const bodies = attempt.roster.map(({ body }) => ({ body: fromBase64url(body) ?? new Uint8Array() }));
  return rosterAgain(directory, attempt.attemptHash, bodies);
}

export const indexIn = (roster: Roster, { by }: Here): number => roster.members.find(({ site }) => site === by.site)?.index ?? 0;

const decide = (here: Here, request: Request) => mayLeave(here.records, here.directory.numbers, request);
const again = (reply: SecaggReply | undefined): PhaseStep | Refusal =>
  reply === undefined ? refuse("attempt-stale", "What was sent before is not kept any more.") : { ok: true, again: true, replies: [reply] };

export function takeRoster(here: Here, { adverts }: Step<"roster">): PhaseStep | Refusal {
  const { directory, by, attempt } = here;
  const own = statementOf("advert", attempt.advert.statement);
  const agreed = agreeOnRoster(directory, attempt.attemptHash, textsOf(adverts, "advert"), own);
  if (isRefusal(agreed)) return agreed;
  const roster = agreed.value;
  const index = indexIn(roster, here);
  const decision = decide(here, { kind: "deal", now: here.now, attemptHash: attempt.attemptHash, roster: roster.hash, index });
  if (isRefusal(decision)) return decision;
  if (decision.repeat) return again(attempt.deal);
  const made = deal(by, roster, index, attempt.secrets, here.random(dealEntropy(roster)));
  const reply = dealReply(attempt, made.deal);
  // In the roster's order, which is not the order in which they came.
  const ordered = roster.members.map(({ site }) => adverts.find((one) => one.site === site) as SignedText);
  return { ok: true, again: false, records: decision.records, keep: { roster: ordered, deal: reply, own: made.own }, replies: [reply] };
}

const dealReply = (attempt: KeptAttempt, { statement, seedCommitment, leaves }: Deal): Extract<SecaggReply, { phase: "deal" }> => ({
  ...replyOf(attempt),
  phase: "deal",
  statement: statementText(statement),
  seedCommitment,
  leaves: leaves.map(toBase64url),
});

export function storedDeal({ attempt }: Here): Deal | undefined {
  const { deal: kept } = attempt;
  if (kept === undefined) return undefined;
  return {
    statement: statementOf("deal", kept.statement),
    seedCommitment: kept.seedCommitment,
    leaves: kept.leaves.map((leaf) => fromBase64url(leaf) ?? new Uint8Array()),
  };
}

export const partsOfStep = ({ parts }: Step<"shares">): readonly DealPart[] =>
  parts.map(({ statement, seedCommitment, seedPath, leaf, path }) => ({
    statement: statementOf("deal", statement),
    seedCommitment,
    seedPath: unpackPath(seedPath),
    leaf: fromBase64url(leaf) ?? new Uint8Array(),
    path: unpackPath(path),
  }));

/** What the share set holds for this site. */
export function readShares(here: Here, step: Step<"shares">): { readonly ok: true; readonly value: Keyed } | Refusal {
  const roster = rosterOf(here);
  const own = storedDeal(here);
  const { attempt, directory } = here;
  if (roster === undefined || own === undefined || attempt.own === undefined) {
    return refuse("attempt-stale", "This site dealt no shares in that attempt.");
  }
  const mine = { index: indexIn(roster, here), secrets: attempt.secrets, deal: own, own: attempt.own };
  return openShareSet(directory, roster, mine, partsOfStep(step));
}

/** A complaint about each dealer whose shares are garbage; made once for each. */
export function complainAbout(here: Here, keyed: Keyed): PhaseStep | Refusal {
  const { attempt, by } = here;
  const decision = decide(here, { kind: "complain", now: here.now, roster: keyed.roster.hash });
  if (isRefusal(decision)) return decision;
  const known = attempt.complaints ?? [];
  const replies = keyed.wrong.map((dealer) => {
    const statement = statementText(complain(by, keyed, dealer));
    return known.find((one) => sameText(one.statement, statement)) ?? ({ ...replyOf(attempt), phase: "complaint", statement } as const);
  });
  const fresh = replies.filter((reply) => !known.includes(reply));
  return fresh.length === 0
    ? { ok: true, again: true, replies }
    : { ok: true, again: false, records: [], keep: { complaints: [...known, ...fresh] }, replies };
}

/** A dealer answers with the shares that it dealt to the complainer. */
export function takeComplaint(here: Here, { complaint }: Step<"complaint">): PhaseStep | Refusal {
  const { attempt, by, directory } = here;
  const roster = rosterOf(here);
  const own = storedDeal(here);
  if (roster === undefined || own === undefined) return refuse("attempt-stale", "This site dealt no shares in that attempt.");
  const index = indexIn(roster, here);
  const read = readComplaint(directory, roster, index, statementOf("complaint", complaint));
  if (isRefusal(read)) return read;
  const { complainer } = read.value;
  const decision = decide(here, { kind: "answer", now: here.now, roster: roster.hash, complainer });
  if (isRefusal(decision)) return decision;
  if (decision.repeat) return again(attempt.answers?.find((one) => one.complainer === complainer)?.reply);
  const shares = dealtShares(roster, index, attempt.secrets, own, complainer);
  if (shares === undefined) return refuse("attempt-stale", "The dealt shares cannot be opened any more.");
  const statement = statementText(answer(by, roster, index, complainer, shares));
  const reply = { ...replyOf(attempt), phase: "answer", statement } as const;
  return {
    ok: true,
    again: false,
    records: decision.records,
    keep: { answers: [...(attempt.answers ?? []), { complainer, reply }] },
    replies: [reply],
  };
}

/** The complainer's side: the shares of a good answer. */
export function readAnswered(
  here: Here,
  shares: Step<"shares">,
  step: Step<"answer">,
): { readonly ok: true; readonly value: { readonly dealer: number; readonly shares: HeldShares } } | Refusal {
  const roster = rosterOf(here);
  if (roster === undefined) return refuse("attempt-stale", "This site dealt no shares in that attempt.");
  const statement = statementOf("answer", step.answer);
  const part = partsOfStep(shares).find((one) => one.statement.site === statement.site);
  if (part === undefined) return refuse("bad-message", "The answer is of a site that dealt no shares.");
  return readAnswer(here.directory, roster, indexIn(roster, here), part, statement);
}

export function takeSurvivors(here: Here, { headers }: Step<"survivors">): PhaseStep | Refusal {
  const { attempt, by, directory } = here;
  const roster = rosterOf(here);
  const { shared, masked } = attempt;
  if (roster === undefined || shared === undefined || masked === undefined) {
    return refuse("inputs-wrong", "This site sent no vector in that attempt.");
  }
  const agreed = agreeOnSurvivors(directory, roster, shared, textsOf(headers, "masked"), statementOf("masked", masked.statement));
  if (isRefusal(agreed)) return agreed;
  const survivors = agreed.value;
  const decision = decide(here, { kind: "echo", now: here.now, roster: roster.hash, inputs: survivors.hash, survivors: survivors.members });
  if (isRefusal(decision)) return decision;
  if (decision.repeat) return again(attempt.echo);
  const statement = statementText(echo(by, roster, indexIn(roster, here), survivors));
  const reply = { ...replyOf(attempt), phase: "echo", statement } as const;
  return { ok: true, again: false, records: decision.records, keep: { survivors, echo: reply }, replies: [reply] };
}

export function takeEchoes(here: Here, { echoes }: Step<"echoes">): PhaseStep | Refusal {
  const { attempt, by, directory } = here;
  const roster = rosterOf(here);
  const { shared, survivors } = attempt;
  if (roster === undefined || shared === undefined || survivors === undefined) {
    return refuse("echoes-missing", "This site has confirmed no inputs in that attempt.");
  }
  const seen = readEchoes(directory, roster, textsOf(echoes, "echo"));
  if (isRefusal(seen)) return seen;
  const decision = decide(here, { kind: "release", now: here.now, roster: roster.hash, inputs: survivors.hash, echoes: seen.value });
  if (isRefusal(decision)) return decision;
  if (decision.repeat) return again(attempt.release);
  const statement = statementText(release(by, roster, indexIn(roster, here), survivors, decision.given, new Map(shared.held)));
  const reply = { ...replyOf(attempt), phase: "release", statement } as const;
  return { ok: true, again: false, records: decision.records, keep: { release: reply }, replies: [reply] };
}
