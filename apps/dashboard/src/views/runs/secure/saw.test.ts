import { describe, expect, it } from "vitest";
import { heldOf, sawOf, sawWords } from "./saw.ts";
import { NUMBERS, recordOf, SITES } from "./sums.fixture.ts";

const SURVIVORS = ["a", "b", "c"];

describe("whether a single update could be read", () => {
  it("is no where each site's shares are of one kind: with all in, and with one dropped out", () => {
    const all = sawOf(recordOf(SITES), NUMBERS);
    expect(all).toMatchObject({ readable: [], leastGroup: SITES });
    expect(all.conditions.every(({ holds }) => holds)).toBe(true);
    const record = recordOf(SURVIVORS, ["d"]);
    const without = sawOf(record, NUMBERS);
    expect(without).toMatchObject({ readable: [], leastGroup: SURVIVORS });
    expect(without.sites.find(({ site }) => site === "d")).toMatchObject({ vector: null, seedFrom: [], keyFrom: SURVIVORS });
    expect(sawWords(record, without)).toContain("all 3 sites together. d dropped out before");
  });

  it("is yes where enough shares of both kinds of a site in the sum were released", () => {
    const record = recordOf(SITES);
    const both = { ...record, released: record.released.map((one) => ({ ...one, keysFor: ["b"] })) };
    const saw = sawOf(both, NUMBERS);
    expect(saw.readable).toEqual(["b"]);
    expect(saw.sites.filter(({ readable }) => readable).map(({ site }) => site)).toEqual(["b"]);
    expect(saw.conditions.map(({ holds }) => holds)).toEqual([true, true, false]);
    expect(sawWords(both, saw)).toContain("take the masks off b");
    expect(heldOf([record, both], NUMBERS).readable).toEqual(["b"]);
  });

  it("is yes for the last site whose masks stand, where the mask keys of all others are out", () => {
    const record = recordOf(SURVIVORS);
    const saw = sawOf({ ...record, released: record.released.map((one) => ({ ...one, keysFor: ["a", "b"] })) }, NUMBERS);
    expect(saw.readable.toSorted()).toEqual(["a", "b", "c"]);
  });

  it("is no, but named, where shares of both kinds are fewer than rebuild a secret", () => {
    const record = recordOf(SITES);
    const [first, ...rest] = record.released;
    if (first === undefined) throw new Error("four released");
    const saw = sawOf({ ...record, released: [{ ...first, keysFor: ["b"] }, ...rest] }, NUMBERS);
    expect(saw.readable).toEqual([]);
    expect(saw.conditions[2]).toMatchObject({ holds: false, words: "shares of both kinds for b" });
  });

  it("takes the coordinator's own word where it says yes", () => {
    expect(sawOf({ ...recordOf(SITES), readable: ["c"] }, NUMBERS).readable).toEqual(["c"]);
  });

  it("shows a sum of too few sites, and a site without a masked vector", () => {
    const two = sawOf(recordOf(["a", "b"]), NUMBERS);
    expect(two.conditions.map(({ holds }) => holds)).toEqual([true, false, true]);
    const record = recordOf(SITES);
    const open = sawOf({ ...record, masked: record.masked.slice(1) }, NUMBERS);
    expect(open.conditions.map(({ holds }) => holds)).toEqual([false, true, true]);
  });
});

it("a run without a sum has nothing to say", () => {
  expect(heldOf([], NUMBERS)).toEqual({ records: [], sums: 0, readable: [] });
});
