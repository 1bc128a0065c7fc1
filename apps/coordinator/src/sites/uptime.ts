/**
 * How much of each day a site was there, as far as this coordinator was there to see it (J9). One row for a site and day, 40 days of
 * them; time that nobody looked at is in none, so a coordinator's own absence is never a site's.
 */
import type { Logger } from "@engraft/runtime/log";
import { Prisma } from "../store/generated/client.ts";
import type { Store } from "../store/store.ts";

export const DAY_MS = 86_400_000;
export const DAYS_SHOWN = 30;
const DAYS_KEPT = 40;
const WRITE_EVERY_MS = 60_000;
/** Longer between two looks, and this machine slept or its clock was set. */
const LONGEST_LOOK_MS = 5 * WRITE_EVERY_MS;
/** After a start, agents need this long to dial again; until then a site that is not there counts as not looked at. */
export const PATIENCE_MS = 60_000;
/** A shorter absence is a short cut. */
export const DOWN_MS = 600_000;

export interface Day {
  readonly seenMs: number;
  readonly upMs: number;
  readonly cuts: number;
  readonly longestMs: number;
}

const NOTHING: Day = { seenMs: 0, upMs: 0, cuts: 0, longestMs: 0 };

/** Days since 1970, UTC. */
export const dayOf = (at: number): number => Math.floor(at / DAY_MS);

/** u: there, c: short cuts, d: down for ten minutes or more, n: not joined yet, x: not looked at. */
export type DayMark = "u" | "c" | "d" | "n" | "x";

export function markOf(day: number, figures: Day | undefined, joinedAt: number): DayMark {
  if (day < dayOf(joinedAt)) return "n";
  if (figures === undefined || figures.seenMs === 0) return "x";
  if (figures.longestMs >= DOWN_MS) return "d";
  return figures.cuts > 0 || figures.upMs < figures.seenMs ? "c" : "u";
}

interface Watched {
  online: boolean;
  /** Since when it is away. */
  away: number | null;
  readonly days: Map<number, Day>;
  gone: boolean;
}

/** Pure but for its memory: who was there when, by day. */
export class UptimeBook {
  readonly #sites = new Map<string, Watched>();
  readonly #startedAt: number;
  #at: number;

  constructor(now: number) {
    this.#startedAt = now;
    this.#at = now;
  }

  load(site: string, day: number, figures: Day): void {
    this.#of(site).days.set(day, figures);
  }

  enter(site: string, online: boolean, now: number): void {
    this.advance(now);
    const watched = this.#of(site);
    if (watched.gone) return;
    if (watched.online && !online) this.#add(watched, dayOf(now), { cuts: 1 });
    watched.away = online ? null : (watched.away ?? now);
    watched.online = online;
  }

  /** Counts the time since the last look; returns sites and days that changed. */
  advance(now: number): readonly (readonly [string, number])[] {
    const [from, length] = [this.#at, now - this.#at];
    this.#at = now;
    if (length <= 0 || length > LONGEST_LOOK_MS) return [];
    const changed: (readonly [string, number])[] = [];
    for (const [site, watched] of this.#sites) {
      if (watched.gone || (!watched.online && now - this.#startedAt < PATIENCE_MS)) continue;
      for (const [day, begin, end] of byDay(from, now)) {
        const away = watched.away === null ? 0 : end - Math.max(watched.away, day * DAY_MS);
        this.#add(watched, day, { seenMs: end - begin, upMs: watched.online ? end - begin : 0, longestMs: away });
        changed.push([site, day]);
      }
    }
    return changed;
  }

  /** A site that is none any more: its days stay, and no more are counted. */
  leave(site: string, now: number): void {
    this.advance(now);
    const watched = this.#sites.get(site);
    if (watched !== undefined) watched.gone = true;
  }

  figures(site: string, day: number): Day | undefined {
    return this.#sites.get(site)?.days.get(day);
  }

  forget(before: number): void {
    for (const { days } of this.#sites.values()) for (const day of days.keys()) if (day < before) days.delete(day);
  }

  #of(site: string): Watched {
    const watched = this.#sites.get(site) ?? { online: false, away: null, days: new Map<number, Day>(), gone: false };
    this.#sites.set(site, watched);
    return watched;
  }

  #add({ days }: Watched, day: number, { seenMs = 0, upMs = 0, cuts = 0, longestMs = 0 }: Partial<Day>): void {
    const before = days.get(day) ?? NOTHING;
    days.set(day, {
      seenMs: Math.min(DAY_MS, before.seenMs + seenMs),
      upMs: Math.min(DAY_MS, before.upMs + upMs),
      cuts: before.cuts + cuts,
      longestMs: Math.min(DAY_MS, Math.max(before.longestMs, longestMs)),
    });
  }
}

/** The parts of a stretch of time that lie in each day. */
function byDay(from: number, to: number): readonly (readonly [number, number, number])[] {
  const days = Array.from({ length: dayOf(to) - dayOf(from) + 1 }, (_, index) => dayOf(from) + index);
  return days.map((day) => [day, Math.max(from, day * DAY_MS), Math.min(to, (day + 1) * DAY_MS)] as const).filter(([, a, b]) => b > a);
}

export interface UptimeView {
  /** A letter for each day, the oldest first, today last. */
  readonly days: string;
  /** Of the time that was looked at, 0 to 100; null where there was none. */
  readonly percent: number | null;
}

export class Uptime {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #book: UptimeBook;
  readonly #timer: NodeJS.Timeout;
  #dirty = new Map<string, Set<number>>();
  #swept = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(store: Store, log: Logger, now: () => number) {
    this.#store = store;
    this.#log = log;
    this.#now = now;
    this.#book = new UptimeBook(now());
    this.#timer = setInterval(() => void this.write(), WRITE_EVERY_MS);
    this.#timer.unref();
  }

  static async load(store: Store, log: Logger, now: () => number): Promise<Uptime> {
    const uptime = new Uptime(store, log, now);
    for (const { site, day, ...figures } of await store.prisma.siteDay.findMany()) uptime.#book.load(site, dayOf(day.getTime()), figures);
    for (const { name, goneAt } of await store.prisma.site.findMany({ select: { name: true, goneAt: true } }))
      if (goneAt === null) uptime.#book.enter(name, false, now());
      else uptime.#book.leave(name, now());
    return uptime;
  }

  enter(site: string, online: boolean): void {
    this.#mark(site, dayOf(this.#now()));
    this.#book.enter(site, online, this.#now());
  }

  leave(site: string): void {
    this.#book.leave(site, this.#now());
  }

  cutsToday(site: string): number {
    return this.#book.figures(site, dayOf(this.#now()))?.cuts ?? 0;
  }

  view(site: string, joinedAt: number): UptimeView {
    const days = this.#shown();
    const figures = days.map((day) => this.#book.figures(site, day));
    const sum = (of: "seenMs" | "upMs"): number => figures.reduce((all, one) => all + (one?.[of] ?? 0), 0);
    const seen = sum("seenMs");
    return {
      days: days.map((day, index) => markOf(day, figures[index], joinedAt)).join(""),
      percent: seen === 0 ? null : (100 * sum("upMs")) / seen,
    };
  }

  /** Of the days shown, the oldest first. */
  days(site: string): readonly (Day & { readonly day: number })[] {
    return this.#shown().map((day) => ({ day: day * DAY_MS, ...(this.#book.figures(site, day) ?? NOTHING) }));
  }

  #shown(): readonly number[] {
    const today = dayOf(this.#now());
    return Array.from({ length: DAYS_SHOWN }, (_, index) => today - DAYS_SHOWN + 1 + index);
  }

  /** Counts the time since the last look: once before any number of views. */
  advance(): void {
    for (const [site, day] of this.#book.advance(this.#now())) this.#mark(site, day);
  }

  #mark(site: string, day: number): void {
    this.#dirty.set(site, (this.#dirty.get(site) ?? new Set()).add(day));
  }

  /** One statement for all sites. What cannot be written now is written with the next. */
  write(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      this.advance();
      const dirty = this.#dirty;
      this.#dirty = new Map();
      const rows = [...dirty].flatMap(([site, days]) =>
        [...days].flatMap((day) => {
          const figures = this.#book.figures(site, day);
          return figures === undefined ? [] : [{ site, day: new Date(day * DAY_MS).toISOString().slice(0, 10), ...figures }];
        }),
      );
      try {
        await this.#store.mayWrite();
        if (rows.length > 0) await this.#upsert(rows);
        await this.#sweep();
      } catch (error) {
        for (const [site, days] of dirty) for (const day of days) this.#mark(site, day);
        this.#log.warn({ err: error }, "uptime.not-written");
      }
    });
    return this.#writing;
  }

  async #upsert(rows: readonly (Day & { readonly site: string; readonly day: string })[]): Promise<void> {
    const values = rows.map(
      ({ site, day, seenMs, upMs, cuts, longestMs }) =>
        Prisma.sql`(${site}, ${day}::date, ${Math.round(seenMs)}::int, ${Math.round(upMs)}::int, ${cuts}::int, ${Math.round(longestMs)}::int)`,
    );
    await this.#store.prisma.$executeRaw`
      INSERT INTO "site_day" ("site", "day", "seenMs", "upMs", "cuts", "longestMs") VALUES ${Prisma.join(values)}
      ON CONFLICT ("site", "day") DO UPDATE SET "seenMs" = EXCLUDED."seenMs", "upMs" = EXCLUDED."upMs", "cuts" = EXCLUDED."cuts", "longestMs" = EXCLUDED."longestMs"`;
  }

  async #sweep(): Promise<void> {
    const today = dayOf(this.#now());
    if (this.#swept === today) return;
    await this.#store.prisma.siteDay.deleteMany({ where: { day: { lt: new Date((today - DAYS_KEPT) * DAY_MS) } } });
    this.#book.forget(today - DAYS_KEPT);
    this.#swept = today;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.write();
  }
}
