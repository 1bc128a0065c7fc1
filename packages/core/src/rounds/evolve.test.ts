import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { heartPlan } from "../models/heart.fixture.ts";
import type { RunEvent } from "./events.ts";
import { ABSENT, evolve } from "./evolve.ts";
import { owed } from "./owed.ts";
import { Play, RUN, START, blob, createCommand, metrics, paramsOf, sitesNamed } from "./play.fixture.ts";
import { runView } from "./view.ts";
import { sha256 } from "../crypto/digest.ts";
import type { Digest, SiteName } from "../base/ids.ts";

const site = fc.constantFrom(...sitesNamed("anna", "berta", "clara"));
const at = fc.nat(1_000_000);
const round = fc.integer({ min: 1, max: 4 });
const cohort = fc.constant(sitesNamed("anna", "berta", "clara"));
const anyEvent: fc.Arbitrary<RunEvent> = fc.oneof(
  fc.record({
    type: fc.constant("run.created" as const),
    at,
    run: fc.constant(RUN),
    plan: fc.constant(sha256("plan")),
    by: fc.constant("a"),
    sites: cohort,
    approvals: fc.constant<{ site: SiteName; statement: Digest }[]>([]),
    manifest: fc.constant(START),
    weights: fc.constant(START),
    start: fc.constant(START),
  }),
  fc.record({ type: fc.constant("round.opened" as const), at, round, cohort, deadline: at }),
  fc.record({
    type: fc.constant("update.accepted" as const),
    at,
    round,
    site,
    update: fc.constant(START),
    statement: fc.constant(sha256("s")),
    sampleCount: fc.integer({ min: 1, max: 9 }),
    validation: fc.constantFrom(null, metrics(0.5)),
    engine: fc.constant("e"),
    seconds: fc.constant({ fetch: 0, train: 0 }),
  }),
  fc.record({ type: fc.constant("site.dropped" as const), at, round, site, code: fc.constant("paused" as const), text: fc.constant("") }),
  fc.record({ type: fc.constant("round.closed" as const), at, round, survivors: cohort, reason: fc.constant("deadline" as const) }),
  fc.record({ type: fc.constant("checkpoint.written" as const), at, round, checkpoint: fc.constant(blob("c")) }),
  fc.record({ type: fc.constant("evaluation.opened" as const), at, cohort, deadline: at, reason: fc.constant("all-rounds" as const) }),
  fc.record({
    type: fc.constant("evaluation.accepted" as const),
    at,
    site,
    statement: fc.constant(sha256("s")),
    validation: fc.constant(null),
    base: fc.constant(null),
    alone: fc.constant(null),
    federated: fc.constant(null),
  }),
  fc.record({
    type: fc.constant("evaluation.missed" as const),
    at,
    site,
    code: fc.constant("unreachable" as const),
    text: fc.constant(""),
  }),
  fc.record({ type: fc.constant("deadline.moved" as const), at, round, by: fc.constant("a"), deadline: at }),
  fc.record({ type: fc.constant("site.left-out" as const), at, by: fc.constant("a"), site }),
  fc.record({ type: fc.constant("site.let-in" as const), at, by: fc.constant("a"), site }),
  fc.record({ type: fc.constant("run.paused" as const), at, by: fc.constant("a"), text: fc.constant("") }),
  fc.record({ type: fc.constant("run.resumed" as const), at, by: fc.constant("a") }),
  fc.record({ type: fc.constant("run.finished" as const), at }),
  fc.record({ type: fc.constant("run.stopped" as const), at, by: fc.constant("a") }),
  fc.record({ type: fc.constant("run.failed" as const), at, code: fc.constant("quorum-lost" as const), text: fc.constant("") }),
);

describe("the fold", () => {
  it("[R2] is total: no list of events makes it, or what is owed, or the view fail", () => {
    const params = paramsOf(heartPlan);
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
        const state = events.reduce(evolve(params), ABSENT);
        owed(params, state);
        runView(events);
        expect(events.reduce(evolve(params), ABSENT)).toEqual(state);
      }),
      { numRuns: 2000 },
    );
  });

  it("[R2] an event that does not fit the phase changes nothing, and the state given is never altered", () => {
    const params = paramsOf(heartPlan);
    const always = ["site.left-out", "site.let-in", "run.paused", "run.resumed", "run.stopped", "run.failed"];
    const fits: Record<string, readonly string[]> = {
      absent: ["run.created"],
      gathering: ["round.opened", "evaluation.opened", "deadline.moved", ...always],
      collecting: ["update.accepted", "site.dropped", "round.closed", "deadline.moved", ...always],
      combining: ["checkpoint.written", ...always],
      evaluating: ["evaluation.accepted", "evaluation.missed", "run.finished", "deadline.moved", ...always],
      finished: [],
      stopped: [],
      failed: [],
    };
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), anyEvent, (events, event) => {
        const state = events.reduce(evolve(params), ABSENT);
        const before = structuredClone(state);
        const after = evolve(params)(state, event);
        expect(after === state).toBe(!fits[state.phase]?.includes(event.type));
        expect(state).toEqual(before);
      }),
      { numRuns: 2000 },
    );
  });

  it("[R2] of the stored events is the state again, also after JSON", () => {
    const play = Play.opened();
    play.roundOf(0.7);
    play.look();
    play.update("anna", { validation: metrics(0.8) });
    const stored = JSON.parse(JSON.stringify(play.events)) as RunEvent[];
    expect(stored.reduce(evolve(play.params), ABSENT)).toEqual(play.state);
  });

  it("keeps each phase's own fields only", () => {
    const play = new Play();
    play.command(createCommand(play.sites));
    play.roundOf();
    expect(Object.keys(play.state).sort()).toEqual([
      "checkpoint",
      "counted",
      "leftOut",
      "manifest",
      "paused",
      "phase",
      "roundsDone",
      "run",
      "serverState",
      "since",
      "sites",
      "start",
      "sums",
      "trace",
      "weights",
    ]);
  });
});
