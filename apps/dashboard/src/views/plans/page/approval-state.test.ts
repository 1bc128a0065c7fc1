import type { ApprovalView, DirectoryView } from "@engraft/coordinator/api/views";
import { expect, it } from "vitest";
import { approvalState, approvalsOf, readyFor } from "./approval-state.ts";
import { securePlan } from "../form/sites.fixture.ts";

const approval = (site: string, change: Partial<ApprovalView> = {}): ApprovalView => ({
  site,
  decision: "approved",
  steward: "Dr. Gruber",
  reason: null,
  at: 1,
  online: true,
  siteMetrics: false,
  usedBy: null,
  ...change,
});
const sites = ["graz", "linz", "wien"].map((site) => ({ site, operator: site, withCoordinator: false }));
const directory: DirectoryView = { words: [], sites, numbers: { sites: 3, liars: 1, threshold: 3, minCohort: 3 } };
const approvals = [
  approval("graz"),
  approval("linz", { usedBy: "heart.1" }),
  approval("stranger"),
  approval("wien", { decision: "waiting", steward: null, at: null }),
];
const plan = { approvals, directory, plan: securePlan };

it("asks the sites of the directory, and rests a run on approvals that served none", () => {
  expect(approvalsOf(plan).map(({ site }) => site)).toEqual(["graz", "linz", "wien"]);
  expect(readyFor(plan)).toEqual(["graz"]);
  expect(readyFor({ ...plan, directory: null })).toEqual(["graz", "stranger"]);
});

it("tells an approval from a used one, and says that the directory was compared only where there is one", () => {
  expect(approvalState(approval("graz"), plan)).toEqual({
    is: "approved",
    words: "Approved by Dr. Gruber, after the directory’s code was compared there.",
    figures: null,
  });
  expect(approvalState(approval("linz", { usedBy: "heart.1" }), plan).is).toBe("used");
  expect(approvalState(approval("graz"), { ...plan, directory: null }).words).toBe("Approved by Dr. Gruber.");
});

it("says whose own figures may leave where the plan asks for them", () => {
  const perSite = { ...plan, plan: { ...securePlan, metrics: { ...securePlan.metrics, perSite: true } } };
  expect(approvalState(approval("graz", { siteMetrics: true }), perSite).figures).toBe("Its own figures may leave.");
  expect(approvalState(approval("graz"), perSite).figures).toMatch(/stay/);
});

it("tells waiting for a steward from waiting for a site that is away", () => {
  const waiting = approval("wien", { decision: "waiting", steward: null });
  expect(approvalState(waiting, plan)).toMatchObject({ is: "waiting", words: expect.stringContaining("compares the code") as string });
  expect(approvalState({ ...waiting, online: false }, plan).is).toBe("offline");
});
