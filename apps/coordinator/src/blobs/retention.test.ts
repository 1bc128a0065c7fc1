import type { Digest, RunId, SiteName } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import type { BlobRef, RunEvent } from "@engraft/core/rounds/events";
import type { StoredBlob } from "@engraft/runtime/blob-folder";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UpdateBlobs } from "../rounds/update-blobs.ts";
import { blobsOf, GRACE_MS, judge, needed, type Held, type RunHeld } from "./retention.ts";

const DAY = 86_400_000;
const NOW = 1000 * DAY;
const KEEP_DAYS = 30;
/** Few names, so that blobs are often several things at once. */
const name = fc.integer({ min: 0, max: 40 }).map((index) => sha256(`blob ${index}`));
const ref = name.map((digest): BlobRef => ({ digest, bytes: 8 }));

/** One thing that happens in a run; only what refers to blobs matters here. */
const happening = fc.oneof(
  ref.map((update): RunEvent => ({
    type: "update.accepted",
    at: 1,
    round: 1,
    site: "a" as SiteName,
    update,
    statement: update.digest,
    sampleCount: 1,
    validation: null,
    engine: "",
    seconds: { fetch: 0, train: 0 },
  })),
  ref.map((deal): RunEvent => ({ type: "deal.accepted", at: 1, round: 1, attempt: 1, site: "a" as SiteName, deal, root: deal.digest })),
  ref.map((release): RunEvent => ({ type: "release.accepted", at: 1, round: 1, attempt: 1, site: "a" as SiteName, release })),
  ref.map((body): RunEvent => ({ type: "input.accepted", at: 1, round: 1, attempt: 1, site: "a" as SiteName, header: {} as never, body })),
  ref.map((checkpoint): RunEvent => ({ type: "checkpoint.written", at: 1, round: 1, checkpoint })),
  fc
    .tuple(ref, ref)
    .map(([checkpoint, serverState]): RunEvent => ({ type: "checkpoint.written", at: 1, round: 1, checkpoint, serverState })),
  fc
    .tuple(ref, ref)
    .map(([sum, record]): RunEvent => ({
      type: "sum.opened",
      at: 1,
      round: 1,
      attempt: 1,
      sites: [],
      sum,
      record,
      totalWeight: 1,
      pooled: {} as never,
      crooked: [],
    })),
  fc.constant<RunEvent>({ type: "attempt.failed", at: 1, round: 1, attempt: 1, code: "too-few-sites", text: "", missing: [] }),
);

const run = fc
  .record({ start: ref, happenings: fc.array(happening, { maxLength: 25 }), endedAgo: fc.option(fc.integer({ min: 0, max: 100 * DAY })) })
  .map(({ start, happenings, endedAgo }): RunHeld => ({
    endedAt: endedAgo === null ? null : NOW - endedAgo,
    events: [
      {
        type: "run.created",
        at: 0,
        run: "x.1" as RunId,
        plan: start.digest,
        by: "",
        sites: [],
        approvals: [],
        manifest: start,
        weights: start,
        start,
      },
      ...happenings,
    ],
  }));
const held = fc.record({
  bases: fc.array(name, { maxLength: 3 }),
  releases: fc.array(name, { maxLength: 4 }),
  runs: fc.array(run, { maxLength: 4 }),
});
const onDisk = fc
  .uniqueArray(
    fc.tuple(
      fc.integer({ min: 0, max: 60 }).map((index) => sha256(`blob ${index}`)),
      fc.integer({ min: 0, max: 3 * DAY }),
    ),
    { selector: ([digest]) => digest },
  )
  .map((files) => files.map(([digest, age]): StoredBlob => ({ digest, bytes: 8, at: NOW - age })));

const collected = (stored: readonly StoredBlob[], of: Held): ReadonlySet<Digest> =>
  new Set(judge(stored, needed(of, { now: NOW, keepDays: KEEP_DAYS }), NOW).collect.map(({ digest }) => digest));

/** What a coordinator that has just read its log holds for a run that goes on: kept by other code, for another reason. */
async function heldWhileLive({ events }: RunHeld, stored: readonly StoredBlob[]): Promise<readonly Digest[]> {
  const removed = new Set<string>();
  const updates = new UpdateBlobs({ remove: async (digest) => void removed.add(digest) }, [], Number.MAX_SAFE_INTEGER);
  const named = new Set(events.flatMap((event) => JSON.stringify(event).match(/[0-9a-f]{64}/g) ?? []));
  const sumsOnly = new Set(events.flatMap((event) => (event.type === "sum.opened" ? [event.sum.digest] : [])));
  await updates.resume("x.1", events);
  // Of the server's states only the newest is read again.
  const states = events.flatMap((event) => (event.type === "checkpoint.written" ? [event.serverState?.digest] : []));
  const past = new Set(states.filter((digest) => digest !== states.at(-1)));
  // A sum's digest is of words that are nowhere kept.
  return stored
    .map(({ digest }) => digest)
    .filter((digest) => named.has(digest) && !removed.has(digest) && !sumsOnly.has(digest) && !past.has(digest));
}

describe("what is collected", () => {
  it("[S16] is nothing that a base, a release, a record, a run's first and last checkpoint or its newest server state refers to", () => {
    fc.assert(
      fc.property(held, onDisk, (of, stored) => {
        const gone = collected(stored, of);
        const events = of.runs.flatMap((one) => one.events);
        const referred: Digest[] = [...of.bases, ...of.releases];
        for (const event of events) if (event.type === "sum.opened") referred.push(event.record.digest);
        for (const one of of.runs) {
          const line = one.events.flatMap((event) =>
            event.type === "run.created" ? [event.start.digest] : event.type === "checkpoint.written" ? [event.checkpoint.digest] : [],
          );
          referred.push(...line.slice(0, 1), ...line.slice(-1));
          // While it goes on and for its days after it, every one of them.
          if (one.endedAt === null || NOW - one.endedAt < KEEP_DAYS * DAY) referred.push(...line);
          const newest = one.events.findLast((event) => event.type === "checkpoint.written");
          if (one.endedAt === null && newest?.serverState !== undefined) referred.push(newest.serverState.digest);
        }
        expect(referred.filter((digest) => gone.has(digest))).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  it("[S16] is nothing that a run under way still holds", async () => {
    await fc.assert(
      fc.asyncProperty(run, onDisk, async (one, stored) => {
        const live = { ...one, endedAt: null };
        const gone = collected(stored, { bases: [], releases: [], runs: [live] });
        expect((await heldWhileLive(live, stored)).filter((digest) => gone.has(digest))).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  it("[S16] is nothing that was written or relied on within a day, and everything else that nobody refers to", () => {
    fc.assert(
      fc.property(held, onDisk, (of, stored) => {
        const gone = collected(stored, of);
        const stays = needed(of, { now: NOW, keepDays: KEEP_DAYS });
        for (const { digest, at } of stored) expect(gone.has(digest)).toBe(!stays.has(digest) && at < NOW - GRACE_MS);
      }),
      { numRuns: 500 },
    );
  });

  it("[S16] of a run that ended long ago: its checkpoints in between, its masked vectors and what was under way", () => {
    const blob = (text: string): BlobRef => ({ digest: sha256(text), bytes: 8 });
    const [start, middle, last] = [blob("start"), blob("middle"), blob("last")];
    const base = run.map((one) => one);
    const [made] = fc.sample(base, 1) as [RunHeld];
    const created = { ...(made.events[0] as Extract<RunEvent, { type: "run.created" }>), start };
    const written = (round: number, checkpoint: BlobRef): RunEvent => ({ type: "checkpoint.written", at: 1, round, checkpoint });
    const input: RunEvent = {
      type: "input.accepted",
      at: 1,
      round: 1,
      attempt: 1,
      site: "a" as SiteName,
      header: {} as never,
      body: blob("masked"),
    };
    const opened: RunEvent = {
      type: "sum.opened",
      at: 1,
      round: 1,
      attempt: 1,
      sites: [],
      sum: blob("sum"),
      record: blob("record"),
      totalWeight: 1,
      pooled: {} as never,
      crooked: [],
    };
    const events = [created, input, opened, written(1, middle), { ...input, body: blob("lost") }, written(2, last)];
    const stored = ["start", "middle", "last", "masked", "record", "lost"].map((text): StoredBlob => ({ ...blob(text), at: 0 }));
    const after = (days: number, releasedRound?: number) => [
      ...collected(stored, {
        bases: [],
        releases: [],
        runs: [{ endedAt: NOW - days * DAY, events, ...(releasedRound && { releasedRound }) }],
      }),
    ];
    expect(after(29)).toEqual([sha256("lost")]);
    expect(after(31).sort()).toEqual([sha256("middle"), sha256("masked"), sha256("lost")].sort());
    // Its checkpoint was released.
    expect(after(31, 1).sort()).toEqual([sha256("masked"), sha256("lost")].sort());
  });

  it("[S16] of a base: neither its weights nor its trunk", () => {
    const [weights, onnx] = [sha256("weights"), sha256("trunk")].map((digest) => ({ digest, bytes: 8 })) as [BlobRef, BlobRef];
    const names = { weights, trunk: { onnx } } as Parameters<typeof blobsOf>[0];
    const bases = [...blobsOf(names), ...blobsOf({ weights, trunk: undefined })];
    const stored = ["weights", "trunk", "other"].map((text): StoredBlob => ({ digest: sha256(text), bytes: 8, at: 0 }));
    expect([...collected(stored, { bases, releases: [], runs: [] })]).toEqual([sha256("other")]);
  });

  it("[S13] what is needed and not there is named, but for masked vectors, which are let go on purpose", () => {
    const stays = new Map([
      [sha256("base"), "base"],
      [sha256("masked"), "masked vector"],
    ] as const);
    expect(judge([], stays, NOW).missing).toEqual([sha256("base")]);
  });
});
