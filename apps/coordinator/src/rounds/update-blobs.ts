/**
 * Updates are kept no longer than their round: the coordinator can read each of them, and they are as large as the model. Blobs
 * are named by content, so a blob may be several updates at once, or a checkpoint: a count says when nobody needs it any more.
 */
import type { RunEvent } from "@engraft/core/rounds/events";
import type { BlobStore } from "@engraft/runtime/blobs";
import type { Store } from "../store/store.ts";

export class UpdateBlobs {
  readonly #blobs: Pick<BlobStore, "remove">;
  /** Checkpoints, which stay. */
  readonly #kept: Set<string>;
  readonly #held = new Map<string, number>();
  readonly #removing = new Map<string, Promise<void>>();
  /** Updates that a run's open round counts. */
  readonly #ofRun = new Map<string, string[]>();

  constructor(blobs: Pick<BlobStore, "remove">, kept: Iterable<string>) {
    this.#blobs = blobs;
    this.#kept = new Set(kept);
  }

  static async load(store: Store, blobs: BlobStore): Promise<UpdateBlobs> {
    const rows = await store.prisma.$queryRaw<{ digest: string }[]>`
      SELECT "body"->'checkpoint'->>'digest' AS "digest" FROM "event" WHERE "body"->>'type' = 'checkpoint.written'
      UNION SELECT "body"->'start'->>'digest' FROM "event" WHERE "body"->>'type' = 'run.created'`;
    return new UpdateBlobs(
      blobs,
      rows.map(({ digest }) => digest),
    );
  }

  /** From now on the blob is needed, until as many `letGo`s. Waits where it is just being removed, so that it is then fetched anew. */
  async hold(digest: string): Promise<void> {
    this.#held.set(digest, (this.#held.get(digest) ?? 0) + 1);
    await this.#removing.get(digest);
  }

  letGo(digest: string): void {
    const count = (this.#held.get(digest) ?? 1) - 1;
    if (count > 0) {
      this.#held.set(digest, count);
      return;
    }
    this.#held.delete(digest);
    if (this.#kept.has(digest)) return;
    const removed = this.#blobs
      .remove(digest)
      // What cannot be removed now is found when the run is resumed, and else only takes space.
      .catch(() => undefined)
      .finally(() => this.#removing.delete(digest));
    this.#removing.set(digest, removed);
  }

  /** Follows a run. An accepted update has been held by whoever fetched it. */
  happened(run: string, event: RunEvent): void {
    const open = this.#ofRun.get(run) ?? [];
    this.#ofRun.set(run, open);
    if (event.type === "run.created") this.#kept.add(event.start.digest);
    if (event.type === "update.accepted") open.push(event.update.digest);
    if (event.type === "checkpoint.written") this.#kept.add(event.checkpoint.digest);
    const ended = event.type === "run.finished" || event.type === "run.stopped" || event.type === "run.failed";
    if (event.type === "checkpoint.written" || ended) for (const digest of open.splice(0)) this.letGo(digest);
    if (ended) this.#ofRun.delete(run);
  }

  /** Takes up a run's stored events; removes what a crash has left of earlier rounds. */
  async resume(run: string, events: readonly RunEvent[]): Promise<void> {
    for (const event of events) {
      if (event.type === "update.accepted") await this.hold(event.update.digest);
      this.happened(run, event);
    }
  }
}
