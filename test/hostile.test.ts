/** A site that lies, over the real protocol: each lie ends in its code, is recorded, and the run lives. */
import { randomBytes } from "node:crypto";
import { identityFromSeed } from "@engraft/core/crypto/identity";
import type { Ask } from "@engraft/core/protocol/messages";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HandSite } from "./support/hand-site.ts";
import { Heart, shortPlan } from "./support/heart.ts";

let heart: Heart;
let liar: HandSite;
let run: string;

beforeEach(async () => {
  heart = await Heart.start({
    sites: ["cleveland"],
    plan: (plan) => ({
      ...shortPlan(2)(plan),
      cohort: { minSites: 1, fraction: 1, gatherSeconds: 1, deadlineSeconds: 120, graceSeconds: 100 },
    }),
  });
  await heart.federation.enrol("liar");
  liar = await HandSite.connect(heart.federation.url, heart.federation.siteDir("liar"), "liar");
  await liar.hear("plan.offer");
  liar.approve(heart.plan);
  await liar.hear("approval.recorded");
  run = await heart.startRun();
});
afterEach(async () => {
  liar.link.close("link-lost", "done");
  await heart.stop();
});

const vectorOf = (ask: Ask, fill: number): Float32Array => new Float32Array(ask.checkpoint.bytes / 4).fill(fill);

async function answered(code: string | null, after: number) {
  return liar.hear("answer.recorded", (answer) => answer.code === code, after);
}

describe("content faults drop the site from the round", () => {
  it.each([
    { name: "an update of another length", code: "wrong-shape", values: (ask: Ask) => vectorOf(ask, 0).subarray(1) },
    { name: "NaN", code: "not-finite", values: (ask: Ask) => vectorOf(ask, Number.NaN) },
    { name: "infinity", code: "not-finite", values: (ask: Ask) => vectorOf(ask, Number.POSITIVE_INFINITY) },
    { name: "a longer update than the clip", code: "over-clip", values: (ask: Ask) => vectorOf(ask, 1e6) },
  ])("[R6] $name", async ({ code, values }) => {
    const ask = await liar.hear("ask");
    const update = await liar.offer(values(ask).slice());
    liar.say("update", liar.honest(ask, update));
    await answered(code, 0);
    const view = await heart.until(run, (seen) => (seen.rounds[0]?.dropped.length ?? 0) > 0 && seen.rounds[0]?.checkpoint !== null);
    expect(view.rounds[0]?.dropped).toMatchObject([{ site: "liar", code }]);
    expect(view.rounds[0]?.closed?.survivors).toEqual(["cleveland"]);
  });
});

describe("everything else leaves the round untouched", () => {
  it("[R3] [R4] [A2] stale round, other plan, other checkpoint, second answer and a replay are refused by code and recorded; the run ends", async () => {
    const ask = await liar.hear("ask");
    const update = await liar.offer(vectorOf(ask, 0));
    const honest = liar.honest(ask, update);
    const lies = [
      { code: "stale-round", value: { ...honest, round: 2 } },
      { code: "wrong-plan", value: { ...honest, plan: "0".repeat(64) as never } },
      { code: "stale-round", value: { ...honest, checkpoint: "0".repeat(64) as never } },
    ] as const;
    for (const { code, value } of lies) {
      const before = liar.heard.length;
      liar.say("update", value);
      await answered(code, before);
    }
    liar.say("update", honest);
    await answered(null, 0);
    const before = liar.heard.length;
    liar.say("update", honest);
    await liar.hear(
      "answer.recorded",
      (answer) => answer.code === "second-answer" || answer.code === "stale-round" || answer.outcome === "accepted",
      before,
    );

    const next = await liar.hear("ask", ({ round, kind }) => round === 2 && kind === "train");
    const replayBefore = liar.heard.length;
    liar.say("update", honest);
    await answered("stale-round", replayBefore);
    liar.say("update", liar.honest(next, update));
    const view = await heart.until(run, (seen) => seen.rounds.length === 2 && seen.rounds[1]?.checkpoint !== null);
    expect(view.rounds.every((round) => round.closed?.survivors.length === 2)).toBe(true);
    const { refusals } = await (await heart.federation.api()).runs.get.query({ run: run });
    expect(new Set(refusals.map(({ code }) => code))).toEqual(
      new Set(["stale-round", "wrong-plan", ...refusals.filter(({ code }) => code === "second-answer").map(({ code }) => code)]),
    );
  });

  it("[W6] a statement under another key closes the link by name, and the round goes on without it", async () => {
    const ask = await liar.hear("ask");
    const update = await liar.offer(vectorOf(ask, 0));
    liar.say("update", liar.honest(ask, update), identityFromSeed(randomBytes(32)));
    while (liar.closed === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(liar.closed.code).toBe("unknown-key");
    const view = await heart.view(run);
    expect(view.end).toBeNull();
  });

  it("[T5] a site gets no blob but those of its own asks", async () => {
    const ask = await liar.hear("ask");
    await liar.link.fetch(ask.checkpoint);
    await heart.federation.enrol("stranger");
    const stranger = await HandSite.connect(heart.federation.url, heart.federation.siteDir("stranger"), "stranger");
    // It is there, as the liar has just seen, but was never promised to this site.
    await expect(stranger.link.fetch(ask.checkpoint)).rejects.toMatchObject({ code: "blob-missing" });
    stranger.link.close("link-lost", "done");
    await expect(liar.link.fetch({ digest: "f".repeat(64) as never, bytes: 10 })).rejects.toMatchObject({ code: "blob-missing" });
  });

  it("[P5] a plan that a site has not approved is never asked of it", async () => {
    await heart.federation.enrol("quiet");
    const quiet = await HandSite.connect(heart.federation.url, heart.federation.siteDir("quiet"), "quiet");
    await quiet.hear("plan.offer");
    const ask = await liar.hear("ask");
    liar.say("update", liar.honest(ask, await liar.offer(vectorOf(ask, 0))));
    await heart.until(run, (view) => view.rounds.length >= 2);
    expect(quiet.heard.some((message) => message.type === "ask")).toBe(false);
    quiet.link.close("link-lost", "done");
  });
});
