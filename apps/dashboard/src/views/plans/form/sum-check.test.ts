import { isRefusal } from "@engraft/core/base/errors";
import { SecureAggregation } from "@engraft/core/models/aggregation";
import type { Plan } from "@engraft/core/models/plan";
import { checkAggregation } from "@engraft/core/secagg/of-plan";
import fc from "fast-check";
import { expect, it } from "vitest";
import { enrolledSites } from "./sites.fixture.ts";
import { sumProblems } from "./sum-check.ts";

const SITES = enrolledSites(8);

/** The parts of a plan that are looked at. */
const plans = fc
  .record({
    sites: fc.integer({ min: 3, max: 7 }),
    operators: fc.array(fc.constantFrom("a", "A ", "b", "own"), { minLength: 7, maxLength: 7 }),
    hosts: fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }),
    twice: fc.boolean(),
    minSites: fc.integer({ min: 1, max: 8 }),
    fraction: fc.constantFrom(1, 1, 0.5),
    weightCap: fc.constantFrom(1000, 306_783_378, 306_783_379, 715_827_883),
  })
  .map(({ sites, operators, hosts, twice, minSites, fraction, weightCap }) => {
    const directory = SITES.slice(0, sites).map(({ site, publicKey }, at) => ({
      site,
      publicKey,
      withCoordinator: hosts[at] === true,
      operator: operators[at] === "own" ? site : (operators[at] ?? ""),
    }));
    const [first, second, ...rest] = directory;
    if (first === undefined || second === undefined) throw new Error("three sites at least");
    const aggregation: SecureAggregation = {
      method: "secure",
      weights: "equal",
      weightCap,
      coordinateClip: 1,
      encoding: "full",
      attempts: 3,
      phaseSeconds: 60,
      directory: twice ? [first, first, ...rest] : [first, second, ...rest],
    };
    return { aggregation, cohort: { minSites, fraction } } as Plan;
  });

it("finds a problem exactly where the coordinator does", () => {
  fc.assert(
    fc.property(plans, (plan) => {
      expect(Object.keys(sumProblems(plan, SITES)).length > 0).toBe(isRefusal(checkAggregation(plan)));
    }),
    { numRuns: 3000 },
  );
});

it("names sites that are not enrolled, and such as have enrolled anew under another key", () => {
  const directory = SITES.slice(0, 3).map(({ site, publicKey }) => ({ site, publicKey, operator: site, withCoordinator: false }));
  const aggregation = { method: "secure", directory, weightCap: 1 } as unknown as SecureAggregation;
  const plan = { aggregation, cohort: { minSites: 1, fraction: 1 } } as Plan;
  expect(sumProblems(plan, SITES)).toEqual({});
  expect(sumProblems(plan, SITES.slice(1)).directory).toMatch(/^Not enrolled here: site-000\./);
  const anew = SITES.map((one, at) => (at === 1 ? { ...one, publicKey: SITES[7]?.publicKey ?? one.publicKey } : one));
  expect(sumProblems(plan, anew).directory).toMatch(/^Enrolled under another key: site-001\./);
});
