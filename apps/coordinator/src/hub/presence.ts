/** When each site was last seen, and how its link does. Who is online now is known to the hub; this survives a restart, and is written sparsely. */
import type { Code } from "@engraft/core/base/errors";
import type { LinkEnd } from "@engraft/runtime/link";
import type { Logger } from "@engraft/runtime/log";
import { LEAST_MEASURED_BYTES, NO_LINE, readLine, type Line } from "../sites/line.ts";
import type { Uptime } from "../sites/uptime.ts";
import type { Prisma } from "../store/generated/client.ts";
import type { Store } from "../store/store.ts";
import type { Session } from "./session.ts";

const WRITE_EVERY_MS = 60_000;

interface Refused {
  readonly site: string;
  readonly proven: boolean;
  readonly version: string;
}

export class Presence {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #uptime: Uptime;
  /** By site: of two links of one site the newer counts, and the older has no end that is told. */
  readonly #online = new Map<string, Session>();
  readonly #lines: Map<string, Line>;
  readonly #timer: NodeJS.Timeout;
  #writing: Promise<void> = Promise.resolve();

  private constructor(store: Store, log: Logger, now: () => number, uptime: Uptime, lines: Map<string, Line>) {
    this.#store = store;
    this.#log = log;
    this.#now = now;
    this.#uptime = uptime;
    this.#lines = lines;
    this.#timer = setInterval(() => {
      for (const session of this.#online.values()) this.#write(session);
    }, WRITE_EVERY_MS);
    this.#timer.unref();
  }

  static async load(store: Store, log: Logger, now: () => number, uptime: Uptime): Promise<Presence> {
    const rows = await store.prisma.site.findMany({ select: { name: true, line: true } });
    return new Presence(store, log, now, uptime, new Map(rows.map(({ name, line }) => [name, readLine(line)])));
  }

  lineOf(site: string): Line {
    return this.#lines.get(site) ?? NO_LINE;
  }

  online(session: Session): void {
    this.#online.set(session.site, session);
    this.#set(session.site, { roundMs: session.roundMs, refused: null });
    this.#uptime.enter(session.site, true);
    this.#write(session);
  }

  about(session: Session): void {
    if (session.about === undefined) return;
    const { stopping: _, ...about } = session.about;
    this.#set(session.site, { about });
  }

  offline(session: Session, how: LinkEnd | "coordinator", code: Code): void {
    this.#online.delete(session.site);
    const end = { how: session.about?.stopping === true && how !== "coordinator" ? ("stopped" as const) : how, code, at: this.#now() };
    this.#set(session.site, { end });
    // Time after this program's end is nobody's.
    if (how !== "coordinator") this.#uptime.enter(session.site, false);
    // One moment for both: a site seen after its end would read as one whose end nobody saw.
    this.#write(session, end.at);
  }

  /** A blob took so long. Small ones say more of the waiting than of the line. */
  moved({ site }: Session, direction: "in" | "out", bytes: number, ms: number): void {
    if (bytes < LEAST_MEASURED_BYTES || ms <= 0) return;
    const rate = { bytesPerSecond: (bytes * 1000) / ms, bytes, at: this.#now() };
    this.#set(site, direction === "in" ? { toCoordinator: rate } : { toSite: rate });
  }

  /** The last greeting of a known site that was refused. A stranger's claim is remembered, and not stored. True where that is news. */
  refused(code: Code, { site, proven, version }: Refused): boolean {
    const known = this.#lines.get(site);
    if (known === undefined && !proven) return false;
    const { refused } = this.lineOf(site);
    this.#set(site, { refused: { code, proven, version, at: this.#now() } });
    const news = refused === null || refused.code !== code || refused.proven !== proven || refused.version !== version;
    if (news && proven) this.#keep(site, { line: this.lineOf(site) });
    return news;
  }

  /** A site that has just joined can be refused by name too. */
  joined(site: string): void {
    this.#set(site, {});
    this.#uptime.enter(site, false);
  }

  #set(site: string, change: Partial<Line>): void {
    this.#lines.set(site, { ...this.lineOf(site), ...change });
  }

  #write(session: Session, at = this.#now()): void {
    const { site, version, engine, skewMs } = session;
    this.#keep(site, {
      lastSeen: new Date(at),
      version,
      engine,
      skewMs: Math.max(-2_147_483_648, Math.min(2_147_483_647, Math.round(skewMs))),
      line: this.lineOf(site),
    });
  }

  #keep(site: string, data: Prisma.SiteUpdateInput): void {
    this.#writing = this.#writing
      .then(() => this.#store.mayWrite())
      .then(() => this.#store.prisma.site.update({ where: { name: site }, data, select: { name: true } }))
      .then(
        () => undefined,
        (error: unknown) => this.#log.warn({ site, err: error }, "presence.not-written"),
      );
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    await this.#uptime.close();
  }
}
