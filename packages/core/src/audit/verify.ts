/**
 * The one check of an audit log, whoever keeps it: of a coordinator's database, of a site's file, of a file that was exported.
 * It reads line by line and names the first entry that was altered, removed or inserted.
 */
import { isRefusal } from "../base/errors.ts";
import type { Digest, PublicKey } from "../base/ids.ts";
import type { Envelope } from "../crypto/envelope.ts";
import { chainHash } from "./chain.ts";
import { BEGINNING, openHead, readLine, type AuditLine, type Head, type NumberedEntry, type Position } from "./file.ts";

export interface AuditSound {
  readonly ok: true;
  /** The key that the signed heads are under. */
  readonly key: PublicKey;
  readonly entries: number;
  /** The entry before the first one here: number 0 where nothing is left out. */
  readonly after: Position;
  /** A signed head says that the log went up to `after`; true as well where nothing is left out. */
  readonly anchored: boolean;
  readonly last: Position;
  readonly heads: number;
  /** The last signed head: up to there not even whoever keeps the log can have changed it since. */
  readonly signed: Head | undefined;
  /** The last line is cut off, as by a crash while it was written. */
  readonly torn: boolean;
}

export interface AuditBroken {
  readonly ok: false;
  /** Counted from 1. */
  readonly line: number;
  /** Number of the first entry that is not, or not where, it was written. */
  readonly seq: number;
  readonly text: string;
}

export interface Expected {
  /** Whose log it must be; without one the file's own word is taken. */
  readonly key?: PublicKey | undefined;
  /** A last line without its end is a crash's, to be healed by whoever writes the file. */
  readonly mayBeTorn?: boolean;
}

export async function verifyAudit(
  lines: AsyncIterable<string> | Iterable<string>,
  expected: Expected = {},
): Promise<AuditSound | AuditBroken> {
  const reader = new Reader(expected);
  let broken: AuditBroken | undefined;
  for await (const line of lines) {
    // One line more tells an altered entry from one that was put in.
    if (broken !== undefined) return reader.inserted(line) ?? broken;
    broken = reader.take(line);
  }
  return broken ?? reader.end();
}

class Reader {
  readonly #expected: Expected;
  #line = 0;
  #key: PublicKey | undefined;
  #after: Position = BEGINNING;
  #at: Position = BEGINNING;
  #anchored = true;
  #entries = 0;
  #heads = 0;
  #signed: Head | undefined;
  #torn = false;

  constructor(expected: Expected) {
    this.#expected = expected;
  }

  take(text: string): AuditBroken | undefined {
    this.#line += 1;
    const next = this.#at.seq + 1;
    if (this.#torn) return this.#broken(next, `the line before it, ${this.#line - 1}, has no end`);
    if (!text.endsWith("\n") && text !== "" && this.#expected.mayBeTorn === true) {
      this.#torn = true;
      return undefined;
    }
    const line = readLine(text);
    if (isRefusal(line)) return this.#broken(next, `line ${this.#line} was altered`);
    if (this.#key === undefined) return this.#first(line);
    if (line.kind === "first") return this.#broken(next, `line ${this.#line} does not belong there`);
    return line.kind === "head" ? this.#head(line.head, this.#key) : this.#entry(line.entry);
  }

  #first(line: AuditLine): AuditBroken | undefined {
    if (line.kind !== "first") return this.#broken(1, "the first line, which says what follows, is missing");
    const { key } = this.#expected;
    if (key !== undefined && key !== line.key) return this.#broken(1, `this is the log of another key (${line.key})`);
    this.#key = line.key;
    this.#after = this.#at = line.after;
    this.#anchored = line.after.seq === 0;
    // Only a log from its beginning follows no hash.
    if (this.#anchored === (line.after.hash === BEGINNING.hash)) return undefined;
    this.#at = BEGINNING;
    return this.#broken(1, "the first line was altered");
  }

  #entry(entry: NumberedEntry): AuditBroken | undefined {
    const next = this.#at.seq + 1;
    if (!follows(this.#at.hash, entry)) {
      if (entry.seq > next) return this.#broken(next, `it was removed or moved: number ${entry.seq} comes in its place`);
      return this.#broken(next, "it was altered, or what stood in its place was removed");
    }
    if (entry.seq !== next) return this.#broken(next, "its number was altered");
    this.#at = { seq: entry.seq, hash: entry.hash };
    this.#entries += 1;
    return undefined;
  }

  #head(envelope: Envelope, key: PublicKey): AuditBroken | undefined {
    const { seq, hash } = this.#at;
    const head = openHead(envelope, key);
    if (isRefusal(head)) return this.#broken(seq + 1, `the signed head in front of it (line ${this.#line}) was altered: ${head.text}`);
    if (head.seq > seq) return this.#broken(seq + 1, `it was removed: a signed head says that there were ${head.seq}`);
    if (head.seq < seq || this.#signed?.seq === seq)
      return this.#broken(seq + 1, `the signed head of entry ${head.seq} stands in front of it (line ${this.#line})`);
    if (head.hash !== hash) {
      const from = (this.#signed?.seq ?? this.#after.seq) + 1;
      return this.#broken(from, `this or a later entry, up to ${seq}, was altered and the chain made anew: a signed head says otherwise`);
    }
    if (seq === this.#after.seq) this.#anchored = true;
    this.#heads += 1;
    this.#signed = head;
    return undefined;
  }

  /** After a break at an entry: this line follows from what came before, so the one in between was put in. */
  inserted(text: string): AuditBroken | undefined {
    const line = readLine(text);
    if (isRefusal(line) || this.#key === undefined) return undefined;
    const here =
      line.kind === "entry"
        ? line.entry.seq === this.#at.seq + 1 && follows(this.#at.hash, line.entry)
        : line.kind === "head" && this.#signed?.seq !== this.#at.seq && this.#isOf(line.head, this.#key);
    return here ? this.#broken(this.#at.seq + 1, `what stands in its place (line ${this.#line}) was inserted`) : undefined;
  }

  #isOf(envelope: Envelope, key: PublicKey): boolean {
    const head = openHead(envelope, key);
    return !isRefusal(head) && head.seq === this.#at.seq && head.hash === this.#at.hash;
  }

  end(): AuditSound | AuditBroken {
    if (this.#key === undefined) return this.#broken(1, "the file is empty");
    return {
      ok: true,
      key: this.#key,
      entries: this.#entries,
      after: this.#after,
      anchored: this.#anchored,
      last: this.#at,
      heads: this.#heads,
      signed: this.#signed,
      torn: this.#torn,
    };
  }

  #broken(seq: number, why: string): AuditBroken {
    return { ok: false, line: this.#line, seq, text: `The audit log breaks at entry ${seq}: ${why}.` };
  }
}

function follows(previous: Digest, { seq: _, hash, ...entry }: NumberedEntry): boolean {
  return chainHash(previous, entry) === hash;
}
