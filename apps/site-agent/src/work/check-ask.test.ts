import { describe, expect, it } from "vitest";
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest, RunId } from "@engraft/core/base/ids";
import { seal } from "@engraft/core/crypto/envelope";
import { identityFromSeed } from "@engraft/core/crypto/identity";
import type { Ask } from "@engraft/core/protocol/messages";
import { LENGTH, makePlan, manifest, manifestText, offerOf, planDigest } from "../plan.fixture.ts";
import { understandOffer } from "../vault/plans.ts";
import { checkAsk, type Standing } from "./check-ask.ts";
import { OPEN_POLICY, type Limits, type Policy } from "../rules/limits.ts";
import { gainLettingOut, lettingOut } from "./egress.ts";

const plan = makePlan();
const plans = understandOffer(offerOf(plan));
if (!plans.ok) throw new EngraftError(plans.code, plans.text);
const offered = { ...plans.offered, offeredAt: 1 };
const digest = planDigest(plan);
const approval = { plan: digest, decision: "approved" as const, siteMetrics: true, reason: null, steward: "A", at: 1 };
const vector = { digest: "1".repeat(64) as Digest, bytes: 4 * LENGTH };
const ask: Ask = {
  run: "tiny-head.1" as RunId,
  round: 1,
  kind: "train",
  plan: digest,
  manifest: { digest: plan.base.manifest, bytes: manifestText.length },
  weights: manifest.weights,
  checkpoint: vector,
  start: vector,
  deadline: 9,
  attempt: null,
};
const standing: Standing = {
  offered,
  decision: {
    approval,
    statement: seal(identityFromSeed(new Uint8Array(32)), "approval", "f", approval),
    data: "main",
    limits: {},
    recorded: true,
  },
  paused: false,
  rules: { limits: {}, policy: OPEN_POLICY, minute: 600 },
  mapping: null,
  data: {
    name: "main",
    registeredAt: 1,
    table: { path: "/data.csv", encoding: "utf-8", delimiter: ",", decimal: ".", missing: [], columns: {}, label: "num", patient: "id" },
  },
};

describe("[P5] an ask", () => {
  it("is agreed to under an approved plan", () => {
    expect(checkAsk(ask, standing)).toMatchObject({ ok: true, size: { vectorLength: LENGTH } });
    expect(checkAsk({ ...ask, kind: "evaluate", round: 0 }, standing)).toMatchObject({ ok: true });
  });

  it("[D11] is refused where the site's mapping is not the one that was approved, also where there is none any more", () => {
    const mapping = "2".repeat(64) as Digest;
    const approved = { ...standing.decision, approval: { ...approval, mapping } } as Standing["decision"];
    expect(checkAsk(ask, { ...standing, decision: approved, mapping })).toMatchObject({ ok: true, mapping });
    for (const other of [null, "3".repeat(64) as Digest])
      expect(checkAsk(ask, { ...standing, decision: approved, mapping: other })).toMatchObject({ ok: false, code: "plan-not-approved" });
    expect(checkAsk(ask, { ...standing, mapping })).toMatchObject({ ok: false, code: "plan-not-approved" });
  });

  it.each([
    { name: "while paused", code: "paused", with: { paused: true } },
    { name: "under a plan that was never offered", code: "plan-unknown", with: { offered: undefined } },
    { name: "under a plan nobody decided about", code: "plan-not-approved", with: { decision: undefined } },
    {
      name: "under a refused plan",
      code: "plan-refused",
      with: { decision: { ...standing.decision, approval: { ...approval, decision: "refused" } } },
    },
    { name: "under a withdrawn plan", code: "plan-withdrawn", with: { offered: { ...offered, withdrawn: true } } },
    { name: "without data", code: "data-missing", with: { data: undefined } },
  ])("$name is declined with $code", ({ code, with: change }) => {
    expect(checkAsk(ask, { ...standing, ...change } as Standing)).toMatchObject({ ok: false, code });
  });

  it.each([
    { name: "another manifest", code: "wrong-plan", change: { manifest: { ...ask.manifest, digest: vector.digest } } },
    { name: "a manifest of another length", code: "wrong-plan", change: { manifest: { ...ask.manifest, bytes: 1 } } },
    { name: "other weights", code: "wrong-plan", change: { weights: vector } },
    { name: "weights of another length", code: "wrong-plan", change: { weights: { ...ask.weights, bytes: 1 } } },
    { name: "a run of another plan", code: "wrong-plan", change: { run: "other-head.1" as RunId } },
    { name: "more rounds than were approved", code: "wrong-plan", change: { round: 6 } },
    { name: "round 0", code: "wrong-plan", change: { round: 0 } },
    { name: "a control variate that its plan does not have", code: "wrong-plan", change: { counted: 0 } },
    { name: "a checkpoint of another length", code: "wrong-shape", change: { checkpoint: { ...vector, bytes: 4 * LENGTH + 4 } } },
    { name: "a start of another length", code: "wrong-shape", change: { start: { ...vector, bytes: 0 } } },
  ])("that names $name is declined with $code", ({ code, change }) => {
    expect(checkAsk({ ...ask, ...change }, standing)).toMatchObject({ ok: false, code });
  });
});

describe("[Y1] [Y2] [Y3] what the site's own people allow", () => {
  const under = (limits: Limits, policy: Partial<Policy> = {}): Standing => ({
    ...standing,
    rules: { limits, policy: { ...OPEN_POLICY, ...policy }, minute: 600 },
  });

  it("is asked before anything of the ask is looked at", () => {
    const wrong = { ...ask, weights: vector };
    expect(checkAsk(wrong, under({ hours: { from: 1200, to: 360 } }))).toMatchObject({ ok: false, code: "site-limits" });
    expect(checkAsk(wrong, under({}, { headOnly: true }))).toMatchObject({ ok: false, code: "wrong-plan" });
    expect(checkAsk(wrong, under({}, { secureOnly: true }))).toMatchObject({ ok: false, code: "site-policy" });
  });

  it("bounds threads and figures, also those that an earlier approval let out", () => {
    expect(checkAsk(ask, under({ threads: 4 }, { threads: 2 }))).toMatchObject({ ok: true, threads: 2, siteMetrics: true });
    expect(checkAsk(ask, under({}, { ownFigures: false }))).toMatchObject({ ok: true, threads: undefined, siteMetrics: false });
  });
});

describe("[R27] an ask under SCAFFOLD", () => {
  const under: Standing = { ...standing, offered: { ...offered, plan: { ...plan, strategy: { name: "scaffold", serverRate: 1 } } } };
  const twice = { ...vector, bytes: 8 * LENGTH };
  const asked = { ...ask, checkpoint: twice, start: twice, counted: 0 };

  it("is of model and control variate, and says when this site's own counted last", () => {
    expect(checkAsk(asked, under)).toMatchObject({ ok: true, size: { vectorLength: 2 * LENGTH } });
    expect(checkAsk({ ...asked, counted: undefined }, under)).toMatchObject({ ok: false, code: "wrong-plan" });
    expect(checkAsk({ ...asked, checkpoint: vector }, under)).toMatchObject({ ok: false, code: "wrong-shape" });
  });
});

describe("[M1] figures that may leave", () => {
  const estimate = { value: 0.5, low: 0.4, high: 0.6 };
  const values = { auroc: estimate, loss: null, accuracy: estimate, brier: estimate };

  it("are those that the plan names, undefined ones as null", () => {
    expect(lettingOut(plan, { n: 10, positives: null, values })).toEqual({
      n: 10,
      positives: null,
      values: { auroc: estimate, loss: null },
    });
  });

  it("are none below the minimum count", () => {
    expect(lettingOut(plan, { n: 9, positives: 4, values })).toBeNull();
    expect(lettingOut(plan, null)).toBeNull();
    const figures = { n: 10, positives: null, values };
    const gain = { auroc: estimate, rmse: estimate, "calibration-slope": estimate };
    expect(gainLettingOut(plan, gain, [figures, figures])).toEqual({ auroc: estimate });
    expect(gainLettingOut(plan, gain, [figures, { ...figures, n: 9 }])).toBeNull();
    expect(gainLettingOut(plan, gain, [figures, null])).toBeNull();
  });

  it("hold rows by class only where each class that occurs has the minimum count", () => {
    const enough = [
      [8, 2, 0],
      [3, 9, 0],
      [0, 0, 0],
    ];
    const few = enough.with(2, [1, 0, 8]);
    const leaving = (confusion: number[][]) => lettingOut(plan, { n: 31, positives: null, values, confusion });
    expect(leaving(enough)?.confusion).toEqual(enough);
    expect(leaving(few)).not.toHaveProperty("confusion");
  });
});
