/**
 * kill -9 of every program, in every phase, again and again: the run ends with the checkpoints of an undisturbed run. Both
 * begin from copies of one federation, so that they have the same number and seeds. ENGRAFT_KILLS=<n> repeats until n kills.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { numbers } from "../packages/core/src/base/numbers.fixture.ts";
import { Heart, shortPlan } from "./support/heart.ts";
import { underKills, type Schedule } from "./support/kills.ts";
import { startPostgres, type TestPostgres } from "./support/postgres.ts";
import { findPostgres, requireOrSkip } from "./support/require.ts";

type Method = "plain" | "secure";
const SITES = ["cleveland", "hungary", "switzerland", "va"];
const ROUNDS = 12;
/** Kills in each of the four ways at least; one schedule has some 60. */
const WANTED = Number(process.env["ENGRAFT_KILLS"] ?? "1");

/** What every program comes to in a round, and what only at the run's end. `:4` is the fourth time. */
const POINTS = {
  plain: {
    site: [
      ["outbox.train", "send.train", "outbox.removing", "blob.whole", "blob.kept", "send.train:2"],
      ["outbox.evaluate", "send.evaluate"],
    ],
    coordinator: [
      ["event.round.opened", "event.update.accepted", "event.update.accepted:4", "event.round.closed", "event.checkpoint.written"],
      ["event.evaluation.opened", "event.evaluation.accepted:2"],
      ["send.ask", "send.ask:3", "blob.whole", "blob.kept:2", "blob.whole:5"],
    ],
  },
  secure: {
    site: [
      ["stored", "advertised", "dealt", "masked", "echoed", "released", "finished"].map((kind) => `journal.${kind}`),
      ["advert", "deal", "masked", "echo", "release"].map((phase) => `send.${phase}`),
      ["journal.compacted"],
    ],
    coordinator: [
      ["attempt.opened", "roster.fixed", "shares.fixed", "inputs.fixed", "sum.opened", "checkpoint.written"].map((type) => `event.${type}`),
      ["advert.accepted", "deal.accepted:2", "input.accepted:3", "echo.accepted", "release.accepted:2"].map((type) => `event.${type}`),
      ["ask", "roster:2", "shares", "survivors:3", "echoes"].map((what) => `send.${what}`),
    ],
  },
} as const satisfies Record<Method, Record<"site" | "coordinator", readonly (readonly string[])[]>>;

function scheduleOf(method: Method, seed: number): Schedule {
  // A seed repeats a schedule.
  const roll = numbers(seed);
  const shuffled = (points: readonly (readonly string[])[]): string[] =>
    points
      .flat()
      .map((point) => [roll(), point] as const)
      .toSorted(([a], [b]) => a - b)
      .map(([, point]) => point);
  // What comes only at the end must stand there, or it would keep all others from their turn.
  const late = (point: string): boolean => /evaluat/.test(point);
  const ordered = (points: readonly (readonly string[])[]): string[] => {
    const all = shuffled(points);
    return [...all.filter((point) => !late(point)), ...all.filter(late)];
  };
  return new Map([
    ...SITES.map((site) => [site, ordered(POINTS[method].site)] as const),
    ["coordinator", ordered(POINTS[method].coordinator)],
  ]);
}

/** Nobody is left out: whoever was killed is back long before any patience ends. */
const patient = (plan: Plan): Plan => {
  const short = shortPlan(ROUNDS, 5)(plan);
  const cohort = { ...plan.cohort, minSites: 4, gatherSeconds: 120, deadlineSeconds: 300, graceSeconds: 300 };
  const { aggregation } = short;
  return {
    ...short,
    cohort,
    aggregation: aggregation.method === "plain" ? aggregation : { ...aggregation, attempts: 20, phaseSeconds: 300 },
  };
};

const course = (view: RunView) => ({
  phase: view.phase,
  text: view.end?.text,
  checkpoints: view.rounds.map((round) => round.checkpoint?.digest),
  // In the order in which they came, which is by chance.
  figures: view.comparisons.toSorted((a, b) => (a.site < b.site ? -1 : 1)),
});

const hearts: Heart[] = [];
const kept = <T extends Heart>(heart: T): T => {
  hearts.push(heart);
  return heart;
};
afterEach(async () => {
  for (const heart of hearts.splice(0)) await heart.stop();
});

function matrix(
  method: Method,
  database: () => Promise<{ readonly url?: string; readonly copy: () => Promise<string | undefined> }>,
): void {
  it(
    `[S3] ${method}: whoever is killed wherever, the checkpoints are those of an undisturbed run`,
    { timeout: 600_000 + 5_000 * WANTED },
    async () => {
      const { url, copy } = await database();
      const origin = kept(await Heart.start({ plan: patient, aggregation: method, ...(url !== undefined && { databaseUrl: url }) }));
      await origin.federation.stop();

      const calm = kept(await origin.copy(await copy()));
      const run = await calm.startRun();
      const undisturbed = await calm.untilPhase(run, "finished");
      expect(undisturbed.rounds.filter((round) => round.checkpoint !== null)).toHaveLength(ROUNDS);
      await calm.federation.stop();

      const seed = Number(process.env["ENGRAFT_SEED"]);
      for (let [turn, killed] = [0, 0]; killed < WANTED; turn += 1) {
        const disturbed = kept(await origin.copy(await copy()));
        expect(await disturbed.startRun()).toBe(run);
        const { view, kills, spared } = await underKills(disturbed, run, scheduleOf(method, seed + turn));
        expect({ ...course(view), kills }).toEqual({ ...course(undisturbed), kills });
        // A few points may not be reached: whoever is away when others come to theirs meets fewer of them.
        expect(spared.length).toBeLessThan(kills.length / 3);
        killed += kills.length;
        process.stderr.write(`${method}: ${killed} kills, the same ${ROUNDS} checkpoints\n`);
        await disturbed.stop();
      }
    },
  );
}

describe("kill -9 on the embedded database", () => {
  for (const method of ["plain", "secure"] as const) matrix(method, async () => ({ copy: async () => undefined }));
});

requireOrSkip("PostgreSQL", findPostgres).describe("kill -9 on PostgreSQL", (bin) => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres(bin);
  });
  afterAll(() => server.stop());
  for (const method of ["plain", "secure"] as const)
    matrix(method, async () => {
      const url = await server.database();
      return { url, copy: () => server.database(url) };
    });
});
