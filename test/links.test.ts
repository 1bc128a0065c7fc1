/** Bad lines between real programs: slow, cut, silent; a clock that is wrong, a machine that sleeps. The run ends with all sites. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plan } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { afterEach, describe, expect, it } from "vitest";
import type { Line as Said } from "../tools/federation/program.ts";
import { bigBase, type BigBase } from "./support/big-base.ts";
import { Heart, shortPlan, type HeartOptions } from "./support/heart.ts";
import { watchFeed, type LiveFeed } from "./support/live-feed.ts";
import { CuttingProxy, type Line } from "./support/proxy.ts";

const SITES = ["cleveland", "hungary", "switzerland", "va"] as const;
const [SLOW, OTHER] = ["hungary", "cleveland"] as const;
const METHODS = ["plain", "secure"] as const;
const HOUR = 3_600_000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let heart: Heart | undefined;
let proxy: CuttingProxy | undefined;
let feed: LiveFeed | undefined;
afterEach(async () => {
  feed?.stop();
  await heart?.stop();
  await proxy?.stop();
  [heart, proxy, feed] = [undefined, undefined, undefined];
});

/** Nobody is left behind: the run waits longer than any of these lines needs. */
const patient =
  (rounds: number, updates = 3) =>
  (plan: Plan): Plan => {
    const short = shortPlan(rounds, updates)(plan);
    const { aggregation } = short;
    return {
      ...short,
      cohort: { ...short.cohort, gatherSeconds: 240, deadlineSeconds: 240, graceSeconds: 240 },
      metrics: { ...short.metrics, compareAlone: false },
      aggregation: aggregation.method === "plain" ? aggregation : { ...aggregation, attempts: 5, phaseSeconds: 240 },
    };
  };

async function startSlow(options: HeartOptions, line?: Line): Promise<{ heart: Heart; proxy: CuttingProxy; agent: () => readonly Said[] }> {
  const started = await Heart.start(options);
  heart = started;
  proxy = await CuttingProxy.start(started.federation.port, line === undefined ? {} : { line });
  await started.connectThrough(SLOW, proxy.port);
  return { heart: started, proxy, agent: () => started.federation.agents.get(SLOW)?.lines ?? [] };
}

/** Two sites over a model of ten megabytes, one of them behind a line. */
async function startBig(line: Line) {
  const dir = await mkdtemp(join(tmpdir(), "engraft-links-"));
  const big = await bigBase(dir);
  const sites = [SLOW, OTHER];
  const started = await startSlow({ dir, base: big.folder, sites, plan: (plan) => big.over(patient(1)(plan)) }, line);
  feed = await watchFeed(started.heart.federation);
  return { ...started, big, feed };
}

const survivors = (view: RunView): readonly number[] => view.rounds.map((round) => round.closed?.survivors.length ?? 0);
const allIn = (view: RunView, sites: number): void => {
  expect(view.phase).toBe("finished");
  expect(survivors(view)).toEqual(view.rounds.map(() => sites));
};

/** Values strictly between nothing and everything, in the order in which they were told. */
const inBetween = (steps: readonly { readonly done: number; readonly total: number }[], bytes: number): readonly number[] =>
  steps.filter(({ done, total }) => total >= bytes && done > 0 && done < total).map(({ done }) => done);

const toldByAgent = (lines: readonly Said[], phase: string) =>
  lines.filter((line) => line.event === "progress" && line["phase"] === phase) as unknown as { done: number; total: number }[];

function seenOnBothSides(big: BigBase, agent: readonly Said[], watched: LiveFeed): void {
  const atCoordinator = (phase: string) => watched.progress.filter((item) => item.site === SLOW && item.phase === phase);
  for (const phase of ["download", "upload"]) {
    expect(inBetween(toldByAgent(agent, phase), big.bytes).length, `${phase} as the agent tells it`).toBeGreaterThan(3);
    expect(inBetween(atCoordinator(phase), big.bytes).length, `${phase} as the coordinator shows it`).toBeGreaterThan(3);
  }
}

describe("a slow line", () => {
  it("[L4] of 4 Mbit/s with 300 ms each way: ten megabytes come and go, and both sides show how far they are", async () => {
    const { heart: run, agent, big, feed: watched } = await startBig({ bytesPerSecond: 500_000, latencyMs: 300 });
    const view = await run.untilPhase(await run.startRun(), "finished");
    allIn(view, 2);
    seenOnBothSides(big, agent(), watched);
    expect(agent().filter((line) => line.event === "offline")).toEqual([]);
  });

  it("[L3] that is cut every two seconds: each transfer goes on from its offset, and the run ends with all sites", async () => {
    const { heart: run, proxy: line, agent, big, feed: watched } = await startBig({ bytesPerSecond: 2_500_000, latencyMs: 20 });
    line.cutEvery(2_000);
    const view = await run.untilPhase(await run.startRun(), "finished");
    allIn(view, 2);
    expect(line.cuts).toBeGreaterThan(3);
    seenOnBothSides(big, agent(), watched);
    // Two seconds carry half of the vector, so it came over several connections; what came is not asked for again.
    expect(line.bytes.up).toBeLessThan(2 * big.bytes);
  });
});

describe("a line that goes silent without being closed", () => {
  it.each(METHODS)("[L2] %s: both sides notice, the agent dials anew, and the run ends with all sites", async (aggregation) => {
    const sites = aggregation === "plain" ? [SLOW, OTHER] : SITES;
    const { heart: run, proxy: line, agent } = await startSlow({ aggregation, sites, plan: patient(3, 40) });
    const before = agent().length;
    const id = await run.startRun();
    await run.until(id, ({ rounds }) => rounds.length > 0);
    line.goSilent();
    const offline = await run.federation.agents.get(SLOW)?.line(({ event }) => event === "offline", before);
    expect(offline).toMatchObject({ code: "link-lost" });
    await run.federation.agents.get(SLOW)?.line(({ event }) => event === "online", before);
    allIn(await run.untilPhase(id, "finished"), sites.length);
    expect(run.federation.coordinator.stderr).toMatch(
      new RegExp(`"site":"${SLOW}","code":"(link-lost|replaced-by-new-link)","msg":"site.offline"|"msg":"site.online"`),
    );
  });
});

describe("a clock that is wrong by an hour", () => {
  it.each(METHODS)("[L5] %s: the run ends with all sites, and the admin is told whose clock it is", async (aggregation) => {
    const sites = aggregation === "plain" ? [SLOW, OTHER] : SITES;
    const agentEnv = { [SLOW]: { ENGRAFT_CLOCK_OFFSET_MS: String(HOUR) }, [OTHER]: { ENGRAFT_CLOCK_OFFSET_MS: String(-HOUR) } };
    heart = await Heart.start({ aggregation, sites, plan: patient(2), agentEnv });
    allIn(await heart.untilPhase(await heart.startRun(), "finished"), sites.length);
    const api = await heart.federation.api();
    const skews = new Map((await api.sites.list.query()).map(({ name, clockSkewMs }) => [name, clockSkewMs ?? 0]));
    expect((skews.get(SLOW) ?? 0) / HOUR).toBeCloseTo(1, 1);
    expect((skews.get(OTHER) ?? 0) / HOUR).toBeCloseTo(-1, 1);
    const { needs } = await api.home.query();
    for (const site of [SLOW, OTHER]) expect(needs.map(({ what }) => what)).toContainEqual(expect.stringContaining(`The clock of ${site}`));
  });
});

describe("a machine that sleeps", () => {
  it.each([
    { aggregation: "plain", seconds: 25 },
    { aggregation: "plain", seconds: 70 },
    { aggregation: "secure", seconds: 25 },
  ] as const)("[L6] for $seconds s in a $aggregation run: it goes on when it wakes, and the run ends with all sites", async (sleeping) => {
    const sites = sleeping.aggregation === "plain" ? [SLOW, OTHER] : SITES;
    heart = await Heart.start({ aggregation: sleeping.aggregation, sites, plan: patient(3, 40) });
    const id = await heart.startRun();
    await heart.until(id, ({ rounds }) => rounds.length > 0);
    const agent = heart.federation.agents.get(SLOW);
    agent?.kill("SIGSTOP");
    await sleep(1000 * sleeping.seconds);
    const asleep = await heart.view(id);
    expect(asleep.end).toBeNull();
    agent?.kill("SIGCONT");
    allIn(await heart.untilPhase(id, "finished"), sites.length);
  });
});
