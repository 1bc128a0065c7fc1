/** What came out of looking at an audit log. */
import type { AuditBroken, AuditSound } from "./verify.ts";

/** For people. `pinned`: the key was told by somebody else than the log itself. */
export function auditInWords(report: AuditSound | AuditBroken, pinned: boolean): readonly string[] {
  if (!report.ok) return [report.text, "Compare with an earlier export or backup. Nothing behind that entry is proved by this log."];
  const { entries, after, last, signed, key, anchored, torn } = report;
  return [
    `The audit log is as it was written: ${entries} entries, ${after.seq + 1} to ${last.seq}.`,
    signed === undefined
      ? "No signed head is in it, so whoever holds the log could have made it anew."
      : `Signed up to entry ${signed.seq} (${new Date(signed.at).toISOString()}). What comes after is chained, and not signed yet.`,
    ...(after.seq === 0 || anchored ? [] : [`It is a part: nothing here says what the entries up to ${after.seq} were.`]),
    ...(torn ? ["Its last line is cut off, as by a crash; whoever keeps it removes that at the next start."] : []),
    ...(pinned ? [] : [`The key is the file's own word: ${key}. Have it told to you by whoever keeps the log, and name it with --key.`]),
  ];
}
