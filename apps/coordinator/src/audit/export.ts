/** The audit log as it lies in the database, line by line: for `audit export`, and for `audit verify` itself. */
import { BEGINNING, entryLine, firstLine, headLine, type Position } from "@engraft/core/audit/file";
import { syslogLine } from "@engraft/core/audit/syslog";
import type { Digest, PublicKey } from "@engraft/core/base/ids";
import type { Envelope } from "@engraft/core/crypto/envelope";
import type { Audit, AuditHead } from "../store/generated/client.ts";
import type { Store } from "../store/store.ts";
import { numberedEntry } from "./rows.ts";

const AT_ONCE = 1_000;

/** JSON lines (core's audit/file.ts), with each signed head behind its entry. `since`: no entry before that moment. */
export async function* auditLines(store: Store, key: PublicKey, since: number | undefined): AsyncGenerator<string> {
  const { after, head } = await beginning(store, since);
  yield firstLine(key, after);
  if (head !== null) yield headOf(head);
  for await (const page of pages(store, after.seq)) {
    const [first, last] = [page[0]?.seq ?? 0n, page.at(-1)?.seq ?? 0n];
    const heads = await store.prisma.auditHead.findMany({ where: { seq: { gte: first, lte: last } } });
    const bySeq = new Map(heads.map((one) => [one.seq, one]));
    for (const row of page) {
      yield entryLine(numberedEntry(row));
      const signed = bySeq.get(row.seq);
      if (signed !== undefined) yield headOf(signed);
    }
  }
}

/** Syslog messages by RFC 5424. */
export async function* auditSyslog(store: Store, host: string, since: number | undefined): AsyncGenerator<string> {
  const { after } = await beginning(store, since);
  for await (const page of pages(store, after.seq))
    for (const row of page) yield syslogLine(numberedEntry(row), { host, app: "engraft-coordinator" });
}

const headOf = ({ envelope }: AuditHead): string => headLine(JSON.parse(envelope) as Envelope);

async function* pages(store: Store, after: number): AsyncGenerator<readonly Audit[]> {
  for (let at: bigint = BigInt(after); ;) {
    const page: Audit[] = await store.prisma.audit.findMany({ where: { seq: { gt: at } }, orderBy: { seq: "asc" }, take: AT_ONCE });
    if (page.length === 0) return;
    yield page;
    at = page.at(-1)?.seq ?? at;
  }
}

/**
 * What the first entry follows from. Where the oldest entries are gone that is the signed head up to which they were removed; without
 * one the log claims to begin at entry 1, so that whoever verifies it hears of what is missing.
 */
async function beginning(store: Store, since: number | undefined): Promise<{ readonly after: Position; readonly head: AuditHead | null }> {
  const { audit, auditHead } = store.prisma;
  const first = await audit.findFirst({
    ...(since === undefined ? {} : { where: { at: { gte: new Date(since) } } }),
    orderBy: { seq: "asc" },
  });
  const before = first === null ? await audit.findFirst({ orderBy: { seq: "desc" } }) : null;
  const seq = first === null ? (before?.seq ?? 0n) : first.seq - 1n;
  if (seq === 0n) return { after: BEGINNING, head: null };
  const [entry, head] = await Promise.all([audit.findUnique({ where: { seq } }), auditHead.findUnique({ where: { seq } })]);
  const hash = entry?.hash ?? head?.hash;
  return hash === undefined ? { after: BEGINNING, head: null } : { after: { seq: Number(seq), hash: hash as Digest }, head };
}
