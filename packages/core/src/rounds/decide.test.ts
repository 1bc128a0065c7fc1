import { describe, expect, it } from "vitest";
import { sha256 } from "../crypto/digest.ts";
import { RunId } from "../base/ids.ts";
import { heartPlan, planWith } from "../models/heart.fixture.ts";
import { Play, RUN, blob, createCommand, metrics } from "./play.fixture.ts";

const otherRun = RunId.parse("heart-head.2");

describe("making a run", () => {
  it("needs as many approved sites as a round needs", () => {
    expect(new Play(heartPlan, ["anna"]).command(createCommand([]))).toBe("plan-not-approved");
    const play = new Play();
    expect(play.command(createCommand([...play.sites].reverse()))).toEqual(["run.created"]);
    expect(play.state).toMatchObject({ phase: "gathering", sites: ["anna", "berta", "clara"], roundsDone: 0 });
    expect(play.command(createCommand(play.sites))).toBe("conflict");
  });

  it("nothing happens in a run that does not exist", () => {
    expect(new Play().look()).toBe("not-found");
    expect(new Play().update("anna")).toBe("not-found");
  });
});

describe("whose update counts", () => {
  it("[R3] only one of this run, plan, round and checkpoint", () => {
    const play = Play.opened();
    const before = play.state;
    expect(play.update("anna", { run: otherRun })).toBe("wrong-plan");
    expect(play.update("anna", { plan: sha256("other") })).toBe("wrong-plan");
    expect(play.update("anna", { round: 2 })).toBe("stale-round");
    expect(play.update("anna", { checkpoint: sha256("other") })).toBe("stale-round");
    expect(play.state).toBe(before);
    expect(play.update("anna")).toEqual(["update.accepted"]);
  });

  it("[R3] none before a round is open, and none after it has closed", () => {
    const play = new Play();
    play.command(createCommand(play.sites));
    expect(play.update("anna", { round: 1 })).toBe("stale-round");
    play.roundOf();
    expect(play.update("anna", { round: 1 })).toBe("stale-round");
  });

  it("[R4] a second answer is refused, be it the same, another or a decline", () => {
    const play = Play.opened();
    play.update("anna");
    const before = play.state;
    expect(play.update("anna")).toBe("second-answer");
    expect(play.update("anna", { update: blob("other"), sampleCount: 5 })).toBe("second-answer");
    expect(play.decline("anna")).toBe("second-answer");
    play.decline("berta");
    expect(play.update("berta")).toBe("second-answer");
    expect(play.decline("berta")).toBe("second-answer");
    expect(play.state).toMatchObject({ answers: (before as { answers: unknown }).answers, dropped: ["berta"] });
  });

  it("[R5] only a site of the cohort answers", () => {
    const play = Play.opened(planWith({ cohort: { fraction: 0.6 } }), ["anna", "berta", "clara"]);
    expect(play.asked()).toEqual(["anna", "berta"]);
    expect(play.update("clara")).toBe("not-in-cohort");
    expect(play.decline("clara")).toBe("not-in-cohort");
    expect(play.update("zoe")).toBe("not-in-cohort");
  });

  it.each([
    ["wrong-shape", { update: blob("u", 4) }, { finite: true, sumOfSquares: 0 }],
    ["not-finite", {}, { finite: false, sumOfSquares: Number.NaN }],
    ["over-clip", {}, { finite: true, sumOfSquares: 5.001 ** 2 }],
  ] as const)("[R6] %s drops the site and the round goes on", (code, change, measure) => {
    const play = Play.opened();
    expect(play.update("anna", change, measure)).toEqual(["site.dropped"]);
    expect(play.events.at(-1)).toMatchObject({ site: "anna", code });
    play.update("berta");
    expect(play.update("clara")).toEqual(["update.accepted", "round.closed"]);
    expect(play.events.at(-1)).toMatchObject({ survivors: ["berta", "clara"], reason: "all-answered" });
  });

  it("[R6] an update exactly as long as the clip counts, within float32's rounding", () => {
    const play = Play.opened();
    expect(play.update("anna", {}, { finite: true, sumOfSquares: 25 })).toEqual(["update.accepted"]);
    expect(play.update("berta", {}, { finite: true, sumOfSquares: (5 * (1 + 2 ** -20)) ** 2 })).toEqual(["update.accepted"]);
  });

  it("[R7] [M1] a metric that the plan does not name, or from too few patients, drops the site", () => {
    const unnamed = { n: 50, positives: null, values: { brier: { value: 0.1, low: 0, high: 1 } } };
    for (const validation of [unnamed, metrics(0.8, 9)]) {
      const play = Play.opened();
      expect(play.update("anna", { validation })).toEqual(["site.dropped"]);
      expect(play.events.at(-1)).toMatchObject({ code: "metric-not-allowed" });
    }
    const play = Play.opened();
    expect(play.update("anna", { validation: metrics(0.8, 10) })).toEqual(["update.accepted"]);
    expect(play.update("berta", { validation: metrics(null, 3) })).toEqual(["update.accepted"]);
  });

  it("[R14] a site that declines is dropped with its reason, and asked again in the next round", () => {
    const play = Play.opened();
    expect(play.decline("anna", { run: otherRun })).toBe("wrong-plan");
    expect(play.decline("anna", { plan: sha256("other") })).toBe("wrong-plan");
    expect(play.decline("anna", { round: 7 })).toBe("stale-round");
    expect(play.decline("anna", { kind: "evaluate" })).toBe("stale-round");
    expect(play.decline("anna")).toEqual(["site.dropped"]);
    expect(play.events.at(-1)).toMatchObject({ code: "data-missing", text: "No data is registered." });
    expect(play.asked()).toEqual(["berta", "clara"]);
    play.update("berta");
    play.update("clara");
    play.combined();
    play.look();
    expect(play.asked()).toEqual(["anna", "berta", "clara"]);
  });
});

describe("when a round opens", () => {
  const made = (cohort = {}): Play => {
    const play = new Play(planWith({ cohort }), ["anna", "berta", "clara", "dora"]);
    play.command(createCommand(play.sites));
    return play;
  };

  it("[R8] at once when everybody is online", () => {
    const play = made();
    expect(play.at(1).look(["anna", "berta", "clara"])).toEqual([]);
    expect(play.at(2).look()).toEqual(["round.opened"]);
    expect(play.events.at(-1)).toMatchObject({ round: 1, cohort: ["anna", "berta", "clara", "dora"], deadline: 602_000 });
  });

  it("[R8] together with the checkpoint of the round before, where everybody is still there", () => {
    const play = made();
    play.at(1).look();
    for (const site of play.sites) play.at(2).update(site);
    expect(play.at(3).combined(1, play.sites)).toEqual(["checkpoint.written", "round.opened"]);
  });

  it("[R8] after gatherSeconds with at least minSites, and without those who are away", () => {
    const play = made();
    expect(play.at(29.999).look(["anna", "clara"])).toEqual([]);
    expect(play.at(30).look(["anna"])).toEqual([]);
    expect(play.at(31).look(["anna", "clara"])).toEqual(["round.opened"]);
    expect(play.asked()).toEqual(["anna", "clara"]);
  });

  it("[R8] asks a fraction in turn, so that over the rounds each is asked equally often", () => {
    const play = new Play(planWith({ cohort: { fraction: 0.5 }, rounds: { count: 4 } }), ["anna", "berta", "clara", "dora"]);
    play.command(createCommand(play.sites));
    const cohorts: (readonly string[])[] = [];
    for (let round = 1; round <= 4; round++) {
      play.look();
      cohorts.push(play.asked());
      for (const site of play.asked()) play.update(site);
      play.combined();
    }
    expect(cohorts).toEqual([
      ["anna", "berta"],
      ["clara", "dora"],
      ["anna", "berta"],
      ["clara", "dora"],
    ]);
  });

  it("[R8] never asks fewer than minSites", () => {
    const play = made({ minSites: 3, fraction: 0.1 });
    play.look();
    expect(play.asked()).toHaveLength(3);
  });

  it("[R8] a site that never approved the plan is not asked, online or not", () => {
    const play = made();
    play.look([...play.sites, "zoe"]);
    expect(play.asked()).not.toContain("zoe");
  });
});

describe("when a round closes", () => {
  it("[R9] when all have answered, once", () => {
    const play = Play.opened();
    play.update("clara");
    play.update("anna");
    expect(play.update("berta")).toEqual(["update.accepted", "round.closed"]);
    expect(play.events.at(-1)).toMatchObject({ survivors: ["anna", "berta", "clara"], reason: "all-answered" });
    expect(play.at(10_000).look()).toEqual([]);
  });

  it("[R9] when grace is over after the minimum was reached", () => {
    const play = Play.opened();
    play.at(10).update("anna");
    play.at(20).update("berta");
    expect(play.owed().find((due) => due.owe === "look")).toEqual({ owe: "look", at: 80_000 });
    expect(play.at(79.999).look()).toEqual([]);
    expect(play.at(80).look()).toEqual(["round.closed"]);
    expect(play.events.at(-1)).toMatchObject({ reason: "grace-over", survivors: ["anna", "berta"] });
    expect(play.update("clara", { round: 1, checkpoint: blob("base").digest })).toBe("stale-round");
  });

  it("[R9] at its deadline, even where grace lasts longer", () => {
    const play = Play.opened(planWith({ cohort: { graceSeconds: 5000 } }));
    play.update("anna");
    play.update("berta");
    expect(play.at(600).look()).toEqual(["round.closed"]);
    expect(play.events.at(-1)).toMatchObject({ reason: "deadline" });
  });

  it("[R9] below the minimum at the deadline the run fails by name", () => {
    const play = Play.opened();
    play.update("anna");
    expect(play.at(599).look()).toEqual([]);
    expect(play.at(600).look()).toEqual(["run.failed"]);
    expect(play.events.at(-1)).toMatchObject({
      code: "quorum-not-reached",
      text: "Round 1: 1 of the 2 sites needed were in at the deadline.",
    });
  });

  it("[R9] at once where too few are left to reach the minimum", () => {
    const play = Play.opened();
    play.decline("anna");
    play.update("berta");
    expect(play.decline("clara")).toEqual(["site.dropped", "run.failed"]);
    expect(play.events.at(-1)).toMatchObject({ code: "quorum-lost" });
  });

  it("[R13] the mean is due over each accepted update once, in byte order of the sites", () => {
    const play = Play.opened();
    play.update("clara", { sampleCount: 3 });
    play.update("berta", { sampleCount: 2 });
    play.update("anna", { sampleCount: 1 });
    expect(play.owed()).toEqual([
      {
        owe: "combine",
        run: RUN,
        round: 1,
        checkpoint: blob("base"),
        serverState: null,
        sites: 3,
        inputs: [
          { site: "anna", update: blob("anna 1"), sampleCount: 1, validation: null },
          { site: "berta", update: blob("berta 1"), sampleCount: 2, validation: null },
          { site: "clara", update: blob("clara 1"), sampleCount: 3, validation: null },
        ],
      },
    ]);
    expect(play.combined(2)).toBe("stale-round");
    expect(play.combined(1)).toEqual(["checkpoint.written"]);
    expect(play.combined(1)).toBe("stale-round");
  });
});

describe("the stop rule", () => {
  /** Plays rounds whose start checkpoints validate like this; says how the training ended. */
  const ended = (values: readonly (number | null)[], metric: "auroc" | "loss" = "auroc"): string => {
    const play = new Play(planWith({ rounds: { count: values.length, stop: { metric, patience: 2, minDelta: 0.01 } } }));
    play.command(createCommand(play.sites));
    for (const value of values) {
      if (play.state.phase === "evaluating") break;
      play.look();
      for (const site of play.sites) {
        play.update(site, {
          validation: value === null ? null : { n: 50, positives: null, values: { [metric]: { value, low: 0, high: 1 } } },
        });
      }
      play.combined();
    }
    play.look();
    return play.state.phase === "evaluating"
      ? `${play.state.roundsDone} rounds, ${(play.events.at(-1) as { reason: string }).reason}`
      : play.state.phase;
  };

  it("[R10] ends the training when the mean has not improved by minDelta for patience checkpoints", () => {
    expect(ended([0.7, 0.8, 0.805, 0.805, 0.9, 0.9])).toBe("4 rounds, stop-rule");
    expect(ended([0.7, 0.8, 0.805, 0.82, 0.83, 0.84])).toBe("6 rounds, all-rounds");
  });

  it("[R10] knows that a loss improves by falling", () => {
    expect(ended([0.7, 0.6, 0.5, 0.4], "loss")).toBe("4 rounds, all-rounds");
    expect(ended([0.4, 0.5, 0.6, 0.7], "loss")).toBe("3 rounds, stop-rule");
  });

  it("[R10] does not count checkpoints of which no site may report the figure", () => {
    expect(ended([null, null, null, null])).toBe("4 rounds, all-rounds");
  });
});

describe("the end", () => {
  const evaluating = (): Play => {
    const play = new Play();
    play.command(createCommand(play.sites));
    play.roundOf();
    play.roundOf();
    expect(play.state.phase).toBe("evaluating");
    return play;
  };

  it("[R11] the last checkpoint is evaluated by every site, also by one that missed the last round", () => {
    const play = Play.opened();
    play.roundOf();
    play.look();
    play.decline("anna");
    play.update("berta");
    play.update("clara");
    expect(play.combined()).toEqual(["checkpoint.written", "evaluation.opened"]);
    expect(play.asked()).toEqual(["anna", "berta", "clara"]);
    expect(play.evaluation("anna")).toEqual(["evaluation.accepted"]);
    expect(play.decline("berta")).toEqual(["evaluation.missed"]);
    expect(play.evaluation("clara")).toEqual(["evaluation.accepted", "run.finished"]);
    expect(play.owed()).toEqual([{ owe: "release", run: RUN, checkpoint: blob("checkpoint 2") }]);
  });

  it("[R11] who has not answered at the deadline is recorded as missed, and the run finishes", () => {
    const play = evaluating();
    play.evaluation("berta");
    expect(play.at(599).look([])).toEqual([]);
    expect(play.at(600).look([])).toEqual(["evaluation.missed", "evaluation.missed", "run.finished"]);
  });

  it("[R3] [R4] [R5] an evaluation counts once, from the cohort, of this run, plan and checkpoint", () => {
    const play = evaluating();
    expect(play.evaluation("anna", { run: otherRun })).toBe("wrong-plan");
    expect(play.evaluation("anna", { plan: sha256("other") })).toBe("wrong-plan");
    expect(play.evaluation("anna", { checkpoint: sha256("other") })).toBe("stale-round");
    expect(play.evaluation("zoe")).toBe("not-in-cohort");
    expect(play.evaluation("anna")).toEqual(["evaluation.accepted"]);
    expect(play.evaluation("anna")).toBe("second-answer");
    expect(play.decline("anna")).toBe("second-answer");
    expect(Play.opened().evaluation("anna")).toBe("stale-round");
  });

  it("[R7] [M1] an evaluation with a metric that may not leave is not kept", () => {
    for (const part of ["validation", "base", "alone", "federated"] as const) {
      const play = evaluating();
      expect(play.evaluation("anna", { [part]: metrics(0.8, 9) })).toEqual(["evaluation.missed"]);
      expect(JSON.stringify(play.events.at(-1))).not.toContain("0.8");
    }
  });

  it("[M7] a mixed model's figures count only where the plan asks for them", () => {
    const mix = { weight: 0.5, metrics: metrics(0.8) };
    expect(evaluating().evaluation("anna", { mix })).toEqual(["evaluation.missed"]);
    const play = new Play(planWith({ metrics: { compareMix: true } }));
    play.command(createCommand(play.sites));
    play.roundOf();
    play.roundOf();
    expect(play.evaluation("anna", { mix })).toEqual(["evaluation.accepted"]);
    expect(play.events.at(-1)).toMatchObject({ mix });
    expect(play.evaluation("berta", { mix: { ...mix, metrics: metrics(0.8, 9) } })).toEqual(["evaluation.missed"]);
  });

  it("[M7] so do those of the model with an intercept of the site's own", () => {
    const intercept = metrics(0.8);
    expect(evaluating().evaluation("anna", { intercept })).toEqual(["evaluation.missed"]);
    const play = new Play(planWith({ metrics: { compareIntercept: true } }));
    play.command(createCommand(play.sites));
    play.roundOf();
    play.roundOf();
    expect(play.evaluation("anna", { intercept })).toEqual(["evaluation.accepted"]);
    expect(play.events.at(-1)).toMatchObject({ intercept });
    expect(play.evaluation("berta", { intercept: metrics(0.8, 9) })).toEqual(["evaluation.missed"]);
  });

  it("[M9] a gain counts only where the plan asks for it, beside figures of both models, of a metric with a direction", () => {
    const one = { value: 0.1, low: 0.05, high: 0.15 };
    expect(evaluating().evaluation("anna", { gain: { auroc: one } })).toEqual(["evaluation.missed"]);
    const asking = (): Play => {
      const play = new Play(planWith({ metrics: { compareGain: true } }));
      play.command(createCommand(play.sites));
      play.roundOf();
      play.roundOf();
      return play;
    };
    const both = { alone: metrics(0.7), federated: metrics(0.8) };
    const play = asking();
    expect(play.evaluation("anna", { ...both, gain: { auroc: one, loss: null } })).toEqual(["evaluation.accepted"]);
    expect(play.events.at(-1)).toMatchObject({ gain: { auroc: one } });
    expect(asking().evaluation("anna", { ...both, alone: null, gain: { auroc: one } })).toEqual(["evaluation.missed"]);
    expect(asking().evaluation("anna", { ...both, gain: { rmse: one } })).toEqual(["evaluation.missed"]);
    expect(asking().evaluation("anna", { ...both, gain: { "calibration-slope": one } })).toEqual(["evaluation.missed"]);
  });

  it("[M10] figures of an earlier model count only where the plan names it, of enough patients, beside those of the run's own", () => {
    const over = { auroc: { value: 0.1, low: 0.05, high: 0.15 } };
    const earlier = { metrics: metrics(0.7), over };
    const federated = metrics(0.8);
    expect(evaluating().evaluation("anna", { federated, earlier })).toEqual(["evaluation.missed"]);
    const asking = (): Play => {
      const compareRelease = { run: "heart.1" as RunId, checkpoint: sha256("earlier"), bytes: 12 };
      const play = new Play(planWith({ metrics: { compareRelease } }));
      play.command(createCommand(play.sites));
      play.roundOf();
      play.roundOf();
      return play;
    };
    const play = asking();
    expect(play.evaluation("anna", { federated, earlier })).toEqual(["evaluation.accepted"]);
    expect(play.events.at(-1)).toMatchObject({ earlier });
    for (const wrong of [
      { federated: null, earlier },
      { federated, earlier: { ...earlier, metrics: metrics(0.7, 9) } },
      { federated, earlier: { ...earlier, over: { rmse: over.auroc } } },
    ])
      expect(asking().evaluation("anna", wrong)).toEqual(["evaluation.missed"]);
  });

  it("[S13] a run whose updates are lost ends by name, and only while their mean is due", () => {
    const play = Play.opened();
    const lost = { do: "lost", at: 1, round: 1, text: "The update of anna is lost." } as const;
    expect(play.command(lost)).toBe("stale-round");
    for (const site of play.sites) play.update(site);
    expect(play.command({ ...lost, round: 2 })).toBe("stale-round");
    expect(play.command(lost)).toEqual(["run.failed"]);
    expect(play.events.at(-1)).toMatchObject({ code: "updates-lost", text: "The update of anna is lost." });
    expect(play.owed()).toMatchObject([{ owe: "cancel" }]);
  });

  it("[R12] a run can be stopped in every phase", () => {
    const gathering = new Play();
    gathering.command(createCommand(gathering.sites));
    const collecting = Play.opened();
    const combining = Play.opened();
    for (const site of combining.sites) combining.update(site);
    for (const play of [gathering, collecting, combining, evaluating()]) {
      expect(play.stop()).toEqual(["run.stopped"]);
      expect(play.owed()).toEqual([{ owe: "cancel", run: RUN, sites: ["anna", "berta", "clara"], text: "The run is stopped." }]);
    }
  });

  it("[R12] once ended it refuses everything and never changes again", () => {
    const stopped = Play.opened();
    stopped.stop();
    const failed = Play.opened();
    failed.at(600).look();
    const finished = evaluating();
    finished.at(600).look();
    for (const play of [stopped, failed, finished]) {
      const { state } = play;
      const answers = [play.look(), play.update("anna"), play.decline("anna"), play.combined(), play.evaluation("anna"), play.stop()];
      expect(new Set(answers)).toEqual(new Set(["run-ended"]));
      expect(play.command(createCommand(play.sites))).toBe("conflict");
      expect(play.state).toBe(state);
    }
  });
});
