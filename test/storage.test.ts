/**
 * Faults of storage under real programs: disks that are full to the last byte or read-only, blobs that are damaged or gone, a
 * journal that was cut. Each has a state that the admin sees, nothing goes wrong in silence, and there is a way back.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, open, readFile, rename, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Plan } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { EMPTY_DATABASE } from "@engraft/coordinator/store/new-database";
import { sha256 } from "@engraft/core/crypto/digest";
import { afterEach, describe, expect, it } from "vitest";
import { exampleFile } from "../examples/heart-disease/files.ts";
import { freePort } from "../tools/federation/ports.ts";
import { BINARIES } from "../tools/federation/program.ts";
import { Heart, shortPlan } from "./support/heart.ts";
import { findMount, SmallDisk } from "./support/small-disk.ts";
import { requireOrSkip } from "./support/require.ts";

const TWO = ["cleveland", "hungary"] as const;
const ALL = ["cleveland", "hungary", "switzerland", "va"] as const;
const AT = "hungary";
const METHODS = ["plain", "secure"] as const;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let heart: Heart | undefined;
const disks: SmallDisk[] = [];
afterEach(async () => {
  await heart?.federation.stop();
  for (const disk of disks.splice(0)) disk.unmount();
  await heart?.stop();
  heart = undefined;
});

const disk = async (path: string, mib: number): Promise<SmallDisk> => {
  const made = await SmallDisk.at(path, mib);
  disks.push(made);
  return made;
};
const folder = (): Promise<string> => mkdtemp(join(tmpdir(), "engraft-storage-"));

/** The run waits longer than any fault here lasts. */
const patient =
  (rounds: number, minSites: number) =>
  (plan: Plan): Plan => {
    const short = shortPlan(rounds, 5)(plan);
    const { aggregation } = short;
    return {
      ...short,
      cohort: { ...short.cohort, minSites, gatherSeconds: 240, deadlineSeconds: 240, graceSeconds: 240 },
      metrics: { ...short.metrics, compareAlone: false },
      aggregation: aggregation.method === "plain" ? aggregation : { ...aggregation, attempts: 5, phaseSeconds: 240 },
    };
  };

interface Health {
  readonly status: string;
  readonly faults: readonly { readonly code: string }[];
}
const health = async ({ federation }: Heart): Promise<Health> => (await (await fetch(`${federation.url}/health`)).json()) as Health;

const untilHealth = async (of: Heart, wanted: (health: Health) => boolean): Promise<Health> => {
  for (;;) {
    const seen = await health(of);
    if (wanted(seen)) return seen;
    await sleep(100);
  }
};
const degradedBy =
  (code: string) =>
  ({ status, faults }: Health): boolean =>
    status === "degraded" && faults.some((fault) => fault.code === code);
const isOk = ({ status, faults }: Health): boolean => status === "ok" && faults.length === 0;

const needs = async ({ federation }: Heart): Promise<string> =>
  (await (await federation.api()).home.query()).needs.map(({ what, next }) => `${what} ${next}`).join("\n");

const expectAllIn = (view: RunView, sites: number): void => {
  expect(view.phase).toBe("finished");
  expect(view.rounds.map((round) => round.closed?.survivors.length)).toEqual(view.rounds.map(() => sites));
};

const pathOf = ({ federation }: Heart, digest: string): string =>
  join(federation.coordinatorDir, "blobs", "blobs", digest.slice(0, 2), digest);

async function flip(path: string): Promise<() => Promise<void>> {
  const before = await readFile(path);
  const file = await open(path, "r+");
  const at = before.length >> 1;
  await file.write(Uint8Array.of((before[at] ?? 0) ^ 1), 0, 1, at);
  await file.close();
  // Whole at once, as from a copy beside it: half a file would be another fault.
  return async () => {
    await writeFile(`${path}.right`, before);
    await rename(`${path}.right`, path);
  };
}

async function takeAway(path: string): Promise<() => Promise<void>> {
  await rename(path, `${path}.away`);
  return () => rename(`${path}.away`, path);
}

/** The first event of a kind that is there. */
async function event<T extends string>(of: Heart, run: string, type: T) {
  const api = await of.federation.api();
  for (;;) {
    const { events } = await api.runs.get.query({ run });
    const found = events.map((one) => one.event).find((one) => one.type === type);
    if (found !== undefined) return found as Extract<typeof found, { type: T }>;
    await sleep(20);
  }
}

requireOrSkip("the right to mount a small disk", findMount).describe("a full disk", () => {
  it.each(METHODS)(
    "[S10] at the coordinator in a %s run: it stands still, says so, and goes on when there is space",
    async (aggregation) => {
      const dir = await folder();
      const small = await disk(join(dir, "coordinator", "blobs"), 160);
      const sites = aggregation === "plain" ? TWO : ALL;
      heart = await Heart.start({ dir, sites, aggregation, plan: patient(6, 2) });
      const run = await heart.startRun();
      await heart.until(run, ({ rounds }) => rounds.some(({ checkpoint }) => checkpoint !== null));
      await small.fill();
      await untilHealth(heart, ({ faults }) => faults.filter(({ code }) => code === "disk-full").length >= 2);
      const stood = await heart.view(run);
      expect(await needs(heart)).toContain(`${run} stands still`);
      expect(await needs(heart)).toContain("No space left");
      expect(heart.federation.coordinator.stderr).toContain("storage.fault");
      await sleep(7_000);
      const still = await heart.view(run);
      expect(still.end).toBeNull();
      expect(still.rounds.filter(({ checkpoint }) => checkpoint !== null).length).toBe(
        stood.rounds.filter(({ checkpoint }) => checkpoint !== null).length,
      );
      await small.free();
      expectAllIn(await heart.untilPhase(run, "finished"), sites.length);
      await untilHealth(heart, isOk);
      expect(await needs(heart)).not.toContain("stands still");
    },
  );

  it("[S10] at the coordinator: an import and a run are refused by name, and work when there is space", async () => {
    const dir = await folder();
    const small = await disk(join(dir, "coordinator", "blobs"), 160);
    heart = await Heart.start({ dir, sites: TWO, plan: patient(2, 2) });
    const { federation, plan } = heart;
    await small.fill();
    // Another manifest, so that it is not there already.
    const base = join(dir, "base");
    await mkdir(base);
    const manifest = (await readFile(exampleFile("base/manifest.json"), "utf8")).replace('"version": "1.0"', '"version": "1.1"');
    await writeFile(join(base, "manifest.json"), manifest);
    await writeFile(join(base, "weights.safetensors"), await readFile(exampleFile("base/weights.safetensors")));
    expect(await federation.coordinatorCommand("base", "import", base)).toMatchObject({
      code: 62,
      stderr: expect.stringContaining("disk-full"),
    });
    expect(await federation.coordinatorCommand("run", "start", plan)).toMatchObject({
      code: 62,
      stderr: expect.stringContaining("disk-full"),
    });
    await small.free();
    await federation.coordinatorCommandOk("base", "import", base);
    expectAllIn(await heart.untilPhase(await heart.startRun(), "finished"), 2);
  });

  it("[S14] the embedded database's: nothing is written that could not be, the coordinator answers, and goes on when there is space", async () => {
    const dir = await folder();
    const database = join(dir, "coordinator", "db");
    const small = await disk(database, 160);
    // Nothing can be renamed to a mounted folder, as a new database is.
    await cp(EMPTY_DATABASE, database, { recursive: true });
    heart = await Heart.start({ dir, sites: TWO, plan: patient(6, 2) });
    const { federation } = heart;
    const run = await heart.startRun();
    await heart.until(run, ({ rounds }) => rounds.some(({ checkpoint }) => checkpoint !== null));
    await small.fill();
    await untilHealth(heart, ({ faults }) => faults.filter(({ code }) => code === "disk-full").length >= 2);
    const { events } = await (await federation.api()).runs.get.query({ run });
    // It reads, and takes nothing in: also what people do is refused by name.
    expect(await federation.coordinatorCommand("invite", "graz")).toMatchObject({ code: 62, stderr: expect.stringContaining("disk-full") });
    await sleep(7_000);
    expect((await (await federation.api()).runs.get.query({ run })).events).toEqual(events);
    await small.free();
    expectAllIn(await heart.untilPhase(run, "finished"), 2);
    await untilHealth(heart, isOk);
    await small.fill();
    await federation.coordinator.crash();
    await expect(federation.startCoordinator()).rejects.toThrow("disk-full");
    await small.free();
    await federation.startCoordinator();
    expect((await heart.view(run)).phase).toBe("finished");
  });

  it("[S11] at a site in a plain run: it drops out by name, the others go on, and it is back when there is space", async () => {
    const dir = await folder();
    const small = await disk(join(dir, "sites", AT), 64);
    heart = await Heart.start({ dir, sites: ["cleveland", AT, "va"], plan: patient(80, 2) });
    const run = await heart.startRun();
    await heart.until(run, ({ rounds }) => rounds.length > 2);
    await small.fill();
    const dropped = await heart.until(run, ({ rounds }) => rounds.some((round) => round.dropped.length > 0));
    const { site, code, text } = dropped.rounds.flatMap((round) => round.dropped)[0] ?? {};
    expect({ site, code }).toEqual({ site: AT, code: "disk-full" });
    // What the coordinator is told names nothing of that machine.
    expect(text).not.toContain(dir);
    await small.free();
    const freed = (await heart.view(run)).rounds.length;
    const back = await heart.until(run, ({ rounds }) => rounds.slice(freed).some((round) => round.closed?.survivors.length === 3));
    expect(back.rounds.filter((round) => round.closed !== null).every((round) => (round.closed?.survivors.length ?? 0) >= 2)).toBe(true);
    await (await heart.federation.api()).runs.stop.mutate({ run });
    await expectJournalInOrder(heart.federation.siteDir(AT));
  });

  it("[S11] at a site in a secure run: what it cannot write down does not leave, and it is back when there is space", async () => {
    const dir = await folder();
    const small = await disk(join(dir, "sites", AT), 64);
    heart = await Heart.start({ dir, sites: ALL, aggregation: "secure", plan: patient(40, 3) });
    const run = await heart.startRun();
    await heart.until(run, ({ rounds }) => rounds.some(({ checkpoint }) => checkpoint !== null));
    await small.fill();
    const dropped = await heart.until(run, ({ rounds }) => rounds.some((round) => round.dropped.length > 0));
    const { site, code } = dropped.rounds.flatMap((round) => round.dropped)[0] ?? {};
    expect({ site, code }).toEqual({ site: AT, code: "disk-full" });
    await small.free();
    const freed = (await heart.view(run)).rounds.length;
    await heart.until(run, ({ rounds }) => rounds.slice(freed).some((round) => round.closed?.survivors.length === 4));
    await (await heart.federation.api()).runs.stop.mutate({ run });
    // What is on its disk is one whole journal: it starts from it, and does not count as restored.
    await heart.federation.agents.get(AT)?.crash();
    const agent = await heart.federation.startAgent(AT);
    expect(agent.lines.filter((line) => line.event === "restored")).toEqual([]);
  });
});

/** Whole lines; only the one that met the full disk may be there in part, and then the next one says what is missing. */
async function expectJournalInOrder(home: string): Promise<void> {
  const lines = (await readFile(join(home, "journal.jsonl"), "utf8")).split("\n").filter((line) => line !== "");
  expect(lines.length).toBeGreaterThan(5);
  for (const [index, line] of lines.entries()) {
    const whole = line.startsWith("{") && line.endsWith("}");
    expect(whole || lines[index + 1]?.includes("journal.gap")).toBe(true);
  }
}

requireOrSkip("the right to mount a small disk", findMount).describe("a disk that is read-only", () => {
  it("[S12] at the coordinator: the run stands still, says so, and goes on when it can be written again", async () => {
    const dir = await folder();
    const small = await disk(join(dir, "coordinator", "blobs"), 160);
    heart = await Heart.start({ dir, sites: TWO, plan: patient(6, 2) });
    const run = await heart.startRun();
    await heart.until(run, ({ rounds }) => rounds.some(({ checkpoint }) => checkpoint !== null));
    await small.become("ro");
    await untilHealth(heart, degradedBy("disk-fault"));
    expect(await needs(heart)).toContain(`${run} stands still`);
    await small.become("rw");
    expectAllIn(await heart.untilPhase(run, "finished"), 2);
    await untilHealth(heart, isOk);
  });

  it("[S12] neither program starts on one, and both say why", async () => {
    const dir = await folder();
    heart = await Heart.start({ sites: [AT] });
    const { federation } = heart;
    const home = await disk(join(dir, "home"), 128);
    await home.become("ro");
    const second = await federation.secondCoordinator(await freePort(), home.path);
    expect(second).toMatchObject({ code: 67, stderr: expect.stringContaining("EROFS") });
    const small = await disk(federation.siteDir("graz"), 16);
    const { invite } = await (await federation.api()).sites.invite.mutate({ site: "graz", hours: 1 });
    await federation.siteCommandOk("graz", "join", invite);
    await small.become("ro");
    const started = await federation.siteCommand("graz", "start");
    expect(started).toMatchObject({ code: 67, stderr: expect.stringContaining("EROFS") });
    await small.become("rw");
    await federation.startAgent("graz");
  });
});

describe("a full disk behind the log", () => {
  it("[S12] does not end a program", async () => {
    const dir = await folder();
    const port = await freePort();
    const command = `exec "${process.execPath}" "${BINARIES["engraft-coordinator"]}" start --json --port ${port} --data "${dir}" 2>/dev/full`;
    const child = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "ignore"] });
    try {
      await once(child.stdout, "data");
      // Each refused request is a line of the log.
      for (let time = 0; time < 5; time++) await fetch(`http://127.0.0.1:${port}/releases/none/model.safetensors`);
      expect(await (await fetch(`http://127.0.0.1:${port}/health`)).json()).toMatchObject({ status: "ok" });
      expect(child.exitCode).toBeNull();
    } finally {
      child.kill("SIGTERM");
      await once(child, "exit");
      await rm(dir, { recursive: true, force: true });
    }
  });
});

describe("a blob that is damaged or gone", () => {
  it("[S13] the base's weights: a run is not started from them, and is when they are put back", async () => {
    heart = await Heart.start({ sites: TWO, plan: patient(2, 2) });
    const { federation, plan } = heart;
    const weights = pathOf(heart, sha256(await readFile(exampleFile("base/weights.safetensors"))));
    await federation.coordinator.crash();
    const putRight = await flip(weights);
    await federation.startCoordinator();
    const damaged = await federation.coordinatorCommand("run", "start", plan);
    expect(damaged).toMatchObject({ code: 60, stderr: expect.stringContaining("digest-mismatch") });
    await putRight();
    const putBack = await takeAway(weights);
    const gone = await federation.coordinatorCommand("run", "start", plan);
    expect(gone).toMatchObject({ code: 61, stderr: expect.stringContaining("blob-missing") });
    const listed = await federation.coordinatorCommandOk("blobs");
    expect(listed["missing"]).toEqual([weights.slice(-64)]);
    await putBack();
    expectAllIn(await heart.untilPhase(await heart.startRun(), "finished"), 2);
  });

  it.each([
    { how: "gone", spoil: takeAway, code: "blob-missing" },
    { how: "damaged", spoil: flip, code: "digest-mismatch" },
  ])(
    "[S13] a checkpoint that is $how: no site is dropped for it, the run waits, and goes on when it is put back",
    async ({ spoil, code }) => {
      heart = await Heart.start({ sites: TWO, plan: patient(2, 2) });
      const { federation } = heart;
      for (const site of TWO) await federation.agents.get(site)?.stop();
      const run = await heart.startRun();
      const { start } = await event(heart, run, "run.created");
      const putBack = await spoil(pathOf(heart, start.digest));
      await Promise.all(TWO.map((site) => federation.startAgent(site)));
      await untilHealth(heart, degradedBy(code));
      expect(await needs(heart)).toContain(`${run} stands still`);
      await putBack();
      const view = await heart.untilPhase(run, "finished");
      expectAllIn(view, 2);
      expect(view.rounds.flatMap((round) => round.dropped)).toEqual([]);
    },
  );

  it.each([
    { how: "gone", spoil: (path: string) => rm(path) },
    { how: "damaged", spoil: flip },
  ])("[S13] an update that is $how after it was accepted: the run ends by name, and no checkpoint is made of it", async ({ spoil }) => {
    heart = await Heart.start({ sites: TWO, plan: patient(2, 2) });
    const { federation } = heart;
    federation.agents.get(AT)?.kill("SIGSTOP");
    const run = await heart.startRun();
    const { update, site } = await event(heart, run, "update.accepted");
    await spoil(pathOf(heart, update.digest));
    federation.agents.get(AT)?.kill("SIGCONT");
    const { code, text } = await event(heart, run, "run.failed");
    expect({ code, site }).toEqual({ code: "updates-lost", site: "cleveland" });
    expect(text).toContain("cleveland");
    expect((await heart.view(run)).rounds.map(({ checkpoint }) => checkpoint)).toEqual([null]);
    expectAllIn(await heart.untilPhase(await heart.startRun(), "finished"), 2);
  });

  it("[S13] a masked vector that is damaged: its round ends by name, and the next one gives a sum", async () => {
    heart = await Heart.start({ sites: ALL, aggregation: "secure", plan: patient(2, 3) });
    const { federation } = heart;
    await federation.agents.get(AT)?.stop();
    const died = federation.startAgent(AT, { ENGRAFT_CRASH_AT: "send.masked" });
    const run = await died.then(() => (heart as Heart).startRun());
    await federation.agents.get(AT)?.exited;
    const { body } = await event(heart, run, "input.accepted");
    await flip(pathOf(heart, body.digest));
    await federation.startAgent(AT);
    const { code } = await event(heart, run, "opening.failed");
    expect(code).toBe("digest-mismatch");
    await event(heart, run, "round.failed");
    const view = await heart.untilPhase(run, "finished");
    expect(view.rounds.filter(({ checkpoint }) => checkpoint !== null).length).toBe(1);
  });

  it("[S13] what a site keeps for the coordinator: it drops out of the round by name, and is back in the next", async () => {
    heart = await Heart.start({ sites: ["cleveland", AT, "va"], plan: patient(3, 2) });
    const { federation } = heart;
    await federation.agents.get(AT)?.stop();
    await federation.startAgent(AT, { ENGRAFT_CRASH_AT: "outbox.train" });
    const run = await heart.startRun();
    await federation.agents.get(AT)?.exited;
    const [answer] = await answersAt(federation.siteDir(AT));
    await flip(join(federation.siteDir(AT), "store", "blobs", answer.slice(0, 2), answer));
    await federation.startAgent(AT);
    const view = await heart.untilPhase(run, "finished");
    expect(view.rounds[0]?.dropped).toMatchObject([{ site: AT, code: "digest-mismatch" }]);
    expect(view.rounds.map((round) => round.closed?.survivors.length)).toEqual([2, 3, 3]);
  });
});

/** Digests of the updates in a site's outbox. */
async function answersAt(home: string): Promise<readonly [string, ...string[]]> {
  const { readdir } = await import("node:fs/promises");
  const names = (await readdir(join(home, "outbox"))).filter((name) => name.endsWith(".json"));
  const texts = await Promise.all(names.map((name) => readFile(join(home, "outbox", name), "utf8")));
  return texts.map((text) => (JSON.parse(text) as { blob: { digest: string } }).blob.digest) as unknown as readonly [string, ...string[]];
}

describe("a secure journal that was cut", () => {
  it("[S15] the site says so and does nothing, the way back is what it says, and the next approval counts", async () => {
    heart = await Heart.start({ sites: ALL, aggregation: "secure", plan: patient(2, 3) });
    const { federation, plan } = heart;
    const run = await heart.startRun();
    await event(heart, run, "deal.accepted");
    await federation.agents.get(AT)?.crash();
    const secure = join(federation.siteDir(AT), "secure");
    const journal = join(secure, "journal.bin");
    await truncate(journal, (await readFile(journal)).length - 10);
    const refused = await federation.siteCommand(AT, "start");
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("Move the folder it lies in away") });
    await rename(secure, `${secure}.damaged`);
    const agent = await federation.startAgent(AT);
    expect(agent.lines.find((line) => line.event === "restored")).toBeDefined();
    // Its approval counts no more. Of the run that it was in the others make what they can without it.
    expect((await heart.untilPhase(run, "finished")).rounds.at(-1)?.closed?.survivors).not.toContain(AT);
    await Promise.all(
      ALL.map(async (site) => {
        const known = federation.agents.get(site)?.lines.length ?? 0;
        await federation.siteCommandOk(site, "approve", plan, "--steward", "Dr. Test", "--data", "main", "--site-metrics");
        await federation.agents.get(site)?.line((line) => line.event === "approval.recorded", known);
      }),
    );
    expectAllIn(await heart.untilPhase(await heart.startRun(), "finished"), 4);
  });
});

describe("what the coordinator keeps", () => {
  it("[S16] is listed by what it is needed for; what nobody refers to is let go, and everything else stays", async () => {
    heart = await Heart.start({ sites: ALL, aggregation: "secure", plan: patient(2, 3) });
    const { federation } = heart;
    const run = await heart.startRun();
    await heart.untilPhase(run, "finished");
    const api = await federation.api();
    const released = async () => {
      for (;;) {
        const release = (await api.runs.get.query({ run })).release;
        if (release !== null) return release;
        await sleep(50);
      }
    };
    const { files } = await released();
    const stray = Buffer.from("left by nobody");
    const path = pathOf(heart, sha256(stray));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, stray);
    const before = await federation.coordinatorCommandOk("blobs");
    expect(before).toMatchObject({ missing: [], collect: { blobs: 0 } });
    const kept = new Map((before["kept"] as { kind: string; blobs: number }[]).map(({ kind, blobs }) => [kind, blobs]));
    // Two rounds and the evaluation, of four sites each; the last checkpoint of the two counts, and the start.
    expect(Object.fromEntries(kept)).toMatchObject({
      base: 2,
      release: files.length,
      record: 3,
      "masked vector": 12,
      "round under way": 0,
    });
    const old = new Date(Date.now() - 2 * 86_400_000);
    await utimes(path, old, old);
    const after = await federation.coordinatorCommandOk("blobs", "--collect");
    expect(after).toMatchObject({ missing: [], collect: { blobs: 0 }, collected: { blobs: 1, bytes: stray.byteLength } });
    expect(after["kept"]).toEqual(before["kept"]);
    for (const { url } of files) {
      const token = (await readFile(join(federation.coordinatorDir, "operator.token"), "utf8")).trim();
      const response = await fetch(new URL(url, federation.url), { headers: { authorization: `Bearer ${token}` } });
      expect(response.status).toBe(200);
    }
    expect((await api.audit.list.query({})).map(({ action }) => action)).toContain("blobs.collected");
  });
});
