import { describe, expect, it } from "vitest";
import { heartPlan } from "../models/heart.fixture.ts";
import { Plan } from "../models/plan.ts";
import { evolve, ABSENT } from "./evolve.ts";
import { owed } from "./owed.ts";
import { Play, RUN, START, blob, createCommand } from "./play.fixture.ts";

describe("what is owed", () => {
  it("[R1] follows from the stored events alone, at every point of a run", () => {
    const play = Play.opened();
    play.update("anna");
    play.decline("berta");
    play.update("clara");
    play.combined();
    play.look();
    play.at(700).look();
    for (let length = 0; length <= play.events.length; length++) {
      const replayed = play.events.slice(0, length).reduce(evolve(play.params), ABSENT);
      expect(owed(play.params, replayed)).toEqual(owed(play.params, structuredClone(replayed)));
    }
    expect(owed(play.params, play.events.reduce(evolve(play.params), ABSENT))).toEqual(play.owed());
  });

  it("[R1] an ask carries all that a site needs, and is owed until it is answered", () => {
    const play = Play.opened();
    const ask = play.owed()[0];
    expect(ask).toEqual({
      owe: "ask",
      site: "anna",
      ask: {
        run: RUN,
        round: 1,
        kind: "train",
        plan: play.params.planDigest,
        manifest: blob("manifest", 10),
        weights: blob("weights", 52),
        checkpoint: START,
        start: START,
        deadline: 600_000,
        attempt: null,
      },
    });
    play.update("anna");
    play.decline("berta");
    expect(play.asked()).toEqual(["clara"]);
  });

  it("[R27] an ask under SCAFFOLD says after which round the site's control variate counted last; a round that it was dropped from does not count", () => {
    const play = Play.opened(Plan.parse({ ...heartPlan, strategy: { name: "scaffold", serverRate: 1 } }));
    const counted = () => play.owed().flatMap((due) => (due.owe === "ask" ? [[due.site, due.ask.counted]] : []));
    expect(counted()).toEqual([
      ["anna", 0],
      ["berta", 0],
      ["clara", 0],
    ]);
    play.update("anna");
    play.update("clara");
    play.decline("berta");
    play.combined();
    play.look();
    expect(counted()).toEqual([
      ["anna", 1],
      ["berta", 0],
      ["clara", 1],
    ]);
  });

  it("[R1] in every phase of a live run something is owed", () => {
    const play = new Play();
    expect(play.owed()).toEqual([]);
    play.command(createCommand(play.sites));
    expect(play.owed()).toEqual([
      { owe: "look", at: 30_000 },
      { owe: "look", at: 630_000 },
    ]);
    play.look();
    expect(play.owed().map((due) => due.owe)).toEqual(["ask", "ask", "ask", "look"]);
    for (const site of play.sites) play.update(site);
    expect(play.owed().map((due) => due.owe)).toEqual(["combine"]);
    play.combined();
    play.roundOf();
    expect(play.owed().map((due) => due.owe)).toEqual(["ask", "ask", "ask", "look"]);
    const ask = play.owed()[0];
    expect(ask).toMatchObject({ ask: { kind: "evaluate", round: 2, checkpoint: blob("checkpoint 2"), start: START } });
  });
});
