/**
 * What this site was asked, what its steward decided and what has left it: a hash chain in one file (core's audit/file.ts), signed by
 * the site's key once a day. Unlike the journal it is durable before what it tells of happens, and whoever alters it is found.
 */
import { createReadStream } from "node:fs";
import { open, rename, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { chainHash, type AuditEntry } from "@engraft/core/audit/chain";
import { BEGINNING, entryLine, firstLine, headLine, openHead, readLine, sealHead, type Position } from "@engraft/core/audit/file";
import { linesOf } from "@engraft/core/audit/lines";
import { verifyAudit, type AuditBroken, type AuditSound } from "@engraft/core/audit/verify";
import { isRefusal } from "@engraft/core/base/errors";
import type { PublicKey } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import type { BlobRef } from "@engraft/core/rounds/events";
import { crashPoint } from "@engraft/runtime/crash-point";
import { storageFault, writeFileDurably } from "@engraft/runtime/files";
import type { Membership } from "./federation.ts";

const DAY_MS = 86_400_000;
const AGAIN_MS = 60_000;

export const auditPath = (home: string): string => join(home, "audit.jsonl");

/** The file's lines; none where there is no file. */
export async function* auditFileLines(home: string): AsyncGenerator<string> {
  try {
    yield* linesOf(createReadStream(auditPath(home)));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}

/** Whether the file is as it was written; a last line that a crash cut off is. */
export async function siteVerdict(home: string, key: PublicKey): Promise<AuditSound | AuditBroken> {
  const report = await verifyAudit(auditFileLines(home), { key, mayBeTorn: true });
  if (!report.ok || report.after.seq === 0) return report;
  // A site's own log is never shortened.
  return { ok: false, line: 1, seq: 1, text: `The audit log breaks at entry 1: entries up to ${report.after.seq} were removed.` };
}

type NewEntry = Omit<AuditEntry, "at">;

/** Something that leaves: what it is, in which place, its text as sent, and what the coordinator may fetch by digest with it. */
interface Leaving {
  readonly what: string;
  readonly subject: string;
  readonly about: AuditEntry["detail"];
  readonly text: string;
  readonly body?: BlobRef | null;
}

interface Found {
  readonly key: PublicKey | undefined;
  readonly at: Position;
  readonly signedAt: number;
  readonly signedSeq: number;
  /** Bytes of whole lines. */
  readonly length: number;
  readonly torn: boolean;
  /** Digests of the decisions that are entered. */
  readonly decisions: ReadonlySet<string>;
}

export class SiteAudit {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #membership: Membership;
  readonly #now: () => number;
  readonly #decisions: Set<string>;
  #length: number;
  #at: Position;
  #signed: { seq: number; at: number };
  #torn: boolean;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(
    path: string,
    file: FileHandle,
    membership: Membership,
    now: () => number,
    found: Found & Pick<SiteAudit, "altered">,
  ) {
    this.#path = path;
    this.#file = file;
    this.#membership = membership;
    this.#now = now;
    this.#decisions = new Set(found.decisions);
    this.#length = found.length;
    this.#at = found.at;
    this.#signed = { seq: found.signedSeq, at: found.signedAt };
    this.#torn = found.torn;
    this.altered = found.altered;
  }

  /** What was altered before this process began, in words. Then nothing is signed any more: it would vouch for that. */
  readonly altered: string | undefined;

  /** Goes on behind the last whole line (A6). The log of another key is moved aside. The caller holds the home's lock. */
  static async open(home: string, membership: Membership, now: () => number): Promise<SiteAudit> {
    const path = auditPath(home);
    const { publicKey } = membership.identity;
    let found = await look(home);
    if (found.key !== publicKey) {
      if (found.length > 0 || found.torn) await rename(path, `${path}.${now()}.old`);
      await writeFileDurably(path, firstLine(publicKey, BEGINNING));
      found = await look(home);
    }
    const verdict = await siteVerdict(home, publicKey);
    const file = await open(path, "a", 0o600);
    // Where the disk does not let it now, the next entry does it.
    if (found.torn)
      found = {
        ...found,
        torn: await file.truncate(found.length).then(
          () => false,
          () => true,
        ),
      };
    return new SiteAudit(path, file, membership, now, { ...found, altered: verdict.ok ? undefined : verdict.text });
  }

  /** Durable when it returns. Throws `disk-full` or `disk-fault`; then nothing is entered. */
  add(...entries: readonly NewEntry[]): Promise<void> {
    return this.#inTurn(async () => {
      let at = this.#at;
      const lines = entries.map((entry) => {
        const timed = { at: this.#now(), ...entry };
        at = { seq: at.seq + 1, hash: chainHash(at.hash, timed) };
        return entryLine({ ...timed, ...at });
      });
      await this.#append(lines.join(""));
      this.#at = at;
      for (const { action } of entries) crashPoint(`audit.${action}`);
    });
  }

  /** Of what is no reason to stop where it cannot be written: on a full disk the site still declines by name. In order with the others. */
  note(action: string, subject: string, detail: AuditEntry["detail"], actor = this.#self): void {
    void this.add({ actor, action, subject, detail }).catch(() => undefined);
  }

  /** Before it leaves: what, to whom, how many bytes, with which digest. Throws as `add`. */
  left({ what, subject, about, text, body }: Leaving): Promise<void> {
    const detail = {
      what,
      ...about,
      to: this.#membership.federation.coordinator,
      bytes: Buffer.byteLength(text),
      sha256: sha256(text),
      ...(body === undefined || body === null ? {} : { bodyBytes: body.bytes, bodySha256: body.digest }),
    };
    return this.add({ actor: this.#self, action: "left", subject, detail });
  }

  /** A steward's decision, entered once. Throws as `add`. */
  async decided(steward: string, plan: string, text: string, detail: AuditEntry["detail"]): Promise<void> {
    const statement = sha256(text);
    if (this.#decisions.has(statement)) return;
    this.#decisions.add(statement);
    try {
      await this.add({ actor: `steward:${steward}`, action: "decided", subject: plan, detail: { ...detail, statement } });
    } catch (error) {
      this.#decisions.delete(statement);
      throw error;
    }
  }

  /** Signs where the log ends once a day has passed since that was done, or `now`. Where it cannot, it is tried again in a minute. */
  async sign(when: "daily" | "now"): Promise<void> {
    if (this.altered !== undefined) return;
    if (when === "daily" && this.#now() - this.#signed.at < DAY_MS) return;
    await this.#inTurn(async () => {
      const head = { ...this.#at, at: this.#now() };
      if (head.seq === this.#signed.seq) return;
      await this.#append(headLine(sealHead(this.#membership.identity, head)));
      this.#signed = head;
    }).catch(() => {
      this.#signed.at = this.#now() - DAY_MS + AGAIN_MS;
    });
  }

  /** Signed to the end, where the disk lets it. */
  async close(): Promise<void> {
    await this.sign("now");
    await this.#queue;
    await this.#file.close();
  }

  get #self(): string {
    return `site:${this.#membership.federation.site}`;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  /** What a crash or a full disk left of a line is cut off first. */
  async #append(text: string): Promise<void> {
    try {
      if (this.#torn) await this.#file.truncate(this.#length);
      this.#torn = true;
      await this.#file.appendFile(text);
      await this.#file.datasync();
    } catch (error) {
      storageFault(error, this.#path);
    }
    this.#torn = false;
    this.#length += Buffer.byteLength(text);
  }
}

/** What is there, altered or not: whoever verifies it names what does not follow. */
async function look(home: string): Promise<Found> {
  let key: PublicKey | undefined;
  let at = BEGINNING;
  let [signedAt, signedSeq, length, torn] = [0, 0, 0, false];
  const decisions = new Set<string>();
  for await (const text of auditFileLines(home)) {
    torn = !text.endsWith("\n");
    if (torn) continue;
    length += Buffer.byteLength(text);
    const line = readLine(text);
    if (isRefusal(line)) continue;
    if (line.kind === "first") [key, at] = [line.key, line.after];
    else if (line.kind === "entry") {
      const { seq, hash, action, detail } = line.entry;
      at = { seq, hash };
      if (action === "decided" && typeof detail["statement"] === "string") decisions.add(detail["statement"]);
    } else if (key !== undefined) {
      const head = openHead(line.head, key);
      if (!isRefusal(head)) [signedAt, signedSeq] = [head.at, head.seq];
    }
  }
  return { key, at, signedAt, signedSeq, length, torn, decisions };
}
