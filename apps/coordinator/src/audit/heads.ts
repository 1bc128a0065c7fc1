/** Signed heads of the audit chain, and the removal of what is older than the operator keeps. */
import { firstBrokenLink } from "@engraft/core/audit/chain";
import { BEGINNING, sealHead, type Head, type Position } from "@engraft/core/audit/file";
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import type { Envelope } from "@engraft/core/crypto/envelope";
import type { Identity } from "@engraft/core/crypto/identity";
import { LEAST_AUDIT_DAYS } from "../config.ts";
import type { Audit, AuditHead } from "../store/generated/client.ts";
import type { Store, Transaction } from "../store/store.ts";
import { numberedEntry } from "./rows.ts";

export interface Signing {
  readonly store: Store;
  readonly identity: Identity;
  readonly now: () => number;
}

export interface SignedHead extends Head {
  /** By the coordinator's key; opened by core's `openHead`. */
  readonly envelope: Envelope;
}

/**
 * Signs where the chain ends now, and keeps that. The same head again where nothing was entered since. What was entered since the
 * last head is checked first: a log that was altered under the coordinator's feet is not vouched for. Throws `audit-altered`;
 * undefined while the log is empty.
 */
export async function signHead({ store, identity, now }: Signing): Promise<SignedHead | undefined> {
  // Most is checked before writers are held up.
  const checked = await unbroken(store.prisma, placeOf(await newest(store.prisma)));
  const { value } = await store.write(async (tx) => ({ value: await signIn(tx, identity, checked, now()), audit: [] }));
  return value;
}

async function signIn(tx: Transaction, identity: Identity, checked: Position, at: number): Promise<SignedHead | undefined> {
  const before = await newest(tx);
  const last = await unbroken(tx, checked);
  if (last.seq === 0) return undefined;
  if (before !== null && Number(before.seq) === last.seq) {
    return { ...last, at: before.at.getTime(), envelope: JSON.parse(before.envelope) as Envelope };
  }
  const head: Head = { ...last, at };
  const envelope = sealHead(identity, head);
  await tx.auditHead.create({ data: { seq: head.seq, hash: head.hash, at: new Date(at), envelope: JSON.stringify(envelope) } });
  return { ...head, envelope };
}

const newest = (tx: Transaction): Promise<AuditHead | null> => tx.auditHead.findFirst({ orderBy: { seq: "desc" } });

const placeOf = (head: AuditHead | null): Position => (head === null ? BEGINNING : { seq: Number(head.seq), hash: head.hash as Digest });

const AT_ONCE = 1_000;

/** The last entry, where all since `from` follow one from the other. */
async function unbroken(tx: Transaction, from: Position): Promise<Position> {
  if (from.seq > 0) {
    const named = await tx.audit.findUnique({ where: { seq: from.seq }, select: { hash: true } });
    // The entry itself goes with the retention; then its head alone stands for it.
    if (named === null ? (await tx.audit.count({ where: { seq: { lte: from.seq } } })) > 0 : named.hash !== from.hash)
      throw altered(from.seq);
  }
  let at = from;
  for (;;) {
    const rows: Audit[] = await tx.audit.findMany({ where: { seq: { gt: at.seq } }, orderBy: { seq: "asc" }, take: AT_ONCE });
    const entries = rows.map(numberedEntry);
    const broken = firstBrokenLink(
      entries.map(({ seq: _, ...entry }) => entry),
      at.hash,
    );
    const misnumbered = entries.findIndex(({ seq }, index) => seq !== at.seq + 1 + index);
    if (broken !== undefined || misnumbered >= 0) throw altered(at.seq + 1 + (broken ?? misnumbered));
    const last = entries.at(-1);
    if (last === undefined) return at;
    at = { seq: last.seq, hash: last.hash };
  }
}

const altered = (seq: number): EngraftError =>
  new EngraftError(
    "audit-altered",
    `The audit log was altered in the database, at entry ${seq} or just before it, so it is not signed any more. "engraft-coordinator audit verify" says where; compare with an earlier export or backup.`,
  );

const DAY_MS = 86_400_000;

/**
 * Removes entries older than `keepDays`, up to the newest signed head that is as old: whoever has the rest can verify it from there.
 * The head stays. Returns how many are gone.
 */
export async function shorten({ store, now }: Signing, keepDays: number): Promise<number> {
  if (keepDays < LEAST_AUDIT_DAYS) throw new Error("Bug: audit entries are removed too early");
  const before = new Date(now() - keepDays * DAY_MS);
  const { value } = await store.write(async (tx) => {
    const head = await tx.auditHead.findFirst({ where: { at: { lt: before } }, orderBy: { seq: "desc" } });
    const young = head === null ? 0 : await tx.audit.count({ where: { seq: { lte: head.seq }, at: { gte: before } } });
    // A clock that was set back: what is young stays, with all that follows it.
    if (head === null || young > 0) return { value: 0, audit: [] };
    const { count } = await tx.audit.deleteMany({ where: { seq: { lte: head.seq } } });
    await tx.auditHead.deleteMany({ where: { seq: { lt: head.seq } } });
    const detail = { through: Number(head.seq), hash: head.hash, entries: count, keepDays };
    const entry = { at: now(), actor: "coordinator", action: "audit.shortened", subject: "audit", detail };
    return { value: count, audit: count === 0 ? [] : [entry] };
  });
  return value;
}
