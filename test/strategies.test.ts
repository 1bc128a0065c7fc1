/** Strategies over real processes: what is kept beside checkpoints, at the server and at each site, survives kills and drop-outs. */
import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { toFloat32 } from "@engraft/core/base/bytes";
import type { PublicKey } from "@engraft/core/base/ids";
import type { Plan } from "@engraft/core/models/plan";
import { readBundle } from "@engraft/core/provenance/bundle";
import { BUNDLE_FILE, claimedKey, VARIATE_FILE, verifyRelease } from "@engraft/core/provenance/verify";
import type { RunView } from "@engraft/core/rounds/view";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Heart, shortPlan } from "./support/heart.ts";
import { findPython, requireOrSkip } from "./support/require.ts";
import { underKills } from "./support/kills.ts";

const SCRIPT = fileURLToPath(new URL("../tools/check-record/check_record.py", import.meta.url));
const SITES = ["cleveland", "hungary", "switzerland", "va"];
const hearts: Heart[] = [];
const kept = (heart: Heart): Heart => {
  hearts.push(heart);
  return heart;
};
afterEach(async () => {
  for (const heart of hearts.splice(0)) await heart.stop();
});

/** Checkpoints and what is kept beside each, in order. */
async function written(heart: Heart, run: string) {
  const { events } = await (await heart.federation.api()).runs.get.query({ run });
  return events.flatMap(({ event }) =>
    event.type === "checkpoint.written" ? [{ checkpoint: event.checkpoint.digest, state: event.serverState?.digest }] : [],
  );
}

const blobOf = async (heart: Heart, digest: string): Promise<Float32Array> =>
  toFloat32(await readFile(join(heart.federation.coordinatorDir, "blobs", "blobs", digest.slice(0, 2), digest)));

/** Nobody is left out: whoever was killed is back long before any patience ends. */
const patiently =
  (strategy: Plan["strategy"]) =>
  (plan: Plan): Plan => {
    const short = shortPlan(4, 10)(plan);
    const { aggregation, cohort } = short;
    return {
      ...short,
      cohort: { ...cohort, minSites: 4, gatherSeconds: 120, deadlineSeconds: 300, graceSeconds: 300 },
      aggregation: aggregation.method === "plain" ? aggregation : { ...aggregation, attempts: 20, phaseSeconds: 300 },
      strategy,
    };
  };

describe("a server optimizer", () => {
  it.each([
    ["plain", ["event.checkpoint.written", "event.round.closed", "event.checkpoint.written"]],
    ["secure", ["event.sum.opened", "event.checkpoint.written", "event.checkpoint.written"]],
  ] as const)(
    "[R25] [S3] %s: the coordinator is killed between and in rounds, and every checkpoint and every kept state is that of an undisturbed run",
    async (aggregation, points) => {
      const strategy = { name: "fedadam", serverRate: 0.02, beta1: 0.9, beta2: 0.99, tau: 0.001 } as const;
      const origin = kept(await Heart.start({ plan: patiently(strategy), aggregation }));
      await origin.federation.stop();
      const calm = kept(await origin.copy());
      const run = await calm.startRun();
      await calm.untilPhase(run, "finished");
      const undisturbed = await written(calm, run);
      expect(undisturbed).toHaveLength(4);
      expect(new Set(undisturbed.map(({ state }) => state)).size).toBe(4);
      const last = undisturbed.at(-1)?.state ?? "";
      // First and second moment of each value; second moments are never negative.
      const state = await blobOf(calm, last);
      expect(state.length).toBe(2 * (await blobOf(calm, undisturbed.at(-1)?.checkpoint ?? "")).length);
      expect(state.every((value, at) => at % 2 === 0 || value >= 0)).toBe(true);
      await calm.federation.stop();

      const disturbed = kept(await origin.copy());
      expect(await disturbed.startRun()).toBe(run);
      const { view, kills } = await underKills(disturbed, run, new Map([["coordinator", points]]));
      expect(view.phase).toBe("finished");
      expect(kills.length).toBeGreaterThan(2);
      expect(await written(disturbed, run)).toEqual(undisturbed);
    },
  );
});

/** The last round whose sum holds the site. */
const lastIn = (view: RunView, site: string): number =>
  Math.max(...view.rounds.map(({ round, sum }) => (sum?.sites.includes(site as never) ? round : 0)));

describe("SCAFFOLD behind the masks", () => {
  it("[R27] [R18] [M7] [O6] the server's control variate is the mean of the sites' own, also after a round that one of them trained in vain", async () => {
    const heart = kept(
      await Heart.start({
        aggregation: "secure",
        agentEnv: { va: { ENGRAFT_CRASH_AT: "send.masked:2" } },
        plan: (plan) => {
          const { aggregation, ...short } = shortPlan(4)(plan);
          return {
            ...short,
            strategy: { name: "scaffold", serverRate: 1 },
            metrics: { ...short.metrics, compareMix: true },
            training: { ...short.training, optimizer: { name: "sgd", learningRate: 0.05, momentum: 0 } },
            cohort: { ...short.cohort, graceSeconds: 2 },
            aggregation: aggregation.method === "plain" ? aggregation : { ...aggregation, weights: "equal" },
          };
        },
      }),
    );
    const { federation } = heart;
    const run = await heart.startRun();
    await federation.agents.get("va")?.exited;
    await heart.until(run, (view) => view.rounds[1]?.sum !== null && view.rounds[1]?.sum !== undefined);
    await federation.startAgent("va");
    const view = await heart.untilPhase(run, "finished");
    expect(view.rounds[1]?.sum?.sites).toEqual(SITES.slice(0, 3));
    expect(view.rounds[3]?.sum?.sites).toContain("va");

    const checkpoint = await blobOf(heart, view.checkpoint.digest);
    const values = checkpoint.length / 2;
    expect(values).toBe(1601);
    const own = await Promise.all(
      SITES.map(async (site) => toFloat32(await readFile(join(federation.siteDir(site), "variates", run, String(lastIn(view, site)))))),
    );
    const server = checkpoint.subarray(values);
    const off = server.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - own.reduce((sum, each) => sum + (each[i] as number) / 4, 0))),
      0,
    );
    const size = own.reduce((most, each) => Math.max(most, Math.hypot(...each)), 0);
    expect(size).toBeGreaterThan(0.05);
    expect(off).toBeLessThan(1e-6);
    // What a site sent for the sum is as long as both halves, with weight and counts.
    expect(view.rounds[0]?.answers.every(({ bytes }) => bytes > 4 * 2 * values)).toBe(true);
    const figures = view.comparisons.filter(({ federated }) => federated !== null);
    expect(figures.length).toBeGreaterThan(2);
    expect(figures.some(({ mix }) => mix !== undefined && mix !== null && mix.metrics.n >= 10)).toBe(true);

    // The model is proven to be the last checkpoint's first half only with the second beside it.
    const there = async () => expect((await (await federation.api()).runs.get.query({ run })).release).not.toBeNull();
    await vi.waitFor(there, { timeout: 30_000 });
    await federation.coordinatorCommandOk("release", "make", run, "--name", "heart-scaffold", "--as", "1.0");
    const out = join(heart.dir, "files");
    await federation.coordinatorCommandOk("release", "save", run, "--out", out);
    const files = new Map(readBundle(new Uint8Array(await readFile(join(out, BUNDLE_FILE)))).files);
    const coordinator = claimedKey(files) as PublicKey;
    expect(verifyRelease(files, { coordinator }).checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(toFloat32(files.get(VARIATE_FILE) ?? new Uint8Array())).toEqual(server);
    files.delete(VARIATE_FILE);
    const wrong = verifyRelease(files, { coordinator }).checks.filter(({ ok }) => !ok);
    expect(new Set(wrong.map(({ what }) => what))).toEqual(new Set([VARIATE_FILE]));
  });
});

requireOrSkip("Python with numpy and cryptography", findPython("numpy", "cryptography")).describe("an independent rebuild", (python) => {
  it.each([
    { name: "fedyogi", serverRate: 0.02, beta1: 0.9, beta2: 0.99, tau: 0.001 },
    { name: "scaffold", serverRate: 0.7 },
  ] as const)("[K11] [R25] [R27] every checkpoint under $name, and what is kept, follows from the sum bit for bit", async (strategy) => {
    const heart = kept(
      await Heart.start({
        aggregation: "secure",
        plan: (plan) => {
          const short = shortPlan(3, 10)(plan);
          return { ...short, strategy, training: { ...short.training, optimizer: { name: "sgd", learningRate: 0.05, momentum: 0 } } };
        },
      }),
    );
    const run = await heart.startRun();
    await heart.untilPhase(run, "finished");
    const out = join(heart.dir, "records");
    await heart.federation.coordinatorCommandOk("run", "record", run, "--out", out);
    for (const round of [1, 2, 3]) {
      const folder = join(out, `round-${round}`);
      const { status, stdout, stderr } = spawnSync(python, [SCRIPT, folder], { encoding: "utf8" });
      expect({ status, stderr, stdout }).toMatchObject({ status: 0, stderr: "" });
      expect(stdout).toContain("The checkpoint is rebuilt, bit for bit.");
    }
    // A checkpoint that is not what the strategy makes of the sum is named.
    const path = join(out, "round-2", "record.json");
    const record = JSON.parse(await readFile(path, "utf8")) as { checkpoint: { strategy: { serverRate: number } } };
    record.checkpoint.strategy.serverRate *= 1.01;
    await writeFile(path, JSON.stringify(record));
    const { status, stdout } = spawnSync(python, [SCRIPT, join(out, "round-2")], { encoding: "utf8" });
    expect({ status, wrong: stdout.includes("the rebuilt checkpoint is not the one") }).toEqual({ status: 1, wrong: true });
  });
});
