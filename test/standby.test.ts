/** Two coordinators on one PostgreSQL database: one leads, the other takes over when it dies, hangs or is cut off. */
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { openSession } from "@engraft/coordinator/store/open";
import type { Plan } from "@engraft/core/models/plan";
import { freePort } from "../tools/federation/ports.ts";
import type { Program } from "../tools/federation/program.ts";
import { Heart, shortPlan } from "./support/heart.ts";
import { CuttingProxy } from "./support/proxy.ts";
import { startPostgres, type TestPostgres } from "./support/postgres.ts";
import { findPostgres, requireOrSkip } from "./support/require.ts";

const ROUNDS = 6;
/** Nobody is left out: whoever lost its link is back long before any patience ends. */
const patient = (plan: Plan): Plan => {
  const short = shortPlan(ROUNDS, 5)(plan);
  const { aggregation } = short;
  return {
    ...short,
    cohort: { ...plan.cohort, minSites: 4, gatherSeconds: 120, deadlineSeconds: 300, graceSeconds: 300 },
    aggregation: aggregation.method === "plain" ? aggregation : { ...aggregation, attempts: 20, phaseSeconds: 300 },
  };
};

/** From now on the database keeps, beside every row of the log, for which epoch the connection that wrote it was opened. */
async function recordEpochs(url: string): Promise<() => Promise<readonly number[]>> {
  const session = async <T>(use: (session: Awaited<ReturnType<typeof openSession>>) => Promise<T>): Promise<T> => {
    const opened = await openSession({ url });
    return use(opened).finally(() => opened.close());
  };
  await session((database) =>
    database.script(`CREATE TABLE written (at bigserial, epoch text);
    CREATE FUNCTION record_epoch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO written (epoch) VALUES (current_setting('engraft.epoch', true)); RETURN NULL; END $$;
    CREATE TRIGGER written AFTER INSERT ON "event" FOR EACH ROW EXECUTE FUNCTION record_epoch();
    CREATE TRIGGER written AFTER INSERT ON "audit" FOR EACH ROW EXECUTE FUNCTION record_epoch();
    CREATE TRIGGER written AFTER UPDATE ON "site" FOR EACH ROW EXECUTE FUNCTION record_epoch();`),
  );
  return async () =>
    (await session((database) => database.rows("SELECT epoch FROM written ORDER BY at"))).map(({ epoch }) => Number(epoch));
}

const health = async (url: string) => {
  const response = await fetch(`${url}/health`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

requireOrSkip("PostgreSQL", findPostgres).describe("a standby", (bin) => {
  let server: TestPostgres;
  let heart: Heart | undefined;
  let proxy: CuttingProxy | undefined;
  beforeAll(async () => {
    server = await startPostgres(bin);
  });
  afterEach(async () => {
    await heart?.stop();
    await proxy?.stop();
    heart = proxy = undefined;
  });
  afterAll(() => server.stop());

  /** A federation whose sites know both addresses, with a run under way and a second coordinator standing by. */
  async function pair(aggregation: "plain" | "secure") {
    const databaseUrl = await server.database();
    const port = await freePort();
    const other = `http://127.0.0.1:${port}`;
    heart = await Heart.start({ databaseUrl, aggregation, plan: patient, otherUrls: [other] });
    const epochs = await recordEpochs(databaseUrl);
    const standby = await heart.federation.startStandby(port);
    const run = await heart.startRun();
    return { heart, first: heart.federation.coordinator, standby, port, other, run, epochs };
  }

  const takesOver = async (standby: Program, why: string): Promise<void> => {
    const since = performance.now();
    await standby.event("ready");
    process.stderr.write(`${why}: took over after ${((performance.now() - since) / 1000).toFixed(1)} s\n`);
  };

  /** What the run must come to, whoever led it: every round with every site. */
  async function finished(of: Heart, run: string): Promise<void> {
    const view = await of.untilPhase(run, "finished");
    expect(view.rounds.filter((round) => round.checkpoint !== null)).toHaveLength(ROUNDS);
    for (const round of view.rounds) expect((round.sum?.sites ?? round.closed?.survivors)?.length ?? 4).toBe(4);
    expect(view.comparisons).toHaveLength(4);
  }

  for (const aggregation of ["plain", "secure"] as const)
    it(`[S6] [W8] ${aggregation}: takes over from a leader that was killed, sites come by themselves, and the run finishes with all of them`, async () => {
      const { heart: of, first, standby, port, other, run, epochs } = await pair(aggregation);
      expect(await health(other)).toMatchObject({
        status: 503,
        body: { role: "standby", leader: expect.stringContaining("process") as string },
      });
      expect((await fetch(`${other}/trpc/runs.list`)).status).toBe(503);
      await of.until(run, (view) => view.rounds.some((round) => round.checkpoint !== null));
      await first.crash();
      await takesOver(standby, `${aggregation}, kill -9`);
      of.federation.follow(port);
      expect(await health(other)).toMatchObject({ status: 200, body: { role: "leader", database: "postgresql" } });
      await finished(of, run);
      const written = await epochs();
      expect(new Set(written).size).toBe(2);
      expect(written).toEqual(written.toSorted((a, b) => a - b));
    });

  it("[S6] [S7] takes over from a leader that sleeps; that one writes nothing when it wakes up, and stands by in turn", async () => {
    const { heart: of, first, standby, port, run, epochs } = await pair("plain");
    const { url } = of.federation;
    await of.until(run, (view) => view.rounds.some((round) => round.checkpoint !== null));
    const before = first.lines.length;
    first.kill("SIGSTOP");
    await takesOver(standby, "asleep");
    // What the sites have sent to it meanwhile it finds when it wakes up.
    first.kill("SIGCONT");
    await first.event("lost", before);
    await first.event("standby", before);
    of.federation.follow(port);
    await finished(of, run);
    const written = await epochs();
    expect(new Set(written).size).toBe(2);
    expect(written).toEqual(written.toSorted((a, b) => a - b));
    // They have changed places: the first one takes over again.
    await standby.crash();
    await first.event("ready", before);
    // With every site on the line again, which must not keep it from stopping.
    await expect.poll(async () => (await health(url)).body["sitesOnline"], { timeout: 60_000 }).toBe(4);
    await stopped(first);
  });

  it("[S6] [S7] takes over from a leader whose cable to the database is pulled; that one stops by itself at once", async () => {
    const databaseUrl = await server.database();
    proxy = await CuttingProxy.start(Number(new URL(databaseUrl).port));
    const behind = Object.assign(new URL(databaseUrl), { port: String(proxy.port) }).href;
    const port = await freePort();
    heart = await Heart.start({ databaseUrl: behind, plan: patient, otherUrls: [`http://127.0.0.1:${port}`] });
    const { coordinator: first } = heart.federation;
    const standby = await heart.federation.startStandby(port, { DATABASE_URL: databaseUrl });
    const run = await heart.startRun();
    await heart.until(run, (view) => view.rounds.some((round) => round.checkpoint !== null));
    proxy.freeze();
    await takesOver(standby, "cut off");
    await first.event("lost");
    // It cannot tidy up without its database, so its process ends.
    expect(await first.exited).toBe(63);
    heart.federation.follow(port);
    await finished(heart, run);
  });

  it("[S6] a leader goes on by itself after PostgreSQL was away", async () => {
    const databaseUrl = await server.database();
    heart = await Heart.start({ databaseUrl, plan: patient });
    const { coordinator } = heart.federation;
    const run = await heart.startRun();
    await heart.until(run, (view) => view.rounds.some((round) => round.checkpoint !== null));
    const before = coordinator.lines.length;
    await server.restart();
    await coordinator.event("ready", before);
    await finished(heart, run);
  });

  const stopped = async (program: Program): Promise<void> => expect(await program.stop()).toBe(0);
});
