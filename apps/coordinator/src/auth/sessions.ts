/**
 * Sessions of the dashboard: each ends so long after signing in, and earlier without a request. Ending all of somebody's cuts open
 * live views too.
 */
import { EngraftError } from "@engraft/core/base/errors";
import type { AuditEntry } from "@engraft/core/audit/chain";
import type { Caller } from "../api/context.ts";
import type { SessionView } from "../api/people-views.ts";
import { RateLimits } from "../rate-limit.ts";
import type { Prisma, Session } from "../store/generated/client.ts";
import type { Store } from "../store/store.ts";

export interface SessionSettings {
  readonly idleMs: number;
  readonly longestMs: number;
}
export const DEFAULT_SESSIONS: SessionSettings = { idleMs: 12 * 3_600_000, longestMs: 72 * 3_600_000 };

/** How exactly it is known when a session was last used. */
const USED_MS = 60_000;
/** Wrong current passwords of one person: somebody may sit at an open page that is not theirs. */
const WRONG_PER_SECOND = 1 / 60;
const WRONG_AT_ONCE = 5;

interface Passwords {
  readonly verify: (given: { readonly hash: string; readonly password: string }) => Promise<boolean>;
  readonly hash: (password: string) => Promise<string>;
}

export class Sessions {
  readonly #store: Store;
  readonly #settings: SessionSettings;
  readonly #now: () => number;
  readonly #watching = new Map<() => void, string>();
  readonly #wrong = new RateLimits(WRONG_PER_SECOND, WRONG_AT_ONCE);

  constructor(store: Store, settings: SessionSettings, now: () => number) {
    this.#store = store;
    this.#settings = settings;
    this.#now = now;
  }

  /** Whether it still counts; notes that it was used. One that does not is removed. */
  async counts({ id, createdAt, updatedAt }: Pick<Session, "id" | "createdAt" | "updatedAt">): Promise<boolean> {
    const now = this.#now();
    const { prisma } = this.#store;
    const { idleMs, longestMs } = this.#settings;
    if (now - createdAt.getTime() >= longestMs || now - updatedAt.getTime() >= idleMs) {
      await prisma.session.deleteMany({ where: { id } });
      return false;
    }
    if (now - updatedAt.getTime() >= Math.min(USED_MS, idleMs / 10))
      // A full disk is no reason to turn somebody away.
      await prisma.session.updateMany({ where: { id }, data: { updatedAt: new Date(now) } }).catch(() => undefined);
    return true;
  }

  /** `ended` is called once, when all sessions of this person are ended. Returns the function that forgets it. */
  watch(userId: string, ended: () => void): () => void {
    this.#watching.set(ended, userId);
    return () => void this.#watching.delete(ended);
  }

  /** Which rows are of sessions that still count. */
  counting(): Prisma.SessionWhereInput {
    const { idleMs, longestMs } = this.#settings;
    const after = (ms: number) => ({ gt: new Date(this.#now() - ms) });
    return { createdAt: after(longestMs), updatedAt: after(idleMs) };
  }

  async list({ id, session }: Caller): Promise<readonly SessionView[]> {
    const rows = await this.#store.prisma.session.findMany({ where: { userId: id, ...this.counting() }, orderBy: { createdAt: "desc" } });
    const { idleMs, longestMs } = this.#settings;
    return rows.map((row) => ({
      id: row.id,
      createdAt: row.createdAt.getTime(),
      usedAt: row.updatedAt.getTime(),
      ends: Math.min(row.createdAt.getTime() + longestMs, row.updatedAt.getTime() + idleMs),
      address: row.ipAddress ?? "",
      program: row.userAgent ?? "",
      here: row.id === session,
    }));
  }

  /** Everywhere, at once; personal tokens go on. Throws `not-found`. */
  async endAll(userId: string, by: string): Promise<void> {
    const user = await this.#store.prisma.user.findUnique({ where: { id: userId } });
    if (user === null) throw new EngraftError("not-found", "There is no such user.");
    await this.endWith(userId, { at: this.#now(), actor: by, action: "sessions.ended", subject: user.email, detail: {} });
  }

  /** Together with what else changes and its audit entry. */
  async endWith(userId: string, entry: AuditEntry, change?: Parameters<Store["write"]>[0]): Promise<void> {
    await this.#store.write(async (tx) => {
      await change?.(tx);
      await tx.session.deleteMany({ where: { userId } });
      return { value: undefined, audit: [entry] };
    });
    for (const [ended, of] of this.#watching) if (of === userId) ended();
  }

  /** Ends all of the person's sessions. Throws `not-allowed` for a wrong current password, and `too-many`. */
  async changePassword(caller: Caller, given: { readonly current: string; readonly next: string }, passwords: Passwords): Promise<void> {
    const account = await this.#store.prisma.account.findFirst({ where: { userId: caller.id, providerId: "credential" } });
    if (account === null || account.password === null) throw new EngraftError("not-allowed", "This account has no password.");
    if (!(await passwords.verify({ hash: account.password, password: given.current }))) {
      if (!this.#wrong.take(caller.id, this.#now()))
        throw new EngraftError("too-many", "Too many wrong passwords. Wait a minute, then try again.");
      throw new EngraftError("not-allowed", "The current password is not right.");
    }
    const password = await passwords.hash(given.next);
    const entry = { at: this.#now(), actor: caller.actor, action: "password.changed", subject: caller.email, detail: {} };
    await this.endWith(caller.id, entry, async (tx) => {
      await tx.account.update({ where: { id: account.id }, data: { password } });
      return { value: undefined, audit: [] };
    });
  }
}
