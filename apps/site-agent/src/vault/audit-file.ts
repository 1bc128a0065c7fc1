/** A site's audit log as lines and entries, for whoever shows or exports it. */
import { entryLine, firstLine, headLine, openHead, readLine, BEGINNING, type NumberedEntry, type Position } from "@engraft/core/audit/file";
import { isRefusal } from "@engraft/core/base/errors";
import type { PublicKey } from "@engraft/core/base/ids";
import { auditFileLines } from "./audit.ts";

/** What can be read, whether it follows or not. `after`: the entry before. */
export async function* auditEntries(home: string): AsyncGenerator<{ readonly entry: NumberedEntry; readonly after: Position }> {
  let after: Position = BEGINNING;
  for await (const text of auditFileLines(home)) {
    const line = readLine(text);
    if (isRefusal(line) || line.kind !== "entry") continue;
    yield { entry: line.entry, after };
    after = { seq: line.entry.seq, hash: line.entry.hash };
  }
}

/** The file as it lies there, without a line that is cut off; or the part of it from a time on. */
export async function* auditLinesSince(home: string, key: PublicKey, from: number): AsyncGenerator<string> {
  let [begun, after, head]: [boolean, Position, string] = [from === Number.NEGATIVE_INFINITY, BEGINNING, ""];
  for await (const text of auditFileLines(home)) {
    if (!text.endsWith("\n")) continue;
    const line = begun ? undefined : readLine(text);
    if (line !== undefined && !isRefusal(line)) {
      if (line.kind === "head") {
        const signed = openHead(line.head, key);
        head = !isRefusal(signed) && signed.seq === after.seq ? headLine(line.head) : head;
      } else if (line.kind === "entry" && line.entry.at < from) [after, head] = [{ seq: line.entry.seq, hash: line.entry.hash }, ""];
      else if (line.kind === "entry") {
        yield firstLine(key, after) + head + entryLine(line.entry);
        begun = true;
      }
    } else if (begun) yield text;
  }
  if (!begun) yield firstLine(key, after) + head;
}
