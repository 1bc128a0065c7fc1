/** What lies in the blob store, what of it is needed, and letting the rest go. */
import type { Digest } from "@engraft/core/base/ids";
import { RunEvent } from "@engraft/core/rounds/events";
import type { StoredBlob } from "@engraft/runtime/blob-folder";
import type { BlobStore } from "@engraft/runtime/blobs";
import type { Logger } from "@engraft/runtime/log";
import type { BlobUsageView } from "../api/views.ts";
import { readManifest } from "../plans/bases.ts";
import { ReleaseFiles } from "../http/releases.ts";
import type { Removals } from "../store/removals.ts";
import type { Store } from "../store/store.ts";
import { GRACE_MS, blobsOf, judge, LOOKED_AT, needed, sizesOf, type Held, type Sizes, type Verdict } from "./retention.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface CollectorOptions {
  readonly store: Store;
  readonly blobs: BlobStore;
  /** By which everything goes that goes. */
  readonly removals: Pick<Removals, "collect" | "sweepPartial">;
  readonly keepDays: number;
  readonly log: Logger;
  readonly now: () => number;
}

export class Collector {
  readonly #options: CollectorOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /** First after an hour: whoever has put back the wrong backup has time to notice. Then once a day, until `stop`. */
  start(): void {
    this.#after(HOUR_MS);
  }

  #after(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#running = this.collect("coordinator").then(
        () => undefined,
        (error: unknown) => this.#options.log.error({ err: error }, "collect.failed"),
      );
      this.#after(DAY_MS);
    }, ms);
    this.#timer.unref();
  }

  /** Resolves when nothing is collected any more. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#running;
  }

  async usage(): Promise<BlobUsageView> {
    const { kept, young, collect, missing } = await this.#look();
    return { kept, young, collect: sizesOf(collect), missing, keepDays: this.#options.keepDays };
  }

  /** Removes what may be collected; what somebody has written or relied on meanwhile stays. Returns what is gone. */
  async collect(by: string): Promise<Sizes> {
    const { store, removals, log, now } = this.#options;
    const before = Date.now() - GRACE_MS;
    const gone: StoredBlob[] = [];
    for (const blob of (await this.#look()).collect) if (await removals.collect(blob.digest, before)) gone.push(blob);
    const partial = await removals.sweepPartial(before);
    const sizes = sizesOf(gone);
    log.info({ ...sizes, partial }, "blobs.collected");
    if (gone.length > 0) {
      const entry = { at: now(), actor: by, action: "blobs.collected", subject: "blobs", detail: { ...sizes } };
      await store.write(async () => ({ value: undefined, audit: [entry] }));
    }
    return sizes;
  }

  async #look(): Promise<Verdict> {
    const { store, blobs, keepDays, now } = this.#options;
    // First the disk: what is written after that is not judged.
    const stored = await blobs.list();
    return judge(stored, needed(await heldIn(store), { now: now(), keepDays }), Date.now());
  }
}

/** Everything that the database refers to. */
async function heldIn({ prisma }: Store): Promise<Held> {
  const [bases, releases, runs, events] = await Promise.all([
    prisma.base.findMany({ select: { manifest: true, text: true } }),
    prisma.release.findMany({ select: { files: true } }),
    prisma.run.findMany({ select: { id: true, endedAt: true, endPhase: true, release: { select: { round: true } } } }),
    prisma.$queryRaw<{ run: string; body: unknown }[]>`
      SELECT "run", "body" FROM "event" WHERE "body"->>'type' = ANY(${[...LOOKED_AT]}) ORDER BY "run", "version"`,
  ]);
  const eventsOf = new Map<string, RunEvent[]>();
  for (const { run, body } of events) {
    const known = eventsOf.get(run) ?? [];
    known.push(RunEvent.parse(body));
    eventsOf.set(run, known);
  }
  return {
    bases: bases.flatMap(({ manifest, text }) => [manifest as Digest, ...blobsOf(readManifest(text))]),
    releases: releases.flatMap(({ files }) => ReleaseFiles.parse(files).map(({ sha256 }) => sha256 as Digest)),
    runs: runs.map(({ id, endedAt, endPhase, release }) => ({
      endedAt: endedAt === null || (endPhase === "finished" && release === null) ? null : endedAt.getTime(),
      releasedRound: release?.round ?? null,
      events: eventsOf.get(id) ?? [],
    })),
  };
}
