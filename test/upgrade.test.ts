/** A new version in the middle of a run: the tables of the previous one are brought up to date, and the run goes on. */
import { mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { TABLES } from "@engraft/coordinator/backup/format";
import { migrate, readMigrations } from "@engraft/coordinator/store/migrate";
import { openSession } from "@engraft/coordinator/store/open";
import type { Plan } from "@engraft/core/models/plan";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Heart, shortPlan } from "./support/heart.ts";
import { startPostgres, type TestPostgres } from "./support/postgres.ts";
import { findPostgres, requireOrSkip } from "./support/require.ts";

type Where = { readonly url: string } | { readonly dir: string };

const ROUNDS = 4;
const patient = (plan: Plan): Plan => {
  const short = shortPlan(ROUNDS, 5)(plan);
  const { aggregation } = short;
  return {
    ...short,
    cohort: { ...plan.cohort, minSites: 4, gatherSeconds: 120, deadlineSeconds: 300, graceSeconds: 300 },
    aggregation: aggregation.method === "plain" ? aggregation : { ...aggregation, attempts: 20, phaseSeconds: 300 },
  };
};

/** The same content in tables as the previous version had them: all migrations but the last. */
async function asBefore(from: Where, to: Where): Promise<void> {
  const [now, before] = [await openSession(from), await openSession(to)];
  try {
    await migrate(before, (await readMigrations()).slice(0, -1));
    for (const table of TABLES) {
      const [there] = await before.rows(`SELECT to_regclass('"${table}"') IS NOT NULL AS "there"`);
      // A table of the new version's.
      if (there?.["there"] !== true) continue;
      const [all] = await now.rows(`SELECT coalesce(json_agg(t), '[]')::text AS "rows" FROM "${table}" t`);
      await before.rows(`INSERT INTO "${table}" SELECT * FROM json_populate_recordset(NULL::"${table}", $1::json)`, [all?.["rows"]]);
    }
    for (const table of ["event", "approval"])
      await before.rows(`SELECT setval(pg_get_serial_sequence($1, 'seq'), (SELECT max("seq") FROM "${table}"))`, [table]);
  } finally {
    await now.close();
    await before.close();
  }
}

let heart: Heart | undefined;
afterEach(async () => {
  await heart?.stop();
  heart = undefined;
});

function upgraded(aggregation: "plain" | "secure", databases: () => Promise<{ readonly now?: string; readonly before?: string }>): void {
  it(`[S9] ${aggregation}: goes on in the middle of a run, with everything that was there`, async () => {
    const { now, before } = await databases();
    heart = await Heart.start({ plan: patient, aggregation, ...(now !== undefined && { databaseUrl: now }) });
    const { federation } = heart;
    const run = await heart.startRun();
    await heart.until(run, (view) => view.rounds.some((round) => round.checkpoint !== null));
    await federation.coordinator.crash();
    const dir = join(federation.coordinatorDir, "db");
    const copy = await mkdtemp(join(tmpdir(), "engraft-upgrade-"));
    if (now !== undefined && before !== undefined) await asBefore({ url: now }, { url: before });
    else {
      await asBefore({ dir }, { dir: join(copy, "db") });
      await rename(dir, join(copy, "newer"));
      await rename(join(copy, "db"), dir);
    }
    await federation.startCoordinator(undefined, before === undefined ? {} : { DATABASE_URL: before });
    const last = (await readMigrations()).at(-1)?.name ?? "";
    expect(federation.coordinator.stderr).toContain(`"migrated":["${last}"]`);
    const view = await heart.untilPhase(run, "finished");
    expect(view.rounds.filter((round) => round.checkpoint !== null)).toHaveLength(ROUNDS);
    expect(view.comparisons).toHaveLength(4);
    await rm(copy, { recursive: true, force: true });
  });
}

describe("an upgrade on the embedded database", () => {
  upgraded("plain", async () => ({}));

  it("[S9] keys and state are kept outside the program's folder: a whole life leaves nothing in it", async () => {
    const before = await programFiles();
    heart = await Heart.start({
      sites: ["cleveland"],
      plan: (plan) => ({ ...shortPlan(1, 5)(plan), cohort: { ...plan.cohort, minSites: 1 } }),
    });
    const { federation } = heart;
    await heart.untilPhase(await heart.startRun(), "finished");
    expect((await readFile(join(federation.coordinatorDir, "secrets", "coordinator.key"), "utf8")).trim()).toHaveLength(43);
    expect(await readdir(federation.siteDir("cleveland"))).toEqual(expect.arrayContaining(["identity.json", "federation.json"]));
    await federation.stop();
    expect(await programFiles()).toEqual(before);
  });
});

requireOrSkip("PostgreSQL", findPostgres).describe("an upgrade on PostgreSQL", (bin) => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres(bin);
  });
  afterAll(() => server.stop());
  upgraded("secure", async () => ({ now: await server.database(), before: await server.database() }));
});

/** Path and time of the last change of every file that an installation brings, but those that tools keep for themselves. */
async function programFiles(): Promise<readonly string[]> {
  const root = resolve(import.meta.dirname, "..");
  const found: string[] = [];
  const look = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (["node_modules", ".git", ".turbo", ".next"].includes(entry.name)) continue;
      if (entry.isDirectory()) await look(path);
      else found.push(`${path} ${(await stat(path)).mtimeMs}`);
    }
  };
  await look(root);
  return found.sort();
}
