import { sha256 } from "@engraft/core/crypto/digest";
import type { RunId, SiteName } from "@engraft/core/base/ids";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { Collecting, Gathering, RunState } from "@engraft/core/rounds/state";
import { describe, expect, it } from "vitest";
import { digestOfPlan, planOf } from "../model.fixture.ts";
import { waitingFinding, type Situation } from "./waiting.ts";

const sites = ["anna", "berta", "clara"] as SiteName[];
const blob: BlobRef = { digest: sha256("vector"), bytes: 8 };
const plan = { ...planOf({ rounds: 3 }), cohort: { minSites: 2, fraction: 1, gatherSeconds: 10, deadlineSeconds: 60, graceSeconds: 5 } };
const identity = {
  run: "tiny-head.1" as RunId,
  sites,
  manifest: blob,
  weights: blob,
  start: blob,
  checkpoint: blob,
  serverState: null,
  counted: {},
  roundsDone: 1,
  trace: [],
  sums: null,
  leftOut: [],
  paused: null,
};
const gathering: Gathering = { ...identity, phase: "gathering", since: 1_000_000 };
const collecting: Collecting = {
  ...identity,
  phase: "collecting",
  round: 2,
  cohort: sites,
  deadline: 1_060_000,
  answers: [{ site: "anna" as SiteName, update: blob, sampleCount: 10, validation: null }],
  dropped: ["berta" as SiteName],
  minReachedAt: null,
  held: false,
};

function found(state: RunState, change: Partial<Situation> = {}) {
  const params = { plan, planDigest: digestOfPlan(plan), vectorLength: 2, headInputs: 0, secure: null };
  return waitingFinding({
    run: "tiny-head.1",
    params,
    state,
    since: 1_000_000,
    online: sites,
    approved: sites,
    released: false,
    now: 1_005_000,
    ...change,
  });
}

describe("why a run waits", () => {
  it("for nothing but its time", () => {
    expect(found(gathering).level).toBe("ok");
    expect(found(collecting)).toMatchObject({ level: "ok", text: expect.stringContaining("waits for clara") as string });
    expect(found({ ...identity, phase: "combining", round: 2, answers: collecting.answers }).level).toBe("ok");
    expect(found({ ...identity, phase: "finished" }).level).toBe("ok");
  });

  it("for sites that are away, or have taken their approval back: each is named", () => {
    const online = sites.slice(0, 2);
    expect(found(gathering, { online }).level).toBe("ok");
    const finding = found(gathering, { online, approved: sites.slice(1) });
    expect(finding).toMatchObject({ level: "warning", code: "run-waits-sites" });
    expect(finding.text).toContain("1 of the 2 sites needed can take part (offline: clara; approval taken back: anna)");
    expect(found(collecting, { online })).toMatchObject({
      code: "run-waits-sites",
      text: expect.stringContaining("offline: clara") as string,
    });
  });

  it("for nobody that was left out; for the admin, where it is paused", () => {
    const online = sites.slice(0, 2);
    expect(found({ ...gathering, leftOut: sites.slice(2) }, { online }).level).toBe("ok");
    const paused = { at: 1_000_000, by: "admin:a@b.example", text: "No further round begins." };
    expect(found({ ...gathering, paused }).next).toContain("run resume");
    expect(found({ ...gathering, paused: { ...paused, by: "coordinator" } }).next).toContain("engraft-site doctor");
  });

  it("for the coordinator", () => {
    expect(found(gathering, { online: null })).toMatchObject({ level: "warning", code: "run-waits-coordinator" });
  });

  it.each<[string, RunState, number]>([
    ["a round that should have opened", gathering, 1_000_000 + 10_000 + 60_001],
    ["a round past its deadline", collecting, 1_060_000 + 60_001],
    ["a mean that is never taken", { ...identity, phase: "combining", round: 2, answers: [] }, 1_000_000 + 600_001],
    ["a release that is not made", { ...identity, phase: "finished" }, 1_000_000 + 60_001],
  ])("for nobody: %s is stuck", (_, state, now) => {
    expect(found(state, { now: now - 2 }).code).not.toBe("run-stuck");
    expect(found(state, { now })).toMatchObject({ level: "problem", code: "run-stuck" });
  });
});
