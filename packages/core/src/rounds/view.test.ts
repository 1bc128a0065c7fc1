import { describe, expect, it } from "vitest";
import { Play, createCommand, metrics } from "./play.fixture.ts";
import { curveMean, plannedRounds, runView, withEvent } from "./view.ts";

function finished(): Play {
  const play = new Play();
  play.command(createCommand(play.sites));
  play.at(1).roundOf(0.7);
  play.at(2).look();
  play.update("berta", { validation: metrics(0.8, 100) });
  play.at(3).update("anna", { validation: metrics(0.6, 300) });
  play.at(4).decline("clara");
  play.at(5).combined();
  play.at(6).evaluation("anna", { validation: metrics(0.9) });
  play.decline("berta");
  play.evaluation("clara", { federated: metrics(0.95) });
  return play;
}

describe("a run as people see it", () => {
  it("is nothing before the run is made", () => {
    expect(runView([])).toBeUndefined();
    expect(runView(finished().events.slice(1))).toBeUndefined();
  });

  it("tells each round: who was asked, answered, dropped and survived", () => {
    const view = runView(finished().events);
    expect(view).toMatchObject({ phase: "finished", sites: ["anna", "berta", "clara"], end: { text: "Finished after 2 rounds." } });
    expect(view?.rounds).toHaveLength(2);
    expect(view?.rounds[1]).toMatchObject({
      round: 2,
      openedAt: 2000,
      cohort: ["anna", "berta", "clara"],
      answers: [{ site: "berta" }, { site: "anna", at: 3000, sampleCount: 100, bytes: 12 }],
      dropped: [{ site: "clara", at: 4000, code: "data-missing" }],
      closed: { survivors: ["anna", "berta"], reason: "all-answered" },
      checkpoint: { at: 5000 },
    });
    expect(view?.checkpoint.digest).toBe(view?.rounds[1]?.checkpoint?.digest);
  });

  it("puts figures on the checkpoint they belong to: that before the round, and at the end the last", () => {
    const view = runView(finished().events);
    expect(view?.curve.map((point) => [point.round, Object.keys(point.sites)])).toEqual([
      [0, ["anna", "berta", "clara"]],
      [1, ["berta", "anna"]],
      [2, ["anna"]],
    ]);
    expect(curveMean(view?.curve[1] ?? { round: 1, sites: {} }, "auroc")).toBeCloseTo((0.8 * 100 + 0.6 * 300) / 400, 12);
    expect(curveMean({ round: 1, sites: {} }, "auroc")).toBeUndefined();
  });

  it("shows the comparison of each site that evaluated, and who did not", () => {
    const view = runView(finished().events);
    expect(view?.comparisons.map((comparison) => comparison.site)).toEqual(["anna", "clara"]);
    expect(view?.evaluation).toMatchObject({ reason: "all-rounds", missed: [{ site: "berta", text: "No data is registered." }] });
  });

  it("is the same whether folded at once or event by event, and follows the phase of the state", () => {
    const play = finished();
    for (let length = 1; length <= play.events.length; length++) {
      const events = play.events.slice(0, length);
      const last = events.at(-1);
      if (last !== undefined) expect(withEvent(runView(events.slice(0, -1)), last)).toEqual(runView(events));
    }
    expect(runView(play.events)?.phase).toBe(play.state.phase);
  });

  it("says how a run ended", () => {
    const stopped = Play.opened();
    stopped.stop();
    const failed = Play.opened();
    failed.at(600).look();
    expect(runView(stopped.events)?.end?.text).toBe("Stopped by admin:a@b.example.");
    expect(runView(failed.events)?.end?.text).toContain("0 of the 2 sites");
    expect(plannedRounds(failed.params.plan)).toBe(2);
  });
});
