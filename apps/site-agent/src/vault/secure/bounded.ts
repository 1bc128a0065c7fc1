/** What of a journal must stay for the rules to answer as before: whatever a later round of the run has not made void. */
import type { JournalRecord } from "@engraft/core/secagg/release-rules";

/** Records of rounds before the newest finished one of their run are dropped: every request about them is refused all the same. */
export function stillNeeded(records: readonly JournalRecord[]): readonly JournalRecord[] {
  const newest = new Map<string, number>();
  for (const record of records) {
    if (record.kind === "finished") newest.set(record.run, Math.max(record.round, newest.get(record.run) ?? 0));
  }
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
