/** The same federation on a real PostgreSQL server: nothing else changes for anybody. */
import { expect, it } from "vitest";
import { freePort } from "../tools/federation/ports.ts";
import { Heart, shortPlan } from "./support/heart.ts";
import { startPostgres } from "./support/postgres.ts";
import { findPostgres, requireOrSkip } from "./support/require.ts";

requireOrSkip("PostgreSQL", findPostgres).describe("a run on PostgreSQL", (bin) => {
  it("[S3] goes on by itself after kill -9 of the coordinator, and ends with a release", async () => {
    const server = await startPostgres(bin);
    const url = await server.database();
    const heart = await Heart.start({ databaseUrl: url, plan: shortPlan(3), sites: ["cleveland", "hungary"] });
    try {
      const run = await heart.startRun();
      await heart.until(run, (view) => view.rounds.length >= 2);
      await heart.federation.coordinator.crash();
      await heart.federation.startCoordinator();
      const view = await heart.untilPhase(run, "finished");
      expect(view.rounds.map((round) => round.closed?.survivors.length)).toEqual([2, 2, 2]);

      // [S6] A second coordinator on the same database, in a folder of its own: it has another key, and no blobs.
      const second = await heart.federation.secondCoordinator(await freePort(), `${heart.dir}/second`);
      expect(second.code).not.toBe(0);
      expect(second.stderr).not.toContain(url);
      expect(second.stderr).toContain("another key");

      // Whoever asks beforehand is told who holds it, by a look that takes nothing.
      const flags = ["--data", heart.federation.coordinatorDir, "--port", String(await freePort())];
      const looked = await heart.federation.coordinatorDoctor(...flags);
      expect(looked.stderr).toBe("");
      const { checks, problems } = looked.result as {
        readonly checks: readonly { readonly check: string; readonly code: string }[];
        readonly problems: number;
      };
      expect(checks.filter(({ check }) => check === "database").map(({ code }) => code)).toEqual(["ok", "database-held"]);
      expect({ problems, code: looked.code }).toEqual({ problems: 0, code: 0 });
    } finally {
      await heart.stop();
      await server.stop();
    }
  });
});
