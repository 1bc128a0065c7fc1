import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { identityFromSeed } from "@engraft/core/crypto/identity";
import { sealStatement } from "@engraft/core/protocol/session";
import type { Timings } from "@engraft/core/protocol/timings";
import { openLog } from "@engraft/runtime/log";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { LiveItem } from "../api/views.ts";
import { Feed } from "../live/feed.ts";
import { openDatabase, type Database } from "../store/open.ts";
import { Store } from "../store/store.ts";
import { TimingKeeper } from "./timings.ts";

const NOW = 1_800_000_000_000;
const TRAINED: Timings["steps"][number] = { phase: "train", from: NOW - 5_000, to: null, bytes: null, moved: null, attempt: null };
const identity = identityFromSeed(new Uint8Array(32).fill(7));

describe("what sites sign of their rounds", () => {
  let folder: string;
  let database: Database;
  let store: Store;
  let heard: LiveItem[];
  let opened: number;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "engraft-timings-"));
    database = await openDatabase({ dir: join(folder, "db") });
    store = new Store(database);
  });
  afterAll(async () => {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    heard = [];
    opened = 1;
  });

  const keeper = (clock = () => NOW): TimingKeeper => {
    const feed = new Feed();
    feed.listen((item) => heard.push(item));
    const openedRound = (run: string, site: string): number | undefined =>
      run.startsWith("heart.") && site === "anna" ? opened : undefined;
    return new TimingKeeper({ store, feed, log: openLog("test", "silent"), now: clock, openedRound });
  };
  const message = (changes: Partial<Timings> = {}): Timings => ({
    run: "heart.1" as Timings["run"],
    round: 1,
    life: NOW - 10_000,
    at: NOW,
    steps: [TRAINED],
    notes: [],
    ...changes,
  });
  const signed = (value: Timings) => sealStatement(identity, { federation: identity.publicKey, session: undefined }, "timings", value);
  const take = (kept: TimingKeeper, value: Timings, site = "anna", link: object = kept): Promise<void> =>
    kept.take(link, site as never, value, signed(value));

  it("[C4] the newest word of each process is told at once and there after a restart", async () => {
    const first = keeper();
    const later = message({ at: NOW + 1, steps: [{ ...TRAINED, to: NOW - 1_000 }] });
    await Promise.all([take(first, message()), take(first, later), take(first, message({ life: NOW - 500 }))]);
    expect(heard).toHaveLength(3);
    const before = await first.of("heart.1", 1);
    await first.close();
    const after = await keeper().of("heart.1", 1);
    expect(after).toEqual(before);
    expect(after.map(({ timings }) => timings.steps[0]?.to)).toEqual([NOW - 1_000, null]);
  });

  it("[C1] a site that is not in the run, a run that is not under way and a ninth process are left aside", async () => {
    const kept = keeper();
    await take(kept, message({ run: "heart.2" as Timings["run"] }), "bella");
    await take(kept, message({ run: "other.1" as Timings["run"] }));
    expect(heard).toEqual([]);
    for (let life = 1; life <= 20; life++) await take(kept, message({ run: "heart.2" as Timings["run"], life }));
    expect(await kept.of("heart.2", 1)).toHaveLength(8);
    await kept.close();
  });

  it("[C1] a site fills nothing with rounds that its run has not opened, nor with rounds long over", async () => {
    const kept = keeper();
    opened = 3;
    const about = { run: "heart.4" as Timings["run"] };
    for (let round = 0; round < 2_000; round++) await take(kept, message({ ...about, round }));
    await kept.close();
    const rows = await store.prisma.timing.findMany({ where: { run: about.run } });
    expect(rows.map(({ round }) => round)).toEqual([3]);
    opened = 4;
    // The last word on a round that it took part in counts; of another process of that site too, but of no more than eight.
    for (let life = 1; life <= 20; life++) await take(kept, message({ ...about, round: 3, life, at: NOW + 1 }));
    expect(await kept.of(about.run, 3)).toHaveLength(8);
    await kept.close();
  });

  it("[C4] a word that is repeated, or older than what is kept of its process, changes nothing, after a restart neither", async () => {
    const first = keeper();
    const about = { run: "heart.5" as Timings["run"] };
    const old = message({ ...about, at: NOW });
    const newest = message({ ...about, at: NOW + 2_000, steps: [{ ...TRAINED, to: NOW + 1_900 }] });
    await Promise.all([take(first, newest), take(first, old), take(first, newest)]);
    expect(heard).toHaveLength(1);
    await first.close();
    const second = keeper();
    await Promise.all([take(second, old), take(second, newest)]);
    expect(heard).toHaveLength(1);
    await second.close();
    expect((await keeper().of(about.run, 1))[0]?.timings).toMatchObject({ at: NOW + 2_000, steps: newest.steps });
  });

  it("[C2] a clock is taken to be as far ahead as the quickest message of the link says: on its way a message only loses time", async () => {
    let clock = NOW;
    const kept = keeper(() => clock);
    const link = {};
    const about = { run: "heart.3" as Timings["run"] };
    clock = NOW + 900;
    await take(kept, message({ ...about, at: NOW + 60_000 }), "anna", link);
    clock = NOW + 2_000;
    await take(kept, message({ ...about, at: NOW + 61_900 }), "anna", link);
    clock = NOW + 3_500;
    await take(kept, message({ ...about, at: NOW + 62_000 }), "anna", link);
    expect((await kept.of("heart.3", 1))[0]?.offsetMs).toBe(59_900);
    await kept.close();
  });
});
