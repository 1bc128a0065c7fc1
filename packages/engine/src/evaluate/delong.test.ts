import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomFrom } from "../base/random.ts";
import { aurocDifference } from "./delong.ts";
import { releaseDifferences } from "./site-metrics.ts";

interface Case {
  readonly first: readonly number[];
  readonly second: readonly number[];
  readonly y: readonly number[];
  readonly patients: readonly number[];
}

const above = (yes: number, no: number): number => (yes > no ? 1 : yes === no ? 0.5 : 0);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Obuchowski's variances and covariance of both areas, each over every pair of a yes and a no; for one sample each those of DeLong. */
function byPairs({ first, second, y, patients }: Case): { readonly value: number; readonly variance: number } {
  const rows = [...y.keys()];
  const [yes, no] = [1, 0].map((label) => rows.filter((row) => y[row] === label)) as [number[], number[]];
  const of = (scores: readonly number[]) => {
    const ofYes = new Map(yes.map((a) => [a, sum(no.map((b) => above(scores[a] as number, scores[b] as number))) / no.length]));
    const ofNo = new Map(no.map((b) => [b, sum(yes.map((a) => above(scores[a] as number, scores[b] as number))) / yes.length]));
    const area = sum([...ofYes.values()]) / yes.length;
    return { area, ofYes, ofNo };
  };
  const people = [...new Set(patients)];
  const off = (values: ReadonlyMap<number, number>, area: number, person: number): number =>
    sum([...values].filter(([row]) => patients[row] === person).map(([, value]) => value - area));
  const clusters = (some: readonly number[]): number => new Set(some.map((row) => patients[row])).size;
  const unbiased = (count: number): number => count / (count - 1);
  const covariance = (one: ReturnType<typeof of>, other: ReturnType<typeof of>): number => {
    const s10 =
      (unbiased(clusters(yes)) * sum(people.map((p) => off(one.ofYes, one.area, p) * off(other.ofYes, other.area, p)))) / yes.length;
    const s01 = (unbiased(clusters(no)) * sum(people.map((p) => off(one.ofNo, one.area, p) * off(other.ofNo, other.area, p)))) / no.length;
    const cross = (a: ReturnType<typeof of>, b: ReturnType<typeof of>): number =>
      unbiased(people.length) * sum(people.map((p) => off(a.ofYes, a.area, p) * off(b.ofNo, b.area, p)));
    return s10 / yes.length + s01 / no.length + (cross(one, other) + cross(other, one)) / (yes.length * no.length);
  };
  const [one, other] = [of(first), of(second)];
  return { value: one.area - other.area, variance: covariance(one, one) + covariance(other, other) - 2 * covariance(one, other) };
}

/** Scores in tenths, so that many are equal. */
function drawn(seed: number, rows: number, people: number): Case {
  const random = randomFrom(["delong", seed]);
  const y = Array.from({ length: rows }, (_, row) => (row < 4 ? row % 2 : random.below(2)));
  const score = (row: number, pull: number): number => Math.min(10, random.below(9) + pull * (y[row] as number)) / 10;
  const patients = y.map((_, row) => (row < 4 ? row % people : random.below(people)));
  return { first: y.map((_, row) => score(row, 3)), second: y.map((_, row) => score(row, 1)), y, patients };
}

describe("[M10] two areas under the ROC curve", () => {
  it("differ as every pair of a yes and a no says, with ties and with several samples of a patient", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 8, max: 40 }),
        fc.integer({ min: 4, max: 40 }),
        (seed, rows, people) => {
          const drawing = drawn(seed, rows, people);
          const [found, expected] = [aurocDifference(drawing), byPairs(drawing)];
          expect(found?.value).toBeCloseTo(expected.value, 12);
          const half = 1.959963984540054 * Math.sqrt(Math.max(0, expected.variance));
          expect((found?.high ?? 0) - (found?.low ?? 0)).toBeCloseTo(2 * half, 6);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("do not become surer by samples that repeat their patient's", () => {
    const once = drawn(7, 30, 30);
    const single = { ...once, patients: [...once.y.keys()] };
    const twice = Object.fromEntries(Object.entries(single).map(([name, values]) => [name, [...values, ...values]])) as unknown as Case;
    const [one, two] = [aurocDifference(single), aurocDifference(twice)];
    expect(two?.value).toBeCloseTo(one?.value ?? Number.NaN, 12);
    expect(two?.high).toBeCloseTo(one?.high ?? Number.NaN, 12);
  });

  it("are not compared with one patient of a class", () => {
    expect(aurocDifference({ first: [0.9, 0.1, 0.2], second: [0.1, 0.9, 0.2], y: [1, 0, 0], patients: [0, 1, 2] })).toBeNull();
  });

  it("differ by nothing, for certain, where the two models say the same", () => {
    const { first, y, patients } = drawn(3, 20, 20);
    expect(aurocDifference({ first, second: first, y, patients })).toEqual({ value: 0, low: 0, high: 0 });
  });

  it("stand beside resampled differences of the other figures of a yes/no label", () => {
    const { first, second, y, patients } = drawn(11, 60, 60);
    const label = { column: "sick", title: "Sick", positive: ["1"], negative: ["0"] } as never;
    const judged = (predictions: readonly number[]) => ({ predicted: { label, predictions, y, patients: patients.map((_, row) => row) } });
    const differences = releaseDifferences(judged(first), judged(second), ["auroc", "brier"]);
    expect(differences.auroc).toEqual(aurocDifference({ first, second, y, patients: [...y.keys()] }));
    expect(differences.brier?.low).toBeLessThan(differences.brier?.high ?? Number.NaN);
  });
});
