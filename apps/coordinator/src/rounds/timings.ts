/**
 * When sites did what (SPEC.md, C). The newest word of each process of an agent stands for all before it; it is kept in memory, told to whoever
 * watches, and written once a second, many at a time: thousands of sites must not hold up a run's own writes.
 */
import type { SiteName } from "@engraft/core/base/ids";
import type { Envelope } from "@engraft/core/crypto/envelope";
import { Timings } from "@engraft/core/protocol/timings";
import type { Logger } from "@engraft/runtime/log";
import type { TimingView } from "../api/timing-views.ts";
import type { Feed } from "../live/feed.ts";
import type { Store } from "../store/store.ts";

const WRITE_EVERY_MS = 1_000;
/** Agents that start over and over would fill the table. */
const MAX_LIVES = 8;
/** Of all runs together. */
const MAX_ROUNDS = 100;

interface Kept extends TimingView {
  readonly statement: string;
}

export interface TimingParts {
  readonly store: Store;
  readonly feed: Feed;
  readonly log: Logger;
  readonly now: () => number;
  /** The newest round that was opened of a run under way that the site is one of; else undefined. */
  readonly openedRound: (run: string, site: SiteName) => number | undefined;
}

/** Of each process of a site's agent, when its newest word was written. */
type Lives = Map<number, number>;

const keyOf = ({ run, round, site, life }: { run: string; round: number; site: string; life: number }): string =>
  `${run} ${round} ${site} ${life}`;

export class TimingKeeper {
  readonly #with: TimingParts;
  /** Not written yet. */
  readonly #waiting = new Map<string, Kept>();
  /** Of each round that a word came about, by site: what is stored, and what has come since. */
  readonly #rounds = new Map<string, Promise<Map<string, Lives>>>();
  /** Of each link, the offset with the shortest way: the largest seen, since a message on its way only makes it smaller. */
  readonly #offsets = new WeakMap<object, number>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: TimingParts) {
    this.#with = parts;
  }

  /**
   * `link` tells one connection of the site from another. Left aside is what is about another run, about a round that is not the newest
   * opened, of one process too many, and what was written before what is kept of its process.
   */
  async take(link: object, site: SiteName, timings: Timings, envelope: Envelope): Promise<void> {
    const { run, round, life, at, steps, notes } = timings;
    // By when it came, not by when it is dealt with.
    const offset = Math.round(at - this.#with.now());
    const about = `${run} ${round}`;
    const isOpen = this.#with.openedRound(run, site) === round;
    if (!isOpen && !this.#rounds.has(about)) return;
    const sites = await this.#sitesOf(run, round);
    const lives = sites.get(site) ?? new Map();
    // The last word on a round comes when the next is open, or the run over.
    if (!isOpen && lives.size === 0) return;
    const newest = lives.get(life);
    if (newest === undefined ? lives.size >= MAX_LIVES : at <= newest) return;
    sites.set(site, lives.set(life, at));
    const offsetMs = Math.max(this.#offsets.get(link) ?? Number.NEGATIVE_INFINITY, offset);
    this.#offsets.set(link, offsetMs);
    const view: TimingView = { run, round, site, offsetMs, timings: { life, at, steps, notes } };
    this.#waiting.set(keyOf({ run, round, site, life }), { ...view, statement: JSON.stringify(envelope) });
    this.#with.feed.publish({ kind: "timing", timing: view });
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#write();
    }, WRITE_EVERY_MS);
  }

  /** Asked of the store once for all sites of a round. */
  #sitesOf(run: string, round: number): Promise<Map<string, Lives>> {
    const about = `${run} ${round}`;
    const known = this.#rounds.get(about);
    if (known !== undefined) return known;
    const sites = this.of(run, round).then((views) => {
      const found = new Map<string, Lives>();
      for (const { site, timings } of views) found.set(site, (found.get(site) ?? new Map()).set(timings.life, timings.at));
      return found;
    });
    this.#rounds.set(about, sites);
    sites.catch(() => this.#rounds.delete(about));
    const [oldest] = this.#rounds.keys();
    if (this.#rounds.size > MAX_ROUNDS && oldest !== undefined) this.#rounds.delete(oldest);
    return sites;
  }

  /** Of one round, oldest process first. */
  async of(run: string, round: number): Promise<TimingView[]> {
    const rows = await this.#with.store.prisma.timing.findMany({ where: { run, round }, orderBy: [{ site: "asc" }, { life: "asc" }] });
    const stored = rows.flatMap((row): TimingView[] => {
      const timings = timingsIn(row.statement);
      if (timings === undefined) return [];
      const { life, at, steps, notes } = timings;
      return [{ run, round, site: row.site, offsetMs: row.offsetMs, timings: { life, at, steps, notes } }];
    });
    const newer = [...this.#waiting.values()].filter((kept) => kept.run === run && kept.round === round);
    const all = new Map([...stored, ...newer].map((view) => [keyOf({ run, round, site: view.site, life: view.timings.life }), view]));
    return [...all.values()].map(({ site, offsetMs, timings }) => ({ run, round, site, offsetMs, timings }));
  }

  #write(): void {
    const rows = [...this.#waiting.values()];
    this.#writing = this.#writing.then(async () => {
      const { store, log } = this.#with;
      try {
        await store.mayWrite();
        const given = JSON.stringify(
          rows.map(({ run, round, site, timings, offsetMs, statement }) => ({
            run,
            round,
            site,
            life: timings.life,
            offsetMs: clamped(offsetMs),
            statement,
          })),
        );
        await store.prisma.$executeRaw`
          INSERT INTO "timing" ("run", "round", "site", "life", "offsetMs", "statement")
          SELECT * FROM jsonb_to_recordset(${given}::jsonb) AS given ("run" text, "round" int, "site" text, "life" bigint, "offsetMs" int, "statement" text)
          ON CONFLICT ("run", "round", "site", "life") DO UPDATE SET "offsetMs" = excluded."offsetMs", "statement" = excluded."statement"`;
        for (const row of rows) {
          const key = keyOf({ run: row.run, round: row.round, site: row.site, life: row.timings.life });
          if (this.#waiting.get(key) === row) this.#waiting.delete(key);
        }
      } catch (error) {
        // A picture for people: it waits for the next word, and no run does.
        log.warn({ err: error }, "timings.not-written");
      }
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#waiting.size > 0) this.#write();
    await this.#writing;
  }
}

const clamped = (value: number): number => Math.max(-2_147_483_648, Math.min(2_147_483_647, value));

/** A stored statement was verified when it came. */
function timingsIn(statement: string): Timings | undefined {
  const { payload } = JSON.parse(statement) as { payload: string };
  return Timings.safeParse(JSON.parse(payload)).data;
}
