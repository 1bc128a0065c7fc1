/** Whether a secure ask may be answered at all, before anything is fetched or trained (SPEC.md, G9, G11, G13). Pure. */
import { canonicalJson } from "@engraft/core/base/canonical";
import { isRefusal, refuse, type Refusal } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import type { Ask, AttemptOpening, Outcome } from "@engraft/core/protocol/messages";
import type { Directory } from "@engraft/core/secagg/directory";
import { mayLeave, type JournalRecord, type Request } from "@engraft/core/secagg/release-rules";
import { attemptHash, roundHash } from "@engraft/core/secagg/transcript";
import { fromHex } from "@engraft/core/base/bytes";
import type { Membership } from "../../vault/federation.ts";
import { ownDirectory } from "../../vault/own-directory.ts";
import type { Memory } from "../../vault/secure/kept.ts";
import type { Agreed } from "../check-ask.ts";
import { sameHeadAgain } from "./same-head.ts";

/** A secure ask that this site takes part in. */
export interface Admitted {
  readonly ok: true;
  readonly ask: SecureAsk;
  readonly directory: Directory;
  readonly roundHash: Digest;
  /** What the rules are asked before the keys leave. */
  readonly request: Extract<Request, { kind: "advertise" }>;
  /** To be written down before anything rests on it: an outcome that was news, and the run that the decision now serves. */
  readonly news: Outcome | undefined;
  readonly approved: JournalRecord | undefined;
}

export type SecureAsk = Ask & { readonly attempt: AttemptOpening };

interface Known {
  readonly membership: Membership;
  readonly memory: Memory;
  readonly records: readonly JournalRecord[];
  readonly compared: boolean;
  readonly now: number;
}

export function admit(agreed: Agreed, known: Known): Admitted | Refusal {
  const { ask, offered, decision } = agreed;
  const { attempt, run, round, plan } = ask;
  const { aggregation, cohort, rounds } = offered.plan;
  if (attempt === null || aggregation.method !== "secure") {
    return refuse("wrong-plan", "The plan adds updates up securely, but the ask opens no attempt.");
  }
  const directory = ownDirectory(known.membership, offered.plan);
  if (isRefusal(directory)) return directory;
  if (!known.compared) {
    const command = `engraft-site directory ${plan.slice(0, 12)}`;
    return refuse("directory-not-compared", `The directory's code was not compared with the other stewards. Run "${command}".`);
  }
  const admitted = admittedRun(ask, decision.statement.sig, known);
  if (isRefusal(admitted)) return admitted;
  const lineage = follows(ask, attempt, known);
  if (isRefusal(lineage)) return lineage;
  const { coordinator } = known.membership.federation;
  const hash = roundHash({ run, round, plan, base: ask.checkpoint.digest, directory: directory.hash, coordinator });
  const request = {
    kind: "advertise",
    now: known.now,
    run,
    round,
    roundHash: hash,
    plan,
    directory: directory.hash,
    attempt: attempt.number,
    maxAttempts: aggregation.attempts,
    attemptHash: attemptHash(hash, attempt.number, fromHex(attempt.nonce) ?? new Uint8Array(32)),
    until: known.now + 1e3 * (cohort.deadlineSeconds + 5 * aggregation.phaseSeconds),
  } as const;
  const approved: JournalRecord | undefined = admitted.newRun
    ? { kind: "approved", run, plan, directory: directory.hash, rounds: rounds.count + 1, compared: true }
    : undefined;
  const again = sameHeadAgain(offered.plan, ask, known.records, (earlier) =>
    roundHash({ run, round: earlier, plan, base: ask.checkpoint.digest, directory: directory.hash, coordinator }),
  );
  if (again !== undefined) return again;
  const result = { ok: true, ask: { ...ask, attempt }, directory, roundHash: hash, request, news: lineage.news, approved } as const;
  return wouldJoin(result, known) ?? result;
}

/** What the rules will say once the vector is stored: a site that may not join need not train. */
function wouldJoin({ ask, directory, roundHash: hash, request, news, approved }: Admitted, known: Known): Refusal | undefined {
  const { run, round, kind } = ask;
  const stored = known.memory.rounds[hash];
  if (stored !== undefined && stored.purpose !== kind) {
    return refuse("inputs-wrong", "The round was begun for another purpose: what is stored for it cannot be sent for this one.");
  }
  if (stored === undefined && sinceRestored(known.records).some((record) => record.kind === "stored" && record.roundHash === hash)) {
    return refuse("attempt-stale", "What this site had stored for the round is wiped. It joins again in the next round.");
  }
  const then: readonly JournalRecord[] = [
    ...known.records,
    ...(approved === undefined ? [] : [approved]),
    ...(news === undefined ? [] : [{ kind: "finished", run, round: news.round } as const]),
    { kind: "stored", run, round, roundHash: hash, vector: hash },
  ];
  const decision = mayLeave(then, directory.numbers, request);
  return isRefusal(decision) ? decision : undefined;
}

const sinceRestored = (records: readonly JournalRecord[]): readonly JournalRecord[] =>
  records.slice(records.findLastIndex(({ kind }) => kind === "restored") + 1);

/** One run for each decision: a second one with a site less would show that site's update. */
function admittedRun(
  { run, plan }: Ask,
  decision: string,
  { memory, records }: Known,
): { readonly ok: true; readonly newRun: boolean } | Refusal {
  if (memory.voided.includes(decision)) {
    return refuse(
      "site-restored",
      "This site was restored from an older copy, so its approvals count no more: its steward must approve again.",
    );
  }
  // A decision that was made anew while the run went on is left for the next run.
  if (sinceRestored(records).some((record) => record.kind === "approved" && record.run === run && record.plan === plan)) {
    return { ok: true, newRun: false };
  }
  const before = memory.admitted[decision];
  return before === undefined || before === run
    ? { ok: true, newRun: true }
    : refuse("plan-not-approved", `The steward's approval served ${before}; it must be given again for another run.`);
}

/** The round starts from what the last sum came to, and the coordinator tells everybody the same of it. */
function follows(
  ask: Ask,
  { previous }: AttemptOpening,
  { memory, records }: Known,
): { readonly ok: true; readonly news: Outcome | undefined } | Refusal {
  const known = memory.outcomes[ask.run];
  if (known !== undefined && (previous === null || previous.round < known.round)) {
    return refuse(
      "stale-round",
      `This site knows of the sum of round ${known.round}, and the coordinator does not: was it restored from a backup?`,
    );
  }
  if (known !== undefined && known.round === previous?.round && canonicalJson(known) !== canonicalJson(previous)) {
    return refuse("inputs-wrong", "The coordinator tells two stories of one round's sum.");
  }
  if ((previous?.checkpoint ?? ask.start.digest) !== ask.checkpoint.digest) {
    return refuse("inputs-wrong", "The round does not start from what the last sum came to.");
  }
  if (previous !== null && !asEchoed(records, previous)) {
    return refuse("inputs-wrong", "The last sum is said to be of other inputs than this site confirmed.");
  }
  return { ok: true, news: known?.round === previous?.round ? undefined : (previous ?? undefined) };
}

/** What the site confirmed under that roster is what the sum is of; true where it confirmed nothing. */
export function asEchoed(records: readonly JournalRecord[], { roster, inputs }: Outcome): boolean {
  const echoed = records.findLast((record) => record.kind === "echoed" && record.roster === roster);
  return echoed?.kind !== "echoed" || echoed.inputs === inputs;
}
