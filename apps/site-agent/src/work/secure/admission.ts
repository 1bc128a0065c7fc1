/** Whether a secure ask may be answered at all, before anything is fetched or trained (SPEC.md, G9, G11, G14). Pure. */
import { canonicalJson } from "@engraft/core/base/canonical";
import { isRefusal, refuse, type Refusal } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import type { Ask, AttemptOpening, Outcome } from "@engraft/core/protocol/messages";
import type { Directory } from "@engraft/core/secagg/directory";
import type { JournalRecord } from "@engraft/core/secagg/release-rules";
import { attemptHash, roundHash } from "@engraft/core/secagg/transcript";
import { fromHex } from "@engraft/core/base/bytes";
import type { Membership } from "../../vault/federation.ts";
import { ownDirectory } from "../../vault/own-directory.ts";
import type { Memory } from "../../vault/secure/kept.ts";
import type { Agreed } from "../check-ask.ts";

/** A secure ask that this site takes part in. */
export interface Admitted {
  readonly ok: true;
  readonly ask: Ask & { readonly attempt: AttemptOpening };
  readonly directory: Directory;
  readonly roundHash: Digest;
  readonly attemptHash: Digest;
  /** True where the steward's decision has not admitted a run yet. */
  readonly newRun: boolean;
  /** An outcome that this site did not know of. */
  readonly news: Outcome | undefined;
}

interface Known {
  readonly membership: Membership;
  readonly memory: Memory;
  readonly records: readonly JournalRecord[];
  readonly compared: boolean;
}

export function admit(agreed: Agreed, known: Known): Admitted | Refusal {
  const { ask, offered } = agreed;
  const { attempt } = ask;
  if (attempt === null) return refuse("wrong-plan", "The plan adds updates up securely, but the ask opens no attempt.");
  const directory = ownDirectory(known.membership, offered.plan);
  if (isRefusal(directory)) return directory;
  const { federation } = known.membership;
  if (!known.compared) {
    const command = `engraft-site directory ${ask.plan.slice(0, 12)}`;
    return refuse("directory-not-compared", `The directory's code was not compared with the other stewards. Run "${command}".`);
  }
  const admitted = admittedRun(agreed, known.memory);
  if (isRefusal(admitted)) return admitted;
  const lineage = follows(ask, attempt, known);
  if (isRefusal(lineage)) return lineage;
  const { run, round, plan } = ask;
  const base = ask.checkpoint.digest;
  const hash = roundHash({ run, round, plan, base, directory: directory.hash, coordinator: federation.coordinator });
  const nonce = fromHex(attempt.nonce) ?? new Uint8Array(32);
  return {
    ok: true,
    ask: { ...ask, attempt },
    directory,
    roundHash: hash,
    attemptHash: attemptHash(hash, attempt.number, nonce),
    newRun: admitted.newRun,
    news: lineage.news,
  };
}

/** One run for each decision: a second one with a site less would show that site's update. */
function admittedRun({ ask, decision }: Agreed, memory: Memory): { readonly ok: true; readonly newRun: boolean } | Refusal {
  if (decision.approval.at <= memory.restoredAt) {
    return refuse(
      "site-restored",
      "This site was restored from an older copy, so its approvals count no more: its steward must approve again.",
    );
  }
  const before = memory.admitted[decision.statement.sig];
  if (before !== undefined && before !== ask.run) {
    return refuse("plan-not-approved", `The steward's approval served ${before}; it must be given again for another run.`);
  }
  return { ok: true, newRun: before === undefined };
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
