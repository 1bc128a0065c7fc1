import type { PooledFigures, PooledMetrics } from "@engraft/core/models/pooled";
import { expect, it } from "vitest";
import { calibrationCurves, decisionCurves, everybodyCurve, probabilityCsv } from "./probability-curves.ts";

const metrics = (threshold: number, net: number): PooledMetrics => ({
  n: 40,
  positives: 10,
  values: {},
  calibration: [
    { count: 30, positives: 3, meanScore: 0.15 },
    { count: 10, positives: 7, meanScore: 0.8 },
  ],
  decision: [{ threshold, net, everybody: 0.25 - 0.75 * (threshold / (1 - threshold)) }],
});
const { decision: _, ...earlier } = metrics(0.5, 0.1);
const figures: PooledFigures = { validation: null, base: earlier, alone: null, federated: metrics(0.25, 0.125) };

it("a model's groups are points of the calibration curve; a model without figures has no curve", () => {
  expect(calibrationCurves(figures).map(({ arm, points }) => [arm, points.map(({ x, y, count }) => [x, y, count])])).toEqual([
    [
      "federated",
      [
        [0.15, 0.1, 30],
        [0.8, 0.7, 10],
      ],
    ],
    [
      "base",
      [
        [0.15, 0.1, 30],
        [0.8, 0.7, 10],
      ],
    ],
  ]);
});

it("a sum of an earlier version has no decision curve, and treating everybody is one curve of all models' thresholds", () => {
  expect(decisionCurves(figures).map(({ arm }) => arm)).toEqual(["federated"]);
  expect(everybodyCurve({ ...figures, alone: metrics(0.125, 0.2) })).toEqual([
    { x: 0.125, y: expect.closeTo(0.25 - 0.75 / 7, 12), count: null },
    { x: 0.25, y: 0, count: null },
  ]);
});

it("the file holds every point", () => {
  expect(probabilityCsv(figures)).toBe(
    [
      "curve,model,probability,value,rows",
      "calibration,federated,0.15,0.1,30",
      "calibration,federated,0.8,0.7,10",
      "calibration,base,0.15,0.1,30",
      "calibration,base,0.8,0.7,10",
      "net_benefit,federated,0.25,0.125,",
      "net_benefit,everybody,0.25,0,",
      "",
    ].join("\n"),
  );
});
