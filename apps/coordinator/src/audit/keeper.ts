/** Once a day: the audit log's end is signed, and what is older than the operator keeps is removed. */
import { EngraftError } from "@engraft/core/base/errors";
import type { Logger } from "@engraft/runtime/log";
import { shorten, signHead, type Signing } from "./heads.ts";

const DAY_MS = 86_400_000;
/** Also after a restart: how often it is looked whether a day has passed. */
const LOOK_MS = 900_000;

export interface KeeperOptions extends Signing {
  /** Undefined: for ever. */
  readonly keepDays: number | undefined;
  readonly log: Logger;
}

export class AuditKeeper {
  readonly #options: KeeperOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** At once, then whenever a day has passed, until `stop`. */
  start(): void {
    const look = (): void => {
      this.#running = this.daily();
    };
    look();
    this.#timer = setInterval(look, LOOK_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  /** Never throws: a log that cannot be signed is no reason to stop, but one to say so. */
  async daily(): Promise<void> {
    const { store, keepDays, log, now } = this.#options;
    try {
      const last = await store.prisma.auditHead.findFirst({ orderBy: { seq: "desc" } });
      if (last !== null && now() - last.at.getTime() < DAY_MS) return;
      await signHead(this.#options);
      if (keepDays === undefined) return;
      const gone = await shorten(this.#options, keepDays);
      if (gone > 0) log.info({ entries: gone }, "audit.shortened");
    } catch (error) {
      log.error({ err: error, ...(error instanceof EngraftError ? { code: error.code } : {}) }, "audit.not-signed");
    }
  }
}
