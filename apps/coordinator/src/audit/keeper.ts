/** Once a day, and with every release, the audit log's end is signed; once a day what is older than the operator keeps is removed. */
import { EngraftError } from "@engraft/core/base/errors";
import type { Logger } from "@engraft/runtime/log";
import type { Feed } from "../live/feed.ts";
import { shorten, signHead, type Signing } from "./heads.ts";

const DAY_MS = 86_400_000;
/** Also after a restart: how often it is looked whether a day has passed. */
const LOOK_MS = 900_000;

export interface KeeperOptions extends Signing {
  /** Undefined: for ever. */
  readonly keepDays: number | undefined;
  readonly log: Logger;
  readonly feed: Pick<Feed, "listen">;
}

export class AuditKeeper {
  readonly #options: KeeperOptions;
  #timer: NodeJS.Timeout | undefined;
  #unhear: (() => void) | undefined;
  #shortened = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** At once, then whenever a day has passed, until `stop`. */
  start(): void {
    const next = (work: () => Promise<void>): void => {
      this.#running = this.#running.then(work);
    };
    const look = (): void => next(() => this.daily());
    look();
    this.#timer = setInterval(look, LOOK_MS);
    this.#timer.unref();
    this.#unhear = this.#options.feed.listen((item) => {
      if (item.kind === "changed" && item.what === "releases") next(() => this.#safely(async () => void (await signHead(this.#options))));
    });
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#unhear?.();
    await this.#running;
  }

  async daily(): Promise<void> {
    const { store, keepDays, log, now } = this.#options;
    await this.#safely(async () => {
      const last = await store.prisma.auditHead.findFirst({ orderBy: { seq: "desc" } });
      if (last === null || now() - last.at.getTime() >= DAY_MS) await signHead(this.#options);
      // Heads of releases and exports are no reason to keep entries for longer.
      if (keepDays === undefined || now() - this.#shortened < DAY_MS) return;
      this.#shortened = now();
      const gone = await shorten(this.#options, keepDays);
      if (gone > 0) log.info({ entries: gone }, "audit.shortened");
    });
  }

  /** A log that cannot be signed is no reason to stop, but one to say so. */
  async #safely(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#options.log.error({ err: error, ...(error instanceof EngraftError ? { code: error.code } : {}) }, "audit.not-signed");
    }
  }
}
