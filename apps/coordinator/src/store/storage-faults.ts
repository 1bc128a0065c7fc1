/**
 * What the disk or the database does not let this coordinator do now. Each entry stands until the same work succeeds, so an
 * admin sees why a run stands still, and that it went on by itself.
 */
import { EngraftError, type Code } from "@engraft/core/base/errors";
import { namedStorageFault } from "@engraft/runtime/files";
import type { Logger } from "@engraft/runtime/log";

export interface StorageFault {
  /** Run that stands still; null where it is the whole coordinator. */
  readonly run: string | null;
  readonly code: Code;
  /** For whoever runs the coordinator: may name paths. */
  readonly text: string;
  readonly since: number;
}

const STORAGE: ReadonlySet<Code> = new Set(["disk-full", "disk-fault", "blob-missing", "digest-mismatch", "database-unavailable"]);

export interface StorageFaultsOptions {
  readonly now: () => number;
  readonly log: Logger;
  /** The list has become another one. */
  readonly changed: () => void;
}

export class StorageFaults {
  readonly #options: StorageFaultsOptions;
  readonly #faults = new Map<string, StorageFault>();

  constructor(options: StorageFaultsOptions) {
    this.#options = options;
  }

  /** Oldest first. */
  list(): readonly StorageFault[] {
    return [...this.#faults.values()];
  }

  /** Does the work; where storage fails it, that stands on the list until the same work succeeds. Passes every error on. */
  async watch<T>(run: string | null, work: string, act: () => Promise<T>): Promise<T> {
    try {
      const done = await act();
      this.#clear(`${run ?? ""} ${work}`);
      return done;
    } catch (error) {
      this.#note(run, work, error);
      throw error;
    }
  }

  /** The run has ended: nothing of it waits for the disk any more. */
  forget(run: string): void {
    for (const [key, fault] of this.#faults) if (fault.run === run) this.#clear(key);
  }

  #note(run: string | null, work: string, thrown: unknown): void {
    const error = thrown instanceof EngraftError ? thrown : namedStorageFault(thrown, "The coordinator's folder");
    if (error === undefined || !STORAGE.has(error.code)) return;
    const { now, log, changed } = this.#options;
    const key = `${run ?? ""} ${work}`;
    const known = this.#faults.get(key);
    if (known?.code === error.code && known.text === error.message) return;
    this.#faults.set(key, { run, code: error.code, text: error.message, since: known?.since ?? now() });
    log.error({ run, work, code: error.code }, `storage.fault: ${error.message}`);
    changed();
  }

  #clear(key: string): void {
    const fault = this.#faults.get(key);
    if (fault === undefined) return;
    this.#faults.delete(key);
    const { log, changed } = this.#options;
    log.info({ run: fault.run, code: fault.code }, "storage.recovered");
    changed();
  }
}
