import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRefusal } from "../base/errors.ts";
import type { PublicKey, SiteName } from "../base/ids.ts";
import { directoryWords, makeDirectory, pinnedKey, type Directory, type DirectorySite } from "./directory.ts";
import { numbersOf } from "../models/directory-numbers.ts";
import { entriesOf } from "./federation.fixture.ts";

const made = (sites: readonly DirectorySite[], minCohort?: number): Directory => {
  const directory = makeDirectory(sites, minCohort);
  if (isRefusal(directory)) throw new Error(directory.text);
  return directory;
};

const with0 = (change: Partial<DirectorySite>): readonly DirectorySite[] =>
  entriesOf(5).map((one, at) => (at === 0 ? { ...one, ...change } : one));

describe("the numbers of a directory", () => {
  it("[K2] leave no room for two survivor sets or two sums, at every size", () => {
    for (let sites = 3; sites <= 100; sites++) {
      const { liars: c, threshold: t, minCohort } = numbersOf(sites);
      expect([2 * t > sites + c, c + 2 <= t, t <= sites, 2 * c < t, 2 * (t - c) > sites - c, minCohort === t]).toEqual(Array(6).fill(true));
    }
  });

  it.each([
    [3, 1, 3],
    [4, 1, 3],
    [5, 1, 4],
    [6, 1, 4],
    [7, 2, 5],
    [8, 2, 6],
    [9, 2, 6],
    [10, 3, 7],
    [20, 6, 14],
    [50, 16, 34],
  ])("[K2] for %i sites are c = %i and t = %i", (sites, liars, threshold) => {
    expect(numbersOf(sites)).toEqual({ sites, liars, threshold, minCohort: threshold });
    expect(numbersOf(sites, sites).minCohort).toBe(sites);
  });
});

describe("a directory", () => {
  it("is one whatever the order of its entries, and pins each site's key", () => {
    const directory = made(entriesOf(5));
    expect(made(entriesOf(5).toReversed())).toEqual(directory);
    expect(pinnedKey(directory, "hospital-b")).toBe(entriesOf(5)[1]?.publicKey);
    expect(pinnedKey(directory, "hospital-z")).toBeUndefined();
  });

  it("[K1] has 16 words that change with every field of every site", () => {
    const words = directoryWords(made(entriesOf(5))).join(" ");
    expect(words.split(" ")).toHaveLength(16);
    const others = [
      with0({ site: "hospital-x" as SiteName }),
      with0({ operator: "Another trust" }),
      with0({ publicKey: entriesOf(9)[8]?.publicKey as PublicKey }),
      with0({ withCoordinator: true }),
      entriesOf(4),
      entriesOf(6),
    ].map((sites) => directoryWords(made(sites)).join(" "));
    expect(new Set([words, ...others]).size).toBe(7);
  });

  it.each([
    ["one name twice", with0({ site: "hospital-b" as SiteName }), "same name"],
    ["one key twice", with0({ publicKey: entriesOf(5)[1]?.publicKey as PublicKey }), "same key"],
    ["one operator twice, differently written", with0({ operator: " TRUST 1 " }), "same operator"],
    ["a key of small order", with0({ publicKey: "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" as PublicKey }), "not a sound"],
    ["a name beyond ASCII", with0({ operator: "Universitätsspital" }), "plain ASCII"],
    ["two sites", entriesOf(2), "at least three"],
    ["more sites with the coordinator than may lie", entriesOf(5).map((one, at) => ({ ...one, withCoordinator: at < 2 })), "may lie"],
  ])("[K1] with %s is refused", (_what, sites, text) => {
    const answer = makeDirectory(sites);
    expect(answer).toMatchObject({ ok: false, code: "directory-wrong" });
    if (isRefusal(answer)) expect(answer.text).toContain(text);
  });

  it("[K2] is refused where the plan wants a larger sum than it can give", () => {
    expect(makeDirectory(entriesOf(5), 6)).toMatchObject({ code: "directory-wrong" });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), (minCohort) => {
        expect(made(entriesOf(5), minCohort).numbers.minCohort).toBe(Math.max(4, minCohort));
      }),
      { numRuns: 6 },
    );
  });
});
