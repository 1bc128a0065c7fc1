/**
 * Updates are kept no longer than their round: in plain the coordinator can read each of them, and they are as large as the model.
 * Masked vectors of opened sums stay as long as a run's allowance lasts, newest first, so that others can rebuild the sum. Blobs
 * are named by content, so a blob may be several updates at once, or a checkpoint: a count says when nobody needs it any more.
 */
import type { Digest } from "@engraft/core/base/ids";
import type { BlobRef, RunEvent } from "@engraft/core/rounds/events";
import type { BlobStore } from "@engraft/runtime/blobs";
import type { Store } from "../store/store.ts";

interface Open {
  readonly updates: string[];
  /** Deals and releases. */
  readonly shares: string[];
  readonly masked: BlobRef[];
  /** Masked vectors of opened sums, oldest first. */
  readonly recorded: BlobRef[];
}

/** What a site has sent with the event: kept until its round or attempt is over. */
export function heldBy(event: RunEvent): readonly Digest[] {
  switch (event.type) {
    case "update.accepted":
      return [event.update.digest];
    case "deal.accepted":
      return [event.deal.digest];
    case "release.accepted":
      return [event.release.digest];
    case "input.accepted":
      return [event.body.digest];
    default:
      return [];
  }
}

export class UpdateBlobs {
  readonly #blobs: Pick<BlobStore, "remove">;
  /** Checkpoints and what is kept beside them, which stay. */
  readonly #kept: Set<string>;
  readonly #held = new Map<string, number>();
  readonly #removing = new Map<string, Promise<void>>();
  /** What a run's open round counts. */
  readonly #ofRun = new Map<string, Open>();
  /** Bytes of masked vectors that a run may keep after their sums were opened. */
  readonly #allowance: number;

  constructor(blobs: Pick<BlobStore, "remove">, kept: Iterable<string>, allowance = 0) {
    this.#blobs = blobs;
    this.#kept = new Set(kept);
    this.#allowance = allowance;
  }

  static async load(store: Store, blobs: Pick<BlobStore, "remove">, allowance: number): Promise<UpdateBlobs> {
    const rows = await store.prisma.$queryRaw<{ digest: string }[]>`
      SELECT "body"->'checkpoint'->>'digest' AS "digest" FROM "event" WHERE "body"->>'type' = 'checkpoint.written'
      UNION SELECT "body"->'serverState'->>'digest' FROM "event" WHERE "body"->>'type' = 'checkpoint.written' AND "body" ? 'serverState'
      UNION SELECT "body"->'start'->>'digest' FROM "event" WHERE "body"->>'type' = 'run.created'`;
    return new UpdateBlobs(
      blobs,
      rows.map(({ digest }) => digest),
      allowance,
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
    const open = this.#ofRun.get(run) ?? { updates: [], shares: [], masked: [], recorded: [] };
    this.#ofRun.set(run, open);
    if (event.type === "run.created") this.#kept.add(event.start.digest);
    if (event.type === "update.accepted") open.updates.push(event.update.digest);
    if (event.type === "deal.accepted") open.shares.push(event.deal.digest);
    if (event.type === "release.accepted") open.shares.push(event.release.digest);
    if (event.type === "input.accepted") open.masked.push(event.body);
    if (event.type === "sum.opened") {
      open.recorded.push(...open.masked.splice(0));
      this.#letGoAll(open.shares);
      this.#withinAllowance(open.recorded);
    }
    if (event.type === "checkpoint.written") {
      this.#kept.add(event.checkpoint.digest);
      if (event.serverState !== undefined) this.#kept.add(event.serverState.digest);
      this.#letGoAll(open.updates);
    }
    const ended = event.type === "run.finished" || event.type === "run.stopped" || event.type === "run.failed";
    if (event.type === "attempt.failed" || ended) {
      this.#letGoAll(open.updates);
      this.#letGoAll(open.shares);
      for (const { digest } of open.masked.splice(0)) this.letGo(digest);
    }
    if (ended) this.#ofRun.delete(run);
  }

  #letGoAll(digests: string[]): void {
    for (const digest of digests.splice(0)) this.letGo(digest);
  }

  #withinAllowance(recorded: BlobRef[]): void {
    let total = recorded.reduce((sum, { bytes }) => sum + bytes, 0);
    while (total > this.#allowance) {
      const oldest = recorded.shift();
      if (oldest === undefined) return;
      total -= oldest.bytes;
      this.letGo(oldest.digest);
    }
  }

  /** Takes up a run's stored events; removes what a crash has left of earlier rounds. */
  async resume(run: string, events: readonly RunEvent[]): Promise<void> {
    for (const event of events) {
      for (const digest of heldBy(event)) await this.hold(digest);
      this.happened(run, event);
    }
  }
}
