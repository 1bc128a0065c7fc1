import type { Analytic } from "@engraft/core/models/analytic";
import type { Label } from "@engraft/core/models/labels";
import type { Plan } from "@engraft/core/models/plan";
import { expect, it } from "vitest";
import { plan as small } from "../model.fixture.ts";
import { siteStatistics, solvedAlone, type HeadView } from "./analytic.ts";

const SURVIVAL: Label = {
  kind: "survival",
  name: "death",
  title: "Death",
  time: { name: "days", unit: "d", max: 100 },
  event: { name: "dead", occurred: ["1"], censored: ["0"] },
};
const analytic: Analytic = { method: "newton", rounds: 8, penalty: 0.5, bound: 8 };
const plan: Plan = {
  ...small,
  data: { ...small.data, label: SURVIVAL },
  training: { ...small.training, analytic },
  rounds: { ...small.rounds, count: 8 },
};

/** Five patients of one input: times 1 to 3, two of them at once, one still alive. */
const [x, times, events] = [Float32Array.of(1, 2, 0, 1, -1), [1, 1, 2, 3, 3], [1, 1, 0, 1, 0]];
const view: HeadView = {
  inputs: 1,
  samples: {
    rows: 5,
    width: 1,
    x,
    targets: 2,
    y: Float32Array.from(times.flatMap((time, at) => [time, events[at] as number])),
    patients: Uint32Array.of(0, 1, 2, 3, 4),
  },
};

it("[Q1] of a time to an event a site sums hazards over those at risk, and alone comes to the optimum of its own partial likelihood", () => {
  const zero = siteStatistics(plan, view, 5, new Float32Array(2), true);
  // By hand, at a weight of zero: at time 1 all five are at risk (mean 3/5) for two events of 1 + 2, at time 3 two (mean 0) for one of 1.
  expect(zero.gradient[0]).toBeCloseTo(2 * (3 / 5) - 3 + 0 - 1, 12);
  expect(zero.curvature[0]).toBeCloseTo(2 * (7 / 5 - 9 / 25) + 1, 12);
  expect([zero.samples, zero.sums[0], zero.squares[0], zero.gradient[1]]).toEqual([5, 3, 7, 0]);

  const { vector, rounds } = solvedAlone(plan, view, new Float32Array(2), 8);
  expect(rounds).toBe(8);
  const at = siteStatistics(plan, view, 5, vector, false);
  const sd = Math.sqrt(7 / 5 - 9 / 25);
  // There the gradient of the likelihood is that of the penalty on the weight of the standardised input.
  expect((at.gradient[0] as number) / sd + analytic.penalty * (vector[0] as number) * sd).toBeCloseTo(0, 5);
  expect(vector[0]).toBeGreaterThan(0.5);
});

it("of a yes/no label it sums errors of probabilities, which know no times", () => {
  const yesNo: HeadView = { ...view, samples: { ...view.samples, targets: 1, y: Float32Array.from(events) } };
  const logistic = { ...plan, data: small.data };
  const { gradient } = siteStatistics(logistic, yesNo, 5, new Float32Array(2), true);
  expect([...gradient]).toEqual([0.5 * 3 - 4, 0.5 * 5 - 3]);
});
