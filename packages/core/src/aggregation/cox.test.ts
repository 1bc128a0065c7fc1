import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isRefusal } from "../base/errors.ts";
import type { Analytic } from "../models/analytic.ts";
import { coxStatistics, type SurvivalSamples } from "./cox.ts";
import { nextHead } from "./head.ts";
import { readStatistics, statisticsTotals } from "./statistics.ts";

interface Case {
  readonly name: string;
  readonly width: number;
  readonly x: readonly number[];
  readonly site: readonly number[];
  readonly time: readonly number[];
  readonly event: readonly number[];
  readonly weights: readonly number[];
}

/** What lifelines and statsmodels find with all patients in one place and a baseline for each site (test/vectors/cox.py). */
const cases = JSON.parse(readFileSync(new URL("../../../../test/vectors/cox.json", import.meta.url), "utf8")) as readonly Case[];
/** Those have no penalty. */
const analytic: Analytic = { method: "newton", rounds: 1, penalty: 1e-6, bound: 16 };
const SITES = 4;
const CAP = 1000;

const sitesOf = (given: Case): readonly SurvivalSamples[] =>
  [...new Set(given.site)].map((site) => {
    const rows = given.site.flatMap((at, row) => (at === site ? [row] : []));
    return {
      rows: rows.length,
      width: given.width,
      x: Float32Array.from(rows.flatMap((row) => given.x.slice(row * given.width, (row + 1) * given.width))),
      times: Float64Array.from(rows, (row) => given.time[row] as number),
      events: Uint8Array.from(rows, (row) => given.event[row] as number),
    };
  });

function solved(sites: readonly SurvivalSamples[], rounds: number, change: Partial<Analytic> = {}): Float32Array {
  const settings = { ...analytic, ...change };
  let head: Float32Array = new Float32Array((sites[0]?.width ?? 0) + 1);
  for (let round = 0; round < rounds; round++) {
    const each = sites.map((site) =>
      statisticsTotals(coxStatistics(site, head, settings.bound), settings, { sites: SITES, cap: CAP, moments: true }),
    );
    const total = Array.from({ length: each[0]?.length ?? 0 }, (_, at) => each.reduce((sum, totals) => sum + (totals[at] as number), 0));
    const of = { sites: SITES, cap: CAP, count: sites.length, of: "hazards" } as const;
    const read = readStatistics(total, head.length - 1, settings, of);
    if (isRefusal(read)) throw new Error(read.text);
    const next = nextHead(read.value, head, settings);
    if (isRefusal(next)) throw new Error(next.text);
    head = next.value;
  }
  return head;
}

describe("[Q1] hazards with a baseline at each site", () => {
  it.each(cases)("are those of all patients in one place, to 1e-3, after six rounds: $name", (given) => {
    const head = solved(sitesOf(given), 6);
    given.weights.forEach((weight, at) => expect(Math.abs((head[at] as number) - weight)).toBeLessThan(1e-3));
  });

  it("do not depend on the order of a site's patients, nor on how times are counted", () => {
    const sites = sitesOf(cases[1] as Case);
    const turned = sites.map(({ rows, width, x, times, events }) => ({
      rows,
      width,
      x: Float32Array.from(
        Array.from({ length: rows }, (_, at) => Array.from(x.slice((rows - 1 - at) * width, (rows - at) * width))).flat(),
      ),
      times: times.map((time) => time ** 3).reverse(),
      events: events.slice().reverse(),
    }));
    const [one, other] = [solved(sites, 4), solved(turned, 4)];
    one.forEach((weight, at) => expect(other[at]).toBeCloseTo(weight, 5));
  });

  it("are told nothing by a site without an event, and stay finite where one input parts who has events from who has none", () => {
    const [first, ...others] = sitesOf(cases[0] as Case) as [SurvivalSamples, ...SurvivalSamples[]];
    const quiet = { ...first, events: first.events.map(() => 0) };
    expect([...coxStatistics(quiet, new Float32Array(5), 16).gradient]).toEqual([0, 0, 0, 0, 0]);
    const parted = others.map((site) => ({
      ...site,
      events: Uint8Array.from(site.events, (_, at) => ((site.x[4 * at] as number) > 0 ? 1 : 0)),
    }));
    expect([...solved([quiet, ...parted], 8, { penalty: 1 })].every(Number.isFinite)).toBe(true);
  });

  it("are refused where an input or a time is no number", () => {
    const [site] = sitesOf(cases[0] as Case) as [SurvivalSamples];
    const refused = expect.objectContaining({ code: "not-finite" });
    expect(() => coxStatistics({ ...site, x: site.x.map(() => Number.NaN) }, new Float32Array(5), 16)).toThrow(refused);
    expect(() => coxStatistics({ ...site, times: site.times.map(() => Number.NaN) }, new Float32Array(5), 16)).toThrow(refused);
  });

  it("[Q2] are refused where a sum lies beyond what so many patients within the bound can give, in the first round and in later ones", () => {
    const sites = sitesOf(cases[0] as Case);
    const [rows, width] = [sites.reduce((sum, site) => sum + site.rows, 0), 4];
    const summed = (moments: boolean): number[] => {
      const each = sites.map((site) =>
        statisticsTotals(coxStatistics(site, new Float32Array(width + 1), 16), analytic, { sites: SITES, cap: CAP, moments }),
      );
      return (each[0] ?? []).map((_, at) => each.reduce((sum, totals) => sum + (totals[at] as number), 0));
    };
    const of = { sites: SITES, cap: CAP, count: sites.length, of: "hazards" } as const;
    const [first, later] = [summed(true), summed(false)];
    const read = readStatistics(first, width, analytic, of);
    expect(read).toMatchObject({ ok: true, value: { samples: rows } });
    if (isRefusal(read)) throw new Error(read.text);
    const { samples, sums, squares } = read.value;
    const withMoments = { ...of, moments: { samples, sums, squares } };
    expect(readStatistics(later, width, analytic, withMoments)).toMatchObject({ ok: true, value: { samples: rows } });
    for (let at = 1 + 2 * width; at < first.length; at++) {
      for (const value of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
        expect([at, readStatistics(first.with(at, value), width, analytic, of)]).toMatchObject([
          at,
          { ok: false, code: "sum-out-of-range" },
        ]);
        expect([at, readStatistics(later.with(at, value), width, analytic, withMoments)]).toMatchObject([at, { ok: false }]);
      }
    }
  });
});
