import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRefusal } from "../base/errors.ts";
import { statisticsLength, type Analytic } from "../models/analytic.ts";
import { solveInPlace } from "./cholesky.ts";
import { nextHead } from "./head.ts";
import { readStatistics, statisticsOf, statisticsTotals, type HeadSamples, type Moments, type Statistics } from "./statistics.ts";

interface Reference {
  readonly penalty: number;
  readonly weights: readonly number[];
  readonly intercept: number;
}

interface Case {
  readonly name: string;
  readonly width: number;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly ridge: readonly Reference[];
  readonly newton: readonly Reference[];
}

/** What scikit-learn finds with all patients in one place (test/vectors/analytic.py). */
const cases = JSON.parse(readFileSync(new URL("../../../../test/vectors/analytic.json", import.meta.url), "utf8")) as readonly Case[];

const CAP = 100_000;
const SITES = 10;

const settings = (method: Analytic["method"], penalty: number, rounds = 1): Analytic => ({ method, rounds, penalty, bound: 32 });

const samplesOf = ({ width, x, y }: Pick<Case, "width" | "x" | "y">): HeadSamples => ({
  rows: y.length,
  width,
  x: Float32Array.from(x),
  y: Float32Array.from(y),
});

/** The samples at each site; sites without any are left out. */
function split({ rows, width, x, y }: HeadSamples, siteOf: (row: number) => number): readonly HeadSamples[] {
  const sites = new Map<number, number[]>();
  for (let row = 0; row < rows; row++) sites.set(siteOf(row), [...(sites.get(siteOf(row)) ?? []), row]);
  return [...sites.values()].map((mine) => ({
    rows: mine.length,
    width,
    x: Float32Array.from(mine.flatMap((row) => Array.from(x.slice(row * width, (row + 1) * width)))),
    y: Float32Array.from(mine, (row) => y[row] as number),
  }));
}

/** One round over these sites, through the whole numbers that are summed under the masks. */
function opened(sites: readonly HeadSamples[], head: Float32Array, analytic: Analytic, moments?: Moments): Statistics {
  const each = sites.map((site) =>
    statisticsTotals(statisticsOf(site, head, analytic.bound), analytic, { sites: SITES, cap: CAP, moments: moments === undefined }),
  );
  const total = Array.from({ length: each[0]?.length ?? 0 }, (_, at) => each.reduce((sum, totals) => sum + (totals[at] as number), 0));
  const read = readStatistics(total, head.length - 1, analytic, { sites: SITES, cap: CAP, count: sites.length, moments });
  if (isRefusal(read)) throw new Error(read.text);
  return read.value;
}

function solved(sites: readonly HeadSamples[], analytic: Analytic): Float32Array {
  let head: Float32Array = new Float32Array((sites[0]?.width ?? 0) + 1);
  let moments: Moments | undefined;
  for (let round = 0; round < analytic.rounds; round++) {
    const statistics = opened(sites, head, analytic, moments);
    moments ??= statistics;
    const next = nextHead(statistics, head, analytic);
    if (isRefusal(next)) throw new Error(next.text);
    head = next.value;
  }
  return head;
}

/** Largest difference of a weight, in units of its input's standard deviation, and of the logits' mean. */
function apart({ rows, width, x }: HeadSamples, head: Float32Array, { weights, intercept }: Reference): number {
  let most = 0;
  let mean = (head[width] as number) - intercept;
  for (let i = 0; i < width; i++) {
    const column = Array.from({ length: rows }, (_, row) => x[row * width + i] as number);
    const centre = column.reduce((sum, value) => sum + value, 0) / rows;
    const sd = Math.sqrt(column.reduce((sum, value) => sum + (value - centre) ** 2, 0) / rows);
    const off = (head[i] as number) - (weights[i] as number);
    most = Math.max(most, Math.abs(off * sd));
    mean += off * centre;
  }
  return Math.max(most, Math.abs(mean));
}

describe("[Q1] the head of a sum", () => {
  it.each(cases)("is scikit-learn's ridge head of all patients, to 1e-4, whatever the split: $name", (given) => {
    const samples = samplesOf(given);
    for (const reference of given.ridge) {
      fc.assert(
        fc.property(fc.array(fc.nat(SITES - 1), { minLength: samples.rows, maxLength: samples.rows }), (at) => {
          const head = solved(
            split(samples, (row) => at[row] as number),
            settings("ridge", reference.penalty),
          );
          expect(apart(samples, head, reference)).toBeLessThan(1e-4);
        }),
        { numRuns: 15 },
      );
    }
  });

  it.each(cases)("is scikit-learn's logistic regression of all patients, to 1e-3, after seven rounds: $name", (given) => {
    const samples = samplesOf(given);
    for (const reference of given.newton) {
      fc.assert(
        fc.property(fc.array(fc.nat(SITES - 1), { minLength: samples.rows, maxLength: samples.rows }), (at) => {
          const head = solved(
            split(samples, (row) => at[row] as number),
            settings("newton", reference.penalty, 7),
          );
          expect(apart(samples, head, reference)).toBeLessThan(1e-3);
        }),
        { numRuns: 8 },
      );
    }
  });

  it("comes out the same where every site has one class only", () => {
    const given = cases[0] as Case;
    const samples = samplesOf(given);
    const [reference] = given.newton as [Reference];
    const head = solved(
      split(samples, (row) => samples.y[row] as number),
      settings("newton", reference.penalty, 7),
    );
    expect(apart(samples, head, reference)).toBeLessThan(1e-3);
  });

  it("stays finite where there is one class in all", () => {
    const samples = samplesOf({ ...(cases[0] as Case), y: (cases[0] as Case).y.map(() => 1) });
    expect([...solved([samples], settings("newton", 1, 12))].every(Number.isFinite)).toBe(true);
  });

  it("leaves out an input that is the same for all patients of the federation, not of one site", () => {
    const samples = samplesOf(cases[2] as Case);
    expect(solved([samples], settings("ridge", 1))[2]).toBe(0);
    const other: HeadSamples = { ...samples, x: samples.x.map((value, at) => (at % 4 === 2 ? 5 : value)) };
    expect(solved([samples, other], settings("ridge", 1))[2]).not.toBe(0);
  });
});

describe("[Q2] what a site sums", () => {
  const given = samplesOf(cases[0] as Case);
  const analytic = settings("newton", 1);
  const zero = new Float32Array(given.width + 1);

  it("counts an input beyond the bound as the bound, and refuses one that is no number", () => {
    const far = { ...given, x: given.x.map((value, at) => (at === 7 ? 1e30 : value)) };
    const near = { ...given, x: given.x.map((value, at) => (at === 7 ? 32 : value)) };
    expect(statisticsOf(far, zero, 32)).toEqual(statisticsOf(near, zero, 32));
    expect(() => statisticsOf({ ...given, x: given.x.map(() => Number.NaN) }, zero, 32)).toThrow(
      expect.objectContaining({ code: "not-finite" }),
    );
  });

  it("is not sent by a site without samples, or with more than the plan's cap", () => {
    const refused = expect.objectContaining({ code: "count-out-of-range" });
    expect(() => statisticsTotals(statisticsOf(given, zero, 32), analytic, { sites: SITES, cap: given.rows - 1, moments: true })).toThrow(
      refused,
    );
    expect(() =>
      statisticsTotals(statisticsOf({ ...given, rows: 0 }, zero, 32), analytic, { sites: SITES, cap: CAP, moments: true }),
    ).toThrow(refused);
  });

  it("stays exact at the cap and the bound of all sites together", () => {
    for (const [bound, cap] of [
      [0.5, 10],
      [32, 100_000],
      [1000, 1000],
    ] as const) {
      const most = { ...analytic, bound };
      const totals = statisticsTotals(
        {
          ...statisticsOf({ rows: 1, width: 1, x: Float32Array.of(bound), y: Float32Array.of(0) }, new Float32Array(2), bound),
          samples: cap,
        },
        most,
        { sites: SITES, cap, moments: true },
      );
      // One sample's part times the cap and the sites is the largest sum there is.
      expect(totals.slice(1).every((total) => Number.isSafeInteger(Math.ceil(total * cap * SITES)))).toBe(true);
    }
  });

  it("is refused by whoever opens the sum where no samples can have given it", () => {
    const totals = statisticsTotals(statisticsOf(given, zero, 32), analytic, { sites: SITES, cap: CAP, moments: true });
    const of = { sites: SITES, cap: CAP, count: 1 };
    expect(totals).toHaveLength(statisticsLength(given.width));
    expect(readStatistics(totals, given.width, analytic, of)).toMatchObject({ ok: true });
    const refused = { ok: false, code: "sum-out-of-range" };
    expect(readStatistics(totals.slice(1), given.width, analytic, of)).toMatchObject(refused);
    expect(readStatistics(totals.with(0, 0), given.width, analytic, of)).toMatchObject(refused);
    expect(readStatistics(totals.with(0, CAP + 1), given.width, analytic, of)).toMatchObject(refused);
    for (let at = 1; at < totals.length; at++) {
      expect([at, readStatistics(totals.with(at, 2 ** 52), given.width, analytic, of)]).toMatchObject([at, refused]);
      expect([at, readStatistics(totals.with(at, -(2 ** 52)), given.width, analytic, of)]).toMatchObject([at, refused]);
    }
  });

  it("holds no count and no moments but in the first round, and is refused where it does", () => {
    const of = { sites: SITES, cap: CAP, count: 1 };
    const later = statisticsTotals(statisticsOf(given, zero, 32), analytic, { ...of, moments: false });
    expect(later.slice(0, 1 + 2 * given.width).every((total) => total === 0)).toBe(true);
    const moments = statisticsOf(given, zero, 32);
    expect(readStatistics(later, given.width, analytic, of)).toMatchObject({ ok: false });
    expect(readStatistics(later, given.width, analytic, { ...of, moments })).toMatchObject({ ok: true, value: { samples: given.rows } });
    expect(readStatistics(later.with(3, 1), given.width, analytic, { ...of, moments })).toMatchObject({ ok: false });
    expect(readStatistics(later.with(later.length - 1, -(2 ** 52)), given.width, analytic, { ...of, moments })).toMatchObject({
      ok: false,
    });
  });

  it("that belongs to no likelihood gives no head", () => {
    const statistics = statisticsOf(given, zero, 32);
    const curvature = statistics.curvature.map((value, at) => (at === 1 ? 1e6 : value));
    expect(nextHead({ ...statistics, curvature }, zero, analytic)).toMatchObject({ ok: false, code: "sum-out-of-range" });
  });
});

describe("the solver", () => {
  it("solves symmetric positive definite systems, and says where one is not", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.infiniteStream(fc.double({ min: -3, max: 3, noNaN: true })), (size, numbers) => {
        const next = (): number => numbers.next().value as number;
        const root = Array.from({ length: size }, () => Array.from({ length: size }, next));
        const dot = (a: readonly number[], b: readonly number[]): number =>
          a.reduce((sum, value, at) => sum + value * (b[at] as number), 0);
        const matrix = root.map((a, i) => root.map((b, j) => dot(a, b) + (i === j ? 1 : 0)));
        const x = Array.from({ length: size }, next);
        const b = Float64Array.from(matrix, (line) => dot(line, x));
        const lower = Float64Array.from(matrix.flatMap((line, i) => line.slice(0, i + 1)));
        expect(solveInPlace(lower, b)).toBe(true);
        for (let i = 0; i < size; i++) expect(b[i]).toBeCloseTo(x[i] as number, 6);
      }),
    );
    expect(solveInPlace(Float64Array.of(1, 2, 1), Float64Array.of(1, 1))).toBe(false);
    expect(solveInPlace(Float64Array.of(Number.NaN), Float64Array.of(1))).toBe(false);
  });
});
