/** Secure aggregation through the real binaries: what leaves a site, what the sum is, and what kills do to it. */
import { spawnSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { totalsLength } from "@engraft/core/models/tally";
import type { RunView } from "@engraft/core/rounds/view";
import { stepsPerUnit } from "@engraft/core/secagg/quantize";
import { afterEach, describe, expect, it } from "vitest";
import { Heart, heartPlan, shortPlan } from "./support/heart.ts";
import { leaked, payloads } from "./support/capture.ts";
import { CuttingProxy } from "./support/proxy.ts";
import { findPython, requireOrSkip } from "./support/require.ts";

const SCRIPT = fileURLToPath(new URL("../tools/check-record/check_record.py", import.meta.url));
const SITES = ["cleveland", "hungary", "switzerland", "va"];

const hearts: Heart[] = [];
const proxies: CuttingProxy[] = [];
afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy.stop();
  for (const heart of hearts.splice(0)) await heart.stop();
});

async function start(options: Parameters<typeof Heart.start>[0]): Promise<Heart> {
  const heart = await Heart.start(options);
  hearts.push(heart);
  return heart;
}

/** From now on everything that this site's agent sends goes through the proxy, which keeps it. */
async function captured(heart: Heart, site: string): Promise<() => Buffer> {
  const { federation } = heart;
  const proxy = await CuttingProxy.start(federation.port, { capture: true });
  proxies.push(proxy);
  await federation.agents.get(site)?.stop();
  const path = join(federation.siteDir(site), "federation.json");
  const known = JSON.parse(await readFile(path, "utf8")) as object;
  await writeFile(path, JSON.stringify({ ...known, url: `http://127.0.0.1:${proxy.port}` }));
  await federation.startAgent(site);
  return () => Buffer.concat(proxy.sent.map((chunks) => payloads(Buffer.concat(chunks))));
}

const checkpointBytes = (heart: Heart, digest: string): Promise<Buffer> =>
  readFile(join(heart.federation.coordinatorDir, "blobs", "blobs", digest.slice(0, 2), digest));
const floats = (bytes: Buffer): Float32Array => new Float32Array(Uint8Array.from(bytes).buffer);
const sumSites = (view: RunView): readonly (readonly string[] | undefined)[] => view.rounds.map((round) => round.sum?.sites);

/** The same weights in the mean as plain aggregation has them. */
const exact =
  (rounds: number) =>
  (plan: Parameters<ReturnType<typeof shortPlan>>[0]): ReturnType<ReturnType<typeof shortPlan>> => {
    const short = shortPlan(rounds)(plan);
    return short.aggregation.method === "plain" ? short : { ...short, aggregation: { ...short.aggregation, weights: "exact" } };
  };

describe("what the coordinator is sent", () => {
  it("[K8] [R18] gives the mean of a plain round to within rounding, and holds no piece of an update", async () => {
    const plain = await start({ plan: exact(1) });
    const plainSent = await captured(plain, "va");
    const run = await plain.startRun();
    const after = await plain.untilPhase(run, "finished");
    const answer = plain.federation.agents.get("va");
    expect(answer).toBeDefined();

    // The same data, seeds, run number and start: the same updates, this time under masks.
    const secure = await start({ plan: exact(1), aggregation: "secure" });
    const secureSent = await captured(secure, "va");
    expect(await secure.startRun()).toBe(run);
    const summed = await secure.untilPhase(run, "finished");
    expect(sumSites(summed)).toEqual([SITES]);

    const update = updateOf(plainSent());
    expect(leaked(plainSent(), update)).toBeGreaterThan(100);
    expect(leaked(secureSent(), update)).toBe(0);
    expect(secureSent().length).toBeGreaterThan(update.length);

    const [a, b] = await Promise.all([
      checkpointBytes(plain, after.rounds[0]?.checkpoint?.digest ?? ""),
      checkpointBytes(secure, summed.rounds[0]?.checkpoint?.digest ?? ""),
    ]);
    const [means, sums] = [floats(a), floats(b)];
    expect(sums.length).toBe(means.length);
    const off = means.reduce((most, value, index) => Math.max(most, Math.abs(value - (sums[index] as number))), 0);
    expect(off).toBeLessThan(2e-6);
    // Without the sites' own word for it, their sample counts are nowhere in the log.
    expect(summed.rounds[0]?.answers.every(({ sampleCount }) => sampleCount === null)).toBe(true);
  });
});

const compactly =
  (change: ReturnType<typeof shortPlan>) =>
  (plan: Parameters<typeof change>[0]): ReturnType<typeof change> => {
    const made = change(plan);
    return made.aggregation.method === "plain" ? made : { ...made, aggregation: { ...made.aggregation, encoding: "compact" } };
  };

const firstCheckpoint = async (heart: Heart, view: RunView): Promise<Float32Array> =>
  floats(await checkpointBytes(heart, view.rounds[0]?.checkpoint?.digest ?? ""));

describe("a compact round", () => {
  it("[N5] [N7] [R18] sends five eighths of an update's bytes, and comes to the mean of a plain round to within its rounding", async () => {
    const plain = await start({ plan: exact(1) });
    const run = await plain.startRun();
    const after = await plain.untilPhase(run, "finished");
    const compact = await start({ plan: compactly(exact(1)), aggregation: "secure" });
    expect(await compact.startRun()).toBe(run);
    const summed = await compact.untilPhase(run, "finished");
    expect(sumSites(summed)).toEqual([SITES]);

    const [means, sums] = [await firstCheckpoint(plain, after), await firstCheckpoint(compact, summed)];
    const { training, aggregation, ...rest } = exact(1)(await heartPlan("secure"));
    const cap = aggregation.method === "secure" ? aggregation.weightCap : 0;
    const totals = totalsLength({ training, aggregation, ...rest }, "train");
    const { clip } = training;
    const encoding = { sites: 4, cap, clipNorm: clip, clip, values: means.length, totals, noise: 0, words: "compact" } as const;
    // 1,601 values and their zeros: 1,664 of 20 bits. Weight and counts keep theirs.
    expect(summed.rounds[0]?.answers.map(({ bytes }) => bytes)).toEqual(SITES.map(() => 2.5 * 1664 + 4 * (1 + 2 * totals)));

    // Each site's values are off by a step at most, by 0.41 steps in the mean square.
    const weight = after.rounds[0]?.answers.reduce((sum, { sampleCount }) => sum + (sampleCount ?? 0), 0) ?? 0;
    const step = cap / (weight * stepsPerUnit(encoding));
    const off = Math.hypot(...means.map((value, index) => value - (sums[index] as number)));
    expect(off).toBeLessThan(Math.sqrt(1664) * 4 * step);
    expect(off).toBeGreaterThan(Math.sqrt(1664) * 0.4 * step);
  });
});

/** The update that a plain agent sent: the longest run of bytes between its control messages. */
function updateOf(sent: Buffer): Buffer {
  const bytes = 4 * 1601;
  const header = sent.indexOf('"update"');
  expect(header).toBeGreaterThan(0);
  // Binary frames follow the statement: transfer id, offset, then the vector.
  const first = sent.subarray(header).indexOf(Buffer.from([0, 0, 0, 0, 0, 0, 0, 0]));
  return Buffer.from(sent.subarray(header + first + 16, header + first + 16 + bytes - 16));
}

requireOrSkip("Python with numpy and cryptography", findPython("numpy", "cryptography")).describe("an independent rebuild", (python) => {
  it.each([
    ["", (change: ReturnType<typeof shortPlan>) => change],
    ["compact ", compactly],
  ] as const)(
    "[K6] [K8] [K11] every %ssum of a run is rebuilt from its record, one without a site that was killed behind the masks",
    async (_, worded) => {
      const heart = await start({
        plan: worded((plan) => ({ ...shortPlan(3)(plan), cohort: { ...plan.cohort, graceSeconds: 2 } })),
        aggregation: "secure",
        agentEnv: { va: { ENGRAFT_CRASH_AT: "send.masked:2" } },
      });
      const { federation } = heart;
      const run = await heart.startRun();
      await federation.agents.get("va")?.exited;
      await heart.until(run, (view) => view.rounds[1]?.sum !== null && view.rounds[1]?.sum !== undefined);
      await federation.startAgent("va");
      const view = await heart.untilPhase(run, "finished");
      expect(sumSites(view)[1]).toEqual(["cleveland", "hungary", "switzerland"]);
      const out = join(heart.dir, "records");
      const saved = (await federation.coordinatorCommandOk("run", "record", run, "--out", out)) as {
        rounds?: { folder: string; kept: number }[];
      };
      expect(saved.rounds?.map(({ kept }) => kept)).toEqual([4, 3, view.rounds[2]?.sum?.sites.length, 4]);
      for (const { folder } of saved.rounds ?? []) {
        const { status, stdout, stderr } = spawnSync(python, [SCRIPT, folder], { encoding: "utf8" });
        expect({ status, stderr, folder }).toEqual({ status: 0, stderr: "", folder });
        expect(stdout).toContain("No single update can be read");
        if (folder.endsWith("round-4")) continue;
        expect(stdout).toContain(
          worded === compactly ? "not rebuilt: the values of a compact sum" : "The checkpoint is rebuilt, bit for bit",
        );
      }
    },
  );
});

const approveAgain = (heart: Heart): Promise<unknown> =>
  Promise.all(SITES.map((site) => heart.federation.approve(site, heart.plan, "--data", "main", "--site-metrics")));

describe("an approval", () => {
  it("[G9] serves one run: the next one needs the stewards again", async () => {
    const heart = await start({ plan: shortPlan(1, 5), aggregation: "secure" });
    await heart.untilPhase(await heart.startRun(), "finished");
    await expect(heart.startRun()).rejects.toThrow("approved sites and has 0");
    await approveAgain(heart);
    await heart.untilPhase(await heart.startRun(), "finished");
  });

  it("[K1] [G9] is refused before the directory was compared, and a word that differs is named", async () => {
    const heart = await start({ plan: shortPlan(1, 5) });
    const plan = {
      ...JSON.parse(await readFile(join(heart.dir, "plan.json"), "utf8")),
      aggregation: { method: "secure" },
      version: 2,
    } as object;
    await mkdir(join(heart.dir, "second"), { recursive: true });
    const path = join(heart.dir, "second", "plan.json");
    await writeFile(path, JSON.stringify(plan));
    const { federation } = heart;
    const { digest } = (await federation.coordinatorCommandOk("plan", "propose", path)) as { digest: string };
    await federation.agents.get("va")?.line((line) => line.event === "plan.offered" && line["plan"] === digest);
    const early = await federation.siteCommand("va", "approve", digest, "--steward", "Dr Early", "--data", "main");
    expect(early).toMatchObject({ code: 71 });
    expect(early.stderr).toContain("directory-not-compared");
    const words = (await federation.directoryWords("va", digest)).split(" ");
    const heard = words.map((word, at) => (at === 6 ? "zebra" : word)).join(" ");
    const wrong = await federation.siteCommand("va", "directory", digest, "--heard", heard, "--steward", "Dr Late");
    expect(wrong).toMatchObject({ code: 70 });
    expect(wrong.stderr).toContain("Word 7 differs");
  });
});
