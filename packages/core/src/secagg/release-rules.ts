/**
 * Which statement may leave a site. ONE pure function over the site's journal (SPEC.md, G1 to G12): the caller writes the
 * records that a decision gives, durably, and only then sends; it sends nothing without a decision. Signatures have been
 * verified before (the phases' own files); what the coordinator *asks* for is never part of a request, so there is no way
 * to ask for another share than the rules give.
 */
import { refuse, type Code, type Refusal } from "../base/errors.ts";
import type { Digest } from "../base/ids.ts";
import type { Numbers } from "../models/directory-numbers.ts";
import type { ShareKind } from "./share.ts";
import type { SeenEcho } from "./survivors.ts";

interface InRound {
  readonly run: string;
  readonly round: number;
  readonly roundHash: Digest;
}

/** The journal, oldest first. Hashes and names only: secrets and stored bytes are kept beside it. */
export type JournalRecord =
  | {
      readonly kind: "approved";
      readonly run: string;
      readonly plan: Digest;
      readonly directory: Digest;
      readonly rounds: number;
      readonly compared: boolean;
    }
  | ({ readonly kind: "stored"; readonly vector: Digest } & InRound)
  | ({ readonly kind: "advertised"; readonly attempt: number; readonly attemptHash: Digest; readonly until: number } & InRound)
  | { readonly kind: "dealt"; readonly attemptHash: Digest; readonly roster: Digest; readonly index: number }
  | { readonly kind: "charged"; readonly roundHash: Digest }
  | {
      readonly kind: "masked";
      readonly roster: Digest;
      readonly shares: Digest;
      readonly dealers: readonly number[];
      readonly vector: Digest;
    }
  | { readonly kind: "answered"; readonly roster: Digest; readonly complainer: number }
  | { readonly kind: "echoed"; readonly roster: Digest; readonly inputs: Digest; readonly survivors: readonly number[] }
  | ({ readonly kind: "released"; readonly roster: Digest; readonly inputs: Digest } & InRound)
  | { readonly kind: "finished"; readonly run: string; readonly round: number }
  | { readonly kind: "restored" };

/** What the site is about to send, in terms it has checked itself. `now` is the site's own clock, milliseconds. */
export type Request = { readonly now: number } & (
  | ({
      readonly kind: "advertise";
      readonly plan: Digest;
      readonly directory: Digest;
      readonly attempt: number;
      readonly maxAttempts: number;
      readonly attemptHash: Digest;
      readonly until: number;
    } & InRound)
  | { readonly kind: "deal"; readonly attemptHash: Digest; readonly roster: Digest; readonly index: number }
  | {
      readonly kind: "mask";
      readonly roster: Digest;
      readonly shares: Digest;
      readonly dealers: readonly number[];
      readonly vector: Digest;
    }
  | { readonly kind: "complain"; readonly roster: Digest }
  | { readonly kind: "answer"; readonly roster: Digest; readonly complainer: number }
  | { readonly kind: "echo"; readonly roster: Digest; readonly inputs: Digest; readonly survivors: readonly number[] }
  | { readonly kind: "release"; readonly roster: Digest; readonly inputs: Digest; readonly echoes: readonly SeenEcho[] }
);

/** A share that may leave: of which dealer, and of which of its two secrets. */
export interface GivenShare {
  readonly index: number;
  readonly kind: ShareKind;
}

export interface Decision {
  readonly ok: true;
  /** True: send the stored bytes of the first time again, make nothing anew. */
  readonly repeat: boolean;
  /** To be written durably before the first byte leaves. */
  readonly records: readonly JournalRecord[];
  /** For a release: exactly these. */
  readonly given: readonly GivenShare[];
}

type Kind = JournalRecord["kind"];
type Of<K extends Kind> = Extract<JournalRecord, { readonly kind: K }>;
type Asked<K extends Request["kind"]> = Extract<Request, { readonly kind: K }>;

const send = (records: readonly JournalRecord[], given: readonly GivenShare[] = []): Decision => ({
  ok: true,
  repeat: false,
  records,
  given,
});
const AGAIN: Decision = { ok: true, repeat: true, records: [], given: [] };
const no = (rule: string, code: Code, text: string): Refusal => refuse(code, `${text} (rule ${rule})`);
const same = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((value, at) => value === b[at]);

/** What still holds of a journal: after a restore nothing that came before it except what may never be forgotten. */
function reading(journal: readonly JournalRecord[]) {
  const restoredAt = journal.findLastIndex(({ kind }) => kind === "restored");
  const all = <K extends Kind>(kind: K): readonly Of<K>[] => journal.filter((record): record is Of<K> => record.kind === kind);
  const live = <K extends Kind>(kind: K): readonly Of<K>[] =>
    journal.slice(restoredAt + 1).filter((record): record is Of<K> => record.kind === kind);
  return { all, live };
}

type Reading = ReturnType<typeof reading>;

/** The attempt that a roster or attempt belongs to, where it is the live one: not ended, not overtaken, not expired. */
function liveAttempt(read: Reading, attemptHash: Digest, now: number): Of<"advertised"> | Refusal {
  const latest = read.live("advertised").find((one) => one.attemptHash === attemptHash);
  if (latest === undefined || read.live("advertised").findLast((one) => one.run === latest.run) !== latest) {
    return no("G8", "attempt-stale", "This attempt is not the site's live one.");
  }
  if (read.all("finished").some((one) => one.run === latest.run && one.round >= latest.round)) {
    return no("G7", "stale-round", "This round is over.");
  }
  return now > latest.until ? no("G12", "attempt-stale", "The time of this attempt is over by this site's own clock.") : latest;
}

/** The dealt roster, with its live attempt. */
function liveRoster(
  read: Reading,
  roster: Digest,
  now: number,
): { readonly dealt: Of<"dealt">; readonly attempt: Of<"advertised"> } | Refusal {
  const dealt = read.live("dealt").find((one) => one.roster === roster);
  if (dealt === undefined) return no("G7", "attempt-stale", "This site dealt no shares under that roster.");
  const attempt = liveAttempt(read, dealt.attemptHash, now);
  return "ok" in attempt ? attempt : { dealt, attempt };
}

function mayAdvertise(read: Reading, asked: Asked<"advertise">): Decision | Refusal {
  const { run, round, roundHash, attempt, attemptHash, until } = asked;
  const approval = read.live("approved").findLast((one) => one.run === run && one.plan === asked.plan && one.directory === asked.directory);
  if (approval === undefined) {
    const restored = read.all("restored").length > 0;
    return restored && read.all("approved").some((one) => one.run === run)
      ? no("G11", "site-restored", "This site was restored from an old copy: its steward must approve again.")
      : no("G9", "plan-not-approved", "The steward has not approved this plan and directory for this run.");
  }
  if (!approval.compared) return no("G9", "directory-not-compared", "The directory's code has not been compared with the other stewards.");
  if (round < 1 || round > approval.rounds) return no("G9", "plan-not-approved", "The approval does not cover this round.");
  const over = [...read.all("finished"), ...read.all("released")].filter((one) => one.run === run);
  const before = read.live("advertised").filter((one) => one.run === run);
  const repeated = before.at(-1)?.attemptHash === attemptHash && before.at(-1)?.attempt === attempt;
  if (read.all("released").some((one) => one.run === run && one.round === round && !repeated)) {
    return no("G5", "round-released", "This site has released its shares in this round: it joins no other attempt of it.");
  }
  if (over.some((one) => one.round > round) || read.all("advertised").some((one) => one.run === run && one.round > round)) {
    return no("G7", "stale-round", "This site is in a later round already.");
  }
  if (read.all("finished").some((one) => one.run === run && one.round === round)) return no("G7", "stale-round", "This round is over.");
  if (read.all("advertised").some((one) => one.run === run && one.round === round && one.roundHash !== roundHash)) {
    return no("G7", "attempt-stale", "The round was begun with another plan, base model or directory.");
  }
  if (repeated) return AGAIN;
  const highest = Math.max(
    0,
    ...read
      .all("advertised")
      .filter((one) => one.roundHash === roundHash)
      .map((one) => one.attempt),
  );
  if (attempt <= highest || attempt > asked.maxAttempts) return no("G8", "attempt-stale", "Each attempt of a round has a higher number.");
  if (!read.live("stored").some((one) => one.roundHash === roundHash)) {
    return no("G6", "attempt-stale", "No vector is stored for this round: train first, then open the keys.");
  }
  return send([{ kind: "advertised", run, round, roundHash, attempt, attemptHash, until }]);
}

function mayDeal(read: Reading, asked: Asked<"deal">): Decision | Refusal {
  const { attemptHash, roster, index } = asked;
  const attempt = liveAttempt(read, attemptHash, asked.now);
  if ("ok" in attempt) return attempt;
  const before = read.live("dealt").find((one) => one.attemptHash === attemptHash);
  if (before === undefined) return send([{ kind: "dealt", attemptHash, roster, index }]);
  return before.roster === roster
    ? AGAIN
    : no("G1", "second-set", "A second roster in one attempt: this site dealt its shares under another.");
}

function mayMask(read: Reading, asked: Asked<"mask">, numbers: Numbers): Decision | Refusal {
  const { roster, shares, dealers, vector } = asked;
  const at = liveRoster(read, roster, asked.now);
  if ("ok" in at) return at;
  const stored = read.live("stored").find((one) => one.roundHash === at.attempt.roundHash);
  if (stored?.vector !== vector) return no("G6", "second-set", "Only the vector that was stored for the round is ever masked.");
  const before = read.live("masked").find((one) => one.roster === roster);
  if (before !== undefined) {
    return before.shares === shares
      ? AGAIN
      : no("G1", "second-set", "A second set of shares: this site masked its vector against another.");
  }
  if (!dealers.includes(at.dealt.index)) return no("G4", "inputs-wrong", "This site's own shares are left out.");
  if (dealers.length < numbers.minCohort) return no("G3", "too-few-sites", "Too few sites dealt shares.");
  const { roundHash } = at.attempt;
  // Others can open the sum without this site's release, so the privacy budget is charged here, once in a round.
  const charge: readonly JournalRecord[] = read.all("charged").some((one) => one.roundHash === roundHash)
    ? []
    : [{ kind: "charged", roundHash }];
  return send([...charge, { kind: "masked", roster, shares, dealers, vector }]);
}

/** A complaint names a dealer and holds no share, but nothing at all of an attempt leaves once it has ended. */
function mayComplain(read: Reading, { roster, now }: Asked<"complain">): Decision | Refusal {
  const at = liveRoster(read, roster, now);
  if ("ok" in at) return at;
  return read.live("masked").some((one) => one.roster === roster)
    ? no("G1", "second-set", "A second set of shares: this site masked its vector against another.")
    : send([]);
}

function mayAnswer(read: Reading, asked: Asked<"answer">, numbers: Numbers): Decision | Refusal {
  const { roster, complainer } = asked;
  const at = liveRoster(read, roster, asked.now);
  if ("ok" in at) return at;
  if (complainer === at.dealt.index) return no("G2", "release-refused", "A site does not answer itself.");
  const answered = read.live("answered").filter((one) => one.roster === roster);
  if (answered.some((one) => one.complainer === complainer)) return AGAIN;
  return answered.length >= numbers.liars
    ? no("G2", "too-many-complaints", "More sites complain than may lie: another answer could open this site's secrets.")
    : send([{ kind: "answered", roster, complainer }]);
}

function mayEcho(read: Reading, asked: Asked<"echo">, numbers: Numbers): Decision | Refusal {
  const { roster, inputs, survivors } = asked;
  const at = liveRoster(read, roster, asked.now);
  if ("ok" in at) return at;
  const masked = read.live("masked").find((one) => one.roster === roster);
  if (masked === undefined || !survivors.includes(at.dealt.index))
    return no("G4", "inputs-wrong", "This site's own vector is not in the sum.");
  if (!survivors.every((index) => masked.dealers.includes(index))) return no("G4", "inputs-wrong", "A survivor dealt no shares.");
  if (new Set(survivors).size < numbers.minCohort) return no("G3", "too-few-sites", "Too few vectors are in the sum.");
  const before = read.live("echoed").find((one) => one.roster === roster);
  if (before === undefined) return send([{ kind: "echoed", roster, inputs, survivors }]);
  return before.inputs === inputs && same(before.survivors, survivors)
    ? AGAIN
    : no("G1", "second-set", "A second set of survivors: this site echoed another.");
}

function mayRelease(read: Reading, asked: Asked<"release">, numbers: Numbers): Decision | Refusal {
  const { roster, inputs, echoes } = asked;
  const at = liveRoster(read, roster, asked.now);
  if ("ok" in at) return at;
  const { run, round, roundHash } = at.attempt;
  const echoed = read.live("echoed").find((one) => one.roster === roster);
  const masked = read.live("masked").find((one) => one.roster === roster);
  if (echoed === undefined || masked === undefined) return no("G3", "echoes-missing", "This site has not echoed the survivors yet.");
  if (echoed.inputs !== inputs) return no("G1", "second-set", "A second set of survivors: this site echoed another.");
  const released = read.all("released").find((one) => one.run === run && one.round === round);
  if (released !== undefined) {
    return released.roster === roster && released.inputs === inputs
      ? AGAIN
      : no("G5", "round-released", "This site has released its shares in this round already.");
  }
  const witnesses = new Set(echoes.filter((one) => one.inputs === inputs && echoed.survivors.includes(one.index)).map((one) => one.index));
  if (witnesses.size < numbers.threshold || echoed.survivors.length < numbers.minCohort) {
    return no("G3", "echoes-missing", `${witnesses.size} survivors saw these inputs; ${numbers.threshold} are needed.`);
  }
  const given = masked.dealers.map((index): GivenShare => ({ index, kind: echoed.survivors.includes(index) ? "seed" : "key" }));
  return send([{ kind: "released", run, round, roundHash, roster, inputs }], given);
}

/** May this leave? A decision with the records to write first, or a refusal that names its rule. Never throws. */
export function mayLeave(journal: readonly JournalRecord[], numbers: Numbers, request: Request): Decision | Refusal {
  const read = reading(journal);
  switch (request.kind) {
    case "advertise":
      return mayAdvertise(read, request);
    case "deal":
      return mayDeal(read, request);
    case "mask":
      return mayMask(read, request, numbers);
    case "complain":
      return mayComplain(read, request);
    case "answer":
      return mayAnswer(read, request, numbers);
    case "echo":
      return mayEcho(read, request, numbers);
    case "release":
      return mayRelease(read, request, numbers);
  }
}
