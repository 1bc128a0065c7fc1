/** A backup in the middle of a run, put back into a new folder and a new database, of either kind. */
import { existsSync } from "node:fs";
import { appendFile, cp, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "@engraft/core/models/plan";
import { run as runProgram, type Finished } from "../tools/federation/program.ts";
import { Heart, shortPlan } from "./support/heart.ts";
import { startPostgres, type TestPostgres } from "./support/postgres.ts";
import { findPostgres, requireOrSkip } from "./support/require.ts";

const ROUNDS = 5;
const patient = (plan: Plan): Plan => ({
  ...shortPlan(ROUNDS, 5)(plan),
  cohort: { ...plan.cohort, minSites: 4, gatherSeconds: 120, deadlineSeconds: 300, graceSeconds: 300 },
});

let heart: Heart | undefined;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "engraft-backup-"));
});
afterEach(async () => {
  await heart?.stop();
  heart = undefined;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const command = (databaseUrl: string | undefined, ...args: string[]): Promise<Finished> =>
  runProgram("engraft-coordinator", [...args, "--json"], {
    name: "restore",
    log: join(folder, "restore.log"),
    env: { DATABASE_URL: databaseUrl },
  });

/** Digests of everything that can be downloaded of a run's release. */
async function downloads({ federation }: Heart, run: string): Promise<Record<string, string>> {
  const token = (await readFile(join(federation.coordinatorDir, "operator.token"), "utf8")).trim();
  const headers = { authorization: `Bearer ${token}` };
  // A release follows soon after its run's last event.
  await expect
    .poll(async () => (await fetch(`${federation.url}/releases/${run}/run.json`, { headers })).status, { timeout: 30_000 })
    .toBe(200);
  const names = ["model.safetensors", "manifest.json", "plan.json", "metrics.json", "run.json"];
  const bodies = await Promise.all(
    names.map(async (name) => {
      const response = await fetch(`${federation.url}/releases/${run}/${name}`, { headers });
      expect(response.status).toBe(200);
      return [name, Buffer.from(await response.arrayBuffer()).toString("base64")] as const;
    }),
  );
  return Object.fromEntries(bodies);
}

/** The coordinator is gone with its folder; another one is started from the backup in its place. */
async function loseAndRestore({ federation }: Heart, backup: string, databaseUrl: string | undefined): Promise<readonly string[]> {
  await federation.coordinator.crash();
  await rename(federation.coordinatorDir, `${federation.coordinatorDir}-lost`);
  const restored = await command(databaseUrl, "restore", "--from", backup, "--data", federation.coordinatorDir);
  expect(restored.stderr.split("\n").filter((line) => line.includes('"error"'))).toEqual([]);
  expect(restored.code).toBe(0);
  await federation.startCoordinator(undefined, databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl });
  federation.forget();
  return (restored.result as { ended: readonly string[] }).ended;
}

function plain(title: string, databases: () => Promise<{ readonly before?: string; readonly after?: string }>): void {
  it(`[S8] ${title}: a plain run goes on from the backup and finishes, and the releases are the same byte for byte`, async () => {
    const { before, after } = await databases();
    heart = await Heart.start({ plan: patient, ...(before !== undefined && { databaseUrl: before }) });
    const { federation } = heart;
    const done = await heart.startRun();
    await heart.untilPhase(done, "finished");
    const released = await downloads(heart, done);

    const run = await heart.startRun();
    await heart.until(run, (view) => view.rounds.some((round) => round.checkpoint !== null));
    const out = join(folder, title);
    const made = (await federation.coordinatorCommandOk("backup", "--out", out)) as { rows?: number; blobs?: number };
    expect(made.rows).toBeGreaterThan(50);
    expect((await stat(out)).mode & 0o777).toBe(0o700);
    const standing = (await heart.view(run)).rounds.length;
    // Its sites are ahead of the backup when it is put back.
    await heart.until(run, (view) => view.phase === "finished" || view.rounds.length > standing);

    expect(await loseAndRestore(heart, out, after)).toEqual([]);
    const view = await heart.untilPhase(run, "finished");
    expect(view.rounds.map((round) => round.checkpoint !== null)).toEqual(Array.from({ length: ROUNDS }, () => true));
    expect(view.rounds.every((round) => round.closed?.survivors.length === 4)).toBe(true);
    expect(await downloads(heart, done)).toEqual(released);
    const health = (await (await fetch(`${federation.url}/health`)).json()) as { database: string };
    expect(health.database).toBe(after === undefined ? "pglite" : "postgresql");
  });
}

describe("a backup of the embedded database", () => {
  plain("embedded to embedded", async () => ({}));

  it("[S8] [R19] of a secure run ends the run by name, and the next one finishes", async () => {
    heart = await Heart.start({ plan: patient, aggregation: "secure" });
    const run = await heart.startRun();
    await heart.until(run, (view) => view.rounds.some((round) => round.checkpoint !== null));
    const out = join(folder, "secure");
    await heart.federation.coordinatorCommandOk("backup", "--out", out);
    await heart.until(run, (view) => view.phase === "finished" || view.rounds.length >= 3);
    expect(await loseAndRestore(heart, out, undefined)).toEqual([run]);
    const view = await heart.view(run);
    expect(view.phase).toBe("failed");
    expect(view.end?.text).toMatch(/restored|backup/i);
    for (const { site } of heart.sites) await heart.federation.approve(site, heart.plan, "--data", "main", "--site-metrics");
    await heart.untilPhase(await heart.startRun(), "finished");
  });

  it("[S8] is brought up to date, and is refused where it is half, changed or damaged, or where something would be written over", async () => {
    heart = await Heart.start({ sites: ["cleveland"], plan: patient });
    const { federation } = heart;
    const out = join(folder, "again");
    const first = (await federation.coordinatorCommandOk("backup", "--out", out)) as { blobs?: number; copied?: number };
    expect(first.copied).toBe(first.blobs);
    expect(await federation.coordinatorCommandOk("backup", "--out", out)).toMatchObject({ copied: 0, blobs: first.blobs });

    const refused = async (code: string, change: (copy: string) => Promise<unknown>, data = join(folder, `into-${code}`)) => {
      const copy = join(folder, `changed-${code}`);
      await cp(out, copy, { recursive: true });
      await change(copy);
      const { code: exit, stderr } = await command(undefined, "restore", "--from", copy, "--data", data);
      expect(exit).not.toBe(0);
      expect(stderr).toContain(code);
      await rm(copy, { recursive: true });
      expect(existsSync(join(data, "secrets"))).toBe(data === federation.coordinatorDir);
    };
    await refused("not-found", (copy) => rm(join(copy, "backup.json")));
    await refused("digest-mismatch", (copy) => appendFile(join(copy, "database.rows"), "\n"));
    await rm(join(folder, "into-digest-mismatch"), { recursive: true, force: true });
    await refused("digest-mismatch", async (copy) => {
      const [two = ""] = await readdir(join(copy, "blobs", "blobs"));
      const [blob = ""] = await readdir(join(copy, "blobs", "blobs", two));
      await writeFile(join(copy, "blobs", "blobs", two, blob), "rotten");
    });
    await refused("database-unavailable", async (copy) => {
      const made = JSON.parse(await readFile(join(copy, "backup.json"), "utf8")) as { head: { migrations: object[] } };
      made.head.migrations.push({ name: "29990101000000_later", checksum: "0".repeat(64) });
      await writeFile(join(copy, "backup.json"), JSON.stringify(made));
    });
    await federation.coordinator.stop();
    await refused("conflict", async () => undefined, federation.coordinatorDir);
    await federation.startCoordinator();
  });

  it("[S8] is for the operator alone", async () => {
    heart = await Heart.start({ sites: ["cleveland"], plan: patient });
    expect((await fetch(`${heart.federation.url}/backup`)).status).toBe(401);
    expect((await fetch(`${heart.federation.url}/backup`, { headers: { authorization: "Bearer wrong" } })).status).toBe(401);
  });
});

requireOrSkip("PostgreSQL", findPostgres).describe("a backup on PostgreSQL", (bin) => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres(bin);
  });
  afterAll(() => server.stop());
  plain("PostgreSQL to PostgreSQL", async () => ({ before: await server.database(), after: await server.database() }));
  plain("embedded to PostgreSQL", async () => ({ after: await server.database() }));
});
