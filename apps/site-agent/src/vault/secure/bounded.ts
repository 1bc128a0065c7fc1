/** What of a journal must stay for the rules to answer as before, and what of its secrets is of no use any more. */
import type { JournalRecord } from "@engraft/core/secagg/release-rules";
import type { KeptAttempt, StoredRound } from "./kept.ts";

/** What has ended: its secrets are wiped. */
export interface Ended {
  readonly attempts: (attempt: KeptAttempt) => boolean;
  readonly rounds: (round: StoredRound) => boolean;
}

/** Newest finished round of each run. */
function finishedRounds(records: readonly JournalRecord[]): ReadonlyMap<string, number> {
  const newest = new Map<string, number>();
  for (const record of records) {
    if (record.kind === "finished") newest.set(record.run, Math.max(record.round, newest.get(record.run) ?? 0));
  }
  return newest;
}

/** A process that dies between the record of an end and the wiping leaves secrets behind: of rounds finished, attempts overtaken or out of time. */
export function leftBehind(records: readonly JournalRecord[], now: number): Ended {
  const newest = finishedRounds(records);
  const isOver = ({ run, round }: { readonly run: string; readonly round: number }): boolean => round <= (newest.get(run) ?? 0);
  const live = new Map(records.flatMap((record) => (record.kind === "advertised" ? [[record.run, record.attemptHash] as const] : [])));
  return { attempts: (attempt) => isOver(attempt) || now > attempt.until || live.get(attempt.run) !== attempt.attemptHash, rounds: isOver };
}

/** Records of rounds before the newest finished one of their run are dropped: every request about them is refused all the same. */
export function stillNeeded(records: readonly JournalRecord[]): readonly JournalRecord[] {
  const newest = finishedRounds(records);
  const isOld = ({ run, round }: { readonly run: string; readonly round: number }): boolean => round < (newest.get(run) ?? 0);
  const oldRounds = new Set<string>();
  const oldAttempts = new Set<string>();
  const oldRosters = new Set<string>();
  for (const record of records) {
    if ((record.kind === "stored" || record.kind === "advertised") && isOld(record)) oldRounds.add(record.roundHash);
    if (record.kind === "advertised" && isOld(record)) oldAttempts.add(record.attemptHash);
    if (record.kind === "dealt" && oldAttempts.has(record.attemptHash)) oldRosters.add(record.roster);
  }
  return records.filter((record) => {
    switch (record.kind) {
      case "stored":
      case "advertised":
      case "released":
      case "finished":
        return !isOld(record);
      case "charged":
        return !oldRounds.has(record.roundHash);
      case "dealt":
        return !oldAttempts.has(record.attemptHash);
      case "masked":
      case "answered":
      case "echoed":
        return !oldRosters.has(record.roster);
      default:
        return true;
    }
  });
}
