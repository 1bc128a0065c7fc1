/** What has left this site, out of its audit log, and whether that log is as it was written. Read again only where the file has changed. */
import { stat } from "node:fs/promises";
import type { NumberedEntry } from "@engraft/core/audit/file";
import type { PublicKey } from "@engraft/core/base/ids";
import type { AuditBroken, AuditSound } from "@engraft/core/audit/verify";
import { auditPath, siteVerdict } from "../vault/audit.ts";
import { auditEntries } from "../vault/audit-file.ts";

export interface Leaving {
  readonly seq: number;
  readonly at: number;
  /** As the agent wrote it down: `masked`, `update`, `decision`, ... */
  readonly what: string;
  /** Run, or digest of a plan. */
  readonly subject: string;
  readonly round: number | undefined;
  /** The statement's, and of what the coordinator may fetch with it. */
  readonly bytes: number;
  readonly again: boolean;
}

export interface Left {
  /** Newest first. */
  readonly entries: readonly Leaving[];
  /** Undefined where there is no log yet: the agent begins it. */
  readonly verdict: AuditSound | AuditBroken | undefined;
}

const number = (value: unknown): number => (typeof value === "number" ? value : 0);

export function leavingOf({ seq, at, action, subject, detail }: NumberedEntry): Leaving | undefined {
  if (action !== "left") return undefined;
  const round = typeof detail["round"] === "number" ? detail["round"] : undefined;
  const bytes = number(detail["bytes"]) + number(detail["bodyBytes"]);
  return { seq, at, what: String(detail["what"]), subject, round, bytes, again: detail["again"] === true };
}

export class LeftLog {
  readonly #home: string;
  readonly #key: PublicKey;
  #read: { readonly version: string; readonly left: Promise<Left> } | undefined;

  constructor(home: string, key: PublicKey) {
    this.#home = home;
    this.#key = key;
  }

  async look(): Promise<Left> {
    const found = await stat(auditPath(this.#home)).catch(() => undefined);
    const version = found === undefined ? "absent" : `${found.ino} ${found.size} ${found.mtimeMs}`;
    if (this.#read?.version !== version)
      this.#read = { version, left: found === undefined ? Promise.resolve({ entries: [], verdict: undefined }) : this.#load() };
    return this.#read.left;
  }

  async #load(): Promise<Left> {
    const verdict = await siteVerdict(this.#home, this.#key);
    const entries: Leaving[] = [];
    for await (const { entry } of auditEntries(this.#home)) {
      const leaving = leavingOf(entry);
      if (leaving !== undefined) entries.push(leaving);
    }
    return { entries: entries.toReversed(), verdict };
  }
}
