/** What admins do to a run under way. Times are seconds; the plan gathers 30 s, and a round lasts 600 s with a grace of 60 s. */
import { describe, expect, it } from "vitest";
import { SiteName } from "../base/ids.ts";
import { planWith } from "../models/heart.fixture.ts";
import { createCommand, Play } from "./play.fixture.ts";
import { runView } from "./view.ts";

const by = "admin:a@b.example";
const site = (name: string): SiteName => SiteName.parse(name);
const cohort = { minSites: 2, fraction: 1, gatherSeconds: 30, deadlineSeconds: 600, graceSeconds: 60 };
const opened = (names?: readonly string[]): Play => Play.opened(planWith({ cohort }), names);
const view = (play: Play) => runView(play.events);

describe("a deadline", () => {
  it("[R20] that an admin moves holds, also where grace would end earlier", () => {
    const play = opened();
    play.at(10).update("anna");
    play.update("berta");
    expect(play.at(20).steer({ do: "move-deadline", by, deadline: 900_000 })).toEqual(["deadline.moved"]);
    expect(play.at(200).look()).toEqual([]);
    expect(play.owed().filter(({ owe }) => owe === "look")).toEqual([{ owe: "look", at: 900_000 }]);
    expect(view(play)?.rounds[0]).toMatchObject({ deadline: 900_000, moves: [{ at: 20_000, by, deadline: 900_000 }] });
    expect(play.at(900).look()).toEqual(["round.closed"]);
  });

  it("[R20] of now closes the round with those that have answered, and is refused where they are too few", () => {
    const play = opened();
    play.at(10).update("anna");
    expect(play.steer({ do: "move-deadline", by, deadline: 10_000 })).toBe("too-few-sites");
    play.update("berta");
    expect(play.steer({ do: "move-deadline", by, deadline: 10_000 })).toEqual(["deadline.moved", "round.closed"]);
    expect(view(play)?.rounds[0]?.closed?.survivors).toEqual(["anna", "berta"]);
  });

  it("[R20] of now opens a round without waiting for everybody, and ends an evaluation", () => {
    const play = new Play(planWith({ cohort, rounds: { count: 1, stop: null } }));
    play.command(createCommand(play.sites));
    expect(play.look(["anna", "berta"])).toEqual([]);
    expect(play.at(1).steer({ do: "move-deadline", by, deadline: 1000 }, ["anna", "berta"])).toEqual(["deadline.moved", "round.opened"]);
    play.update("anna");
    play.update("berta");
    expect(play.steer({ do: "move-deadline", by, deadline: 5000 })).toBe("conflict");
    play.combined();
    play.look();
    play.evaluation("anna");
    const ended = ["deadline.moved", "evaluation.missed", "evaluation.missed", "run.finished"];
    expect(play.steer({ do: "move-deadline", by, deadline: 0 })).toEqual(ended);
  });

  it("[R20] is at most 30 days away", () => {
    expect(opened().steer({ do: "move-deadline", by, deadline: 31 * 24 * 3_600_000 })).toBe("bad-input");
  });
});

describe("a site that is left out", () => {
  it("[R21] is waited for no more and asked no more, until it is let in again", () => {
    const play = opened();
    play.update("anna");
    play.update("berta");
    expect(play.steer({ do: "leave-out", by, site: site("clara") })).toEqual(["site.left-out", "site.dropped", "round.closed"]);
    expect(play.update("clara")).toBe("stale-round");
    play.combined();
    expect(play.look()).toEqual(["round.opened"]);
    expect(play.asked()).toEqual(["anna", "berta"]);
    expect(view(play)?.leftOut).toEqual([{ site: "clara", at: 0, by }]);
    expect(play.steer({ do: "let-in", by, site: site("clara") })).toEqual(["site.let-in"]);
    play.update("anna");
    play.update("berta");
    play.combined();
    play.look();
    expect(play.asked()).toEqual(["anna", "berta", "clara"]);
  });

  it("[R21] still counts in the round that it has answered in", () => {
    const play = opened();
    play.update("clara");
    expect(play.steer({ do: "leave-out", by, site: site("clara") })).toEqual(["site.left-out"]);
    play.update("anna");
    expect(play.update("berta")).toEqual(["update.accepted", "round.closed"]);
    expect(view(play)?.rounds[0]?.closed?.survivors).toEqual(["anna", "berta", "clara"]);
  });

  it("[R21] is refused where too few would be left, in the run or in the open round", () => {
    const play = opened(["anna", "berta", "clara", "dora"]);
    expect(play.steer({ do: "leave-out", by, site: site("nobody") })).toBe("not-found");
    play.decline("anna");
    play.decline("berta");
    expect(play.steer({ do: "leave-out", by, site: site("clara") })).toBe("too-few-sites");
    play.roundOf();
    const few = opened(["anna", "berta"]);
    expect(few.steer({ do: "leave-out", by, site: site("anna") })).toBe("too-few-sites");
    expect(few.steer({ do: "let-in", by, site: site("anna") })).toBe("conflict");
  });
});

describe("a paused run", () => {
  it("[R22] ends its open round and begins no other until it is resumed", () => {
    const play = opened();
    expect(play.steer({ do: "pause", by })).toEqual(["run.paused"]);
    expect(play.steer({ do: "pause", by })).toBe("conflict");
    for (const name of ["anna", "berta", "clara"]) play.update(name);
    play.combined();
    expect(play.at(5000).look()).toEqual([]);
    expect(view(play)?.paused).toMatchObject({ by });
    expect(play.at(6000).steer({ do: "resume", by })).toEqual(["run.resumed", "round.opened"]);
    expect(view(play)?.paused).toBeNull();
    expect(play.steer({ do: "resume", by })).toBe("conflict");
  });
});

describe("a coordinator that was away", () => {
  it("[R23] gives the sites time to come back before it closes a round or opens one without them", () => {
    const play = opened();
    play.update("anna");
    play.update("berta");
    expect(play.at(700).back()).toEqual(["deadline.moved"]);
    expect(play.at(729).look()).toEqual([]);
    expect(play.at(729).update("clara")).toEqual(["update.accepted", "round.closed"]);
    play.combined();
    expect(play.at(800).back()).toEqual(["deadline.moved"]);
    expect(play.at(829).look(["anna", "berta"])).toEqual([]);
    expect(play.at(830).look(["anna", "berta"])).toEqual(["round.opened"]);
  });

  it("[R23] changes nothing where there is time enough", () => {
    const play = opened();
    expect(play.at(300).back()).toEqual([]);
  });
});

describe("a run whose sites do not come", () => {
  it("[R24] pauses by itself, names who is missing, and goes on when enough are there", () => {
    const play = new Play(planWith({ cohort }));
    play.command(createCommand(play.sites));
    expect(play.at(629).look(["anna"])).toEqual([]);
    expect(play.at(630).look(["anna"])).toEqual(["run.paused"]);
    expect(view(play)?.paused).toMatchObject({ by: "coordinator", text: expect.stringContaining("missing: berta, clara") as string });
    expect(play.at(9000).look(["anna"])).toEqual([]);
    expect(play.at(9001).look(["anna", "clara"])).toEqual(["run.resumed"]);
    expect(play.at(9002).look(["anna", "berta", "clara"])).toEqual(["round.opened"]);
  });

  it("[R24] which an admin paused is not resumed by anybody else", () => {
    const play = new Play(planWith({ cohort }));
    play.command(createCommand(play.sites));
    play.steer({ do: "pause", by });
    expect(play.at(9000).look()).toEqual([]);
  });
});
