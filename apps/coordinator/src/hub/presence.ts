/** When each site was last seen. Who is online now is known to the hub; this survives a restart, and is written sparsely. */
import type { Logger } from "@engraft/runtime/log";
import type { Store } from "../store/store.ts";
import type { Session } from "./session.ts";

const WRITE_EVERY_MS = 60_000;

export class Presence {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #online = new Set<Session>();
  readonly #timer: NodeJS.Timeout;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Store, log: Logger, now: () => number) {
    this.#store = store;
    this.#log = log;
    this.#now = now;
    this.#timer = setInterval(() => {
      for (const session of this.#online) this.#write(session);
    }, WRITE_EVERY_MS);
    this.#timer.unref();
  }

  online(session: Session): void {
    this.#online.add(session);
    this.#write(session);
  }

  offline(session: Session): void {
    this.#online.delete(session);
    this.#write(session);
  }

  #write(session: Session): void {
    const { site, version, engine, skewMs } = session;
    const data = {
      lastSeen: new Date(this.#now()),
      version,
      engine,
      skewMs: Math.max(-2_147_483_648, Math.min(2_147_483_647, Math.round(skewMs))),
    };
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
  }
}
