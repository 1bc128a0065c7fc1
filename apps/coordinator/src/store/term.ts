/**
 * One coordinator's time as the one that leads. It holds an advisory lock on a connection of its own and shows a sign of life
 * there every second. Whatever goes wrong with either, the term is over at once and for good: who wants to go on stands by
 * for the next one. That two never write is not left to clocks: each term has an epoch, and the database itself refuses a
 * write of an earlier one (the trigger `fence`).
 */
import { EngraftError } from "@engraft/core/base/errors";
import type pg from "pg";

export interface Term {
  readonly epoch: bigint;
  /** Migrations that were applied as it began. */
  readonly migrated: readonly string[];
  /** Resolves, with why, when the term is over other than by `close`. */
  readonly lost: Promise<EngraftError>;
  /** False from the moment on at which another coordinator might lead, also where this process was asleep meanwhile. */
  holds(): boolean;
  /** Ends it now. */
  end(fault: EngraftError): void;
  /** Leaves the place to another. */
  close(): Promise<void>;
}

const RENEW_MS = 1_000;
/** Without a sign of life for so long the term is over. A standby waits longer: see STALE_MS. */
const HOLD_MS = 5_000;
/** Without a sign of life for so long a standby ends the leader's connections and takes its place. By the database's clock. */
export const STALE_MS = 6_000;

export const overtaken = (): EngraftError =>
  new EngraftError("locked", "Another coordinator leads this database now. This one has stopped, and wrote nothing since.");

/** A clock that also runs while the process, or its machine, is asleep: the one goes on in a stopped process, the other in a suspended machine. */
const moment = () => ({ steady: performance.now(), wall: Date.now() });
const since = (then: ReturnType<typeof moment>): number => Math.max(performance.now() - then.steady, Date.now() - then.wall);

export class HeldTerm implements Term {
  readonly epoch: bigint;
  readonly migrated: readonly string[];
  readonly lost: Promise<EngraftError>;
  readonly #connection: pg.Client;
  readonly #timer: NodeJS.Timeout;
  #tell: (fault: EngraftError) => void = () => undefined;
  #shown = moment();
  #showing = false;
  #over = false;

  constructor(connection: pg.Client, epoch: bigint, migrated: readonly string[]) {
    this.#connection = connection;
    this.epoch = epoch;
    this.migrated = migrated;
    this.lost = new Promise((resolve) => (this.#tell = resolve));
    connection.once("end", () =>
      this.end(new EngraftError("database-unavailable", "The connection that holds the coordinator's lock was lost.")),
    );
    this.#timer = setInterval(() => void this.#show(), RENEW_MS);
  }

  holds(): boolean {
    return !this.#over && since(this.#shown) < HOLD_MS;
  }

  async #show(): Promise<void> {
    if (!this.holds()) return this.end(new EngraftError("database-unavailable", "The database has not answered for too long."));
    if (this.#showing) return;
    this.#showing = true;
    const asked = moment();
    try {
      const { rowCount } = await this.#connection.query(`UPDATE "lease" SET "renewedAt" = clock_timestamp() WHERE "epoch" = $1`, [
        this.epoch,
      ]);
      if (rowCount === 1) this.#shown = asked;
      else this.end(overtaken());
    } catch (cause) {
      this.end(new EngraftError("database-unavailable", "The database took no sign of life.", { cause }));
    } finally {
      this.#showing = false;
    }
  }

  end(fault: EngraftError): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#timer);
    void this.#hangUp();
    this.#tell(fault);
  }

  async close(): Promise<void> {
    this.#over = true;
    clearInterval(this.#timer);
    await this.#hangUp();
  }

  /** A connection to a machine that is gone does not end in good time. */
  async #hangUp(): Promise<void> {
    const patience = new Promise<void>((resolve) => setTimeout(resolve, 1_000).unref());
    await Promise.race([this.#connection.end().catch(() => undefined), patience]);
  }
}
