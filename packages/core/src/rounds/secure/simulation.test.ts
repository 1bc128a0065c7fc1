/** Whole secure runs with real keys and masks under a hostile network, and what must hold of every one of them. */
import { describe, expect, it } from "vitest";
import { ABSENT, evolve } from "../evolve.ts";
import { runView } from "../view.ts";
import { SecureWorld } from "./world.fixture.ts";

const WORLDS = 30;
const STEPS = 400;

describe("secure runs", () => {
  it("[R15] [R16] [R17] [K8] end by name or with exactly the sums of their survivors, whatever is lost, repeated, delayed or restarted", () => {
    const ends = new Map<string, number>();
    let [sums, crashes, failedAttempts] = [0, 0, 0];
    for (let seed = 1; seed <= WORLDS; seed++) {
      const world = new SecureWorld(seed);
      for (let step = 0; step < STEPS; step++) world.step();
      expect(world.calm(600), `the run of seed ${seed} goes on for ever in ${world.state.phase}`).toBe(true);
      ends.set(world.state.phase, (ends.get(world.state.phase) ?? 0) + 1);
      for (const { found, plain } of world.sums) expect(found).toEqual(plain);
      sums += world.sums.length;
      crashes += world.crashes;
      failedAttempts += world.stored.filter(({ type }) => type === "attempt.failed").length;
      // One sum in a round at most, each over as many sites as the directory asks for.
      const opened = world.stored.flatMap((event) => (event.type === "sum.opened" ? [event] : []));
      expect(new Set(opened.map(({ round }) => round)).size).toBe(opened.length);
      const least = world.params.secure?.directory.numbers.minCohort ?? 0;
      for (const { sites } of opened) expect(sites.length).toBeGreaterThanOrEqual(least);
      for (const site of world.sites) for (let round = 1; round <= 9; round++) expect(site.releases(round)).toBeLessThanOrEqual(1);
      // R2: the log alone gives the state again, and the view can be made of it.
      expect(world.stored.reduce(evolve(world.params), ABSENT)).toEqual(world.state);
      expect(runView(world.stored)?.end).not.toBeNull();
    }
    // The worlds are worth something only where all of this has happened.
    expect(sums).toBeGreaterThan(WORLDS / 2);
    expect(crashes).toBeGreaterThan(WORLDS);
    expect(failedAttempts).toBeGreaterThan(0);
    expect(ends.get("finished") ?? 0).toBeGreaterThan(0);
  });
});
