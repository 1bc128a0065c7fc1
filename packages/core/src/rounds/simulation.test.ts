import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RunEvent, type EventOf } from "./events.ts";
import { ABSENT, evolve } from "./evolve.ts";
import { isEnded } from "./state.ts";
import { runView } from "./view.ts";
import { World } from "./world.fixture.ts";

const SEEDS = 4000;

const ofType = <T extends RunEvent["type"]>(events: readonly RunEvent[], type: T): readonly EventOf<T>[] =>
  events.filter((event): event is EventOf<T> => event.type === type);

/** What must hold of the stored events of any run, ended or not. */
function checkEvents(world: World): void {
  const { stored, params } = world;
  for (const event of stored) if (!RunEvent.safeParse(event).success) throw new Error(`not an event: ${JSON.stringify(event)}`);
  expect(stored.reduce(evolve(params), ABSENT)).toEqual(world.state);
  expect(runView(stored)?.phase).toBe(world.state.phase);
  const closed = ofType(stored, "round.closed");
  expect(ofType(stored, "round.opened").map((event) => event.round)).toEqual(ofType(stored, "round.opened").map((_, index) => index + 1));
  expect(closed.map((event) => event.round)).toEqual(closed.map((_, index) => index + 1));
  for (const { round, survivors } of closed) {
    const accepted = ofType(stored, "update.accepted").filter((event) => event.round === round);
    expect([...survivors].sort()).toEqual(accepted.map((event) => event.site).sort());
    expect(new Set(survivors).size).toBe(survivors.length);
    expect(survivors.length).toBeGreaterThanOrEqual(params.plan.cohort.minSites);
  }
  checkCounting(world);
  const evaluated = [...ofType(stored, "evaluation.accepted"), ...ofType(stored, "evaluation.missed")].map((event) => event.site);
  expect(new Set(evaluated).size).toBe(evaluated.length);
}

/** Every update that was accepted in a round with a checkpoint is in the newest checkpoint once, and nothing else is. */
function checkCounting({ stored, contents, state }: World): void {
  if (state.phase === "absent") return;
  const accepted = ofType(stored, "update.accepted").filter((event) => event.round <= state.roundsDone);
  const counted = contents.get(state.checkpoint.digest) ?? [];
  expect([...counted].sort()).toEqual(accepted.map((event) => `${event.round} ${event.site}`).sort());
  expect(new Set(counted).size).toBe(counted.length);
}

describe("thousands of unlucky runs", () => {
  const endings = new Map<string, number>();
  let crashes = 0;
  let refusals = 0;

  it(
    `[R15] [R1] [R2] [R13] of ${SEEDS} seeds each ends in a named state once the bad luck is over, and each update counts once`,
    { timeout: 240_000 },
    () => {
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          const world = new World(seed);
          for (let step = 0; step < 250 && !isEnded(world.state); step++) {
            world.step();
            expect(world.owed().length).toBeGreaterThan(0);
          }
          checkEvents(world);
          expect(world.calm(200)).toBe(true);
          checkEvents(world);
          const end = world.state.phase === "failed" ? world.state.code : world.state.phase;
          endings.set(end, (endings.get(end) ?? 0) + 1);
          crashes += world.crashes;
          refusals += [...world.refusals.values()].reduce((sum, count) => sum + count, 0);
        }),
        { numRuns: SEEDS },
      );
    },
  );

  it("has seen every ending, crashes and refusals, so the property above was tried", () => {
    expect([...endings.keys()].sort()).toEqual(["finished", "quorum-lost", "quorum-not-reached", "stopped"]);
    expect(endings.get("finished")).toBeGreaterThan(SEEDS / 10);
    expect(crashes).toBeGreaterThan(SEEDS);
    expect(refusals).toBeGreaterThan(SEEDS);
  });
});
