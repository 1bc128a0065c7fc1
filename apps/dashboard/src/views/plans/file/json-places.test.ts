import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lineAndColumn, placeOf, readJson, type Places } from "./json-places.ts";

const places = (text: string): Places => {
  const read = readJson(text);
  if (!read.ok) throw new Error("it is JSON");
  return read.places;
};

describe("JSON with places", () => {
  it("reads whatever is JSON as JSON.parse does", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom(undefined, 2, "\t"), (text, blanks) => {
        const written = JSON.stringify(JSON.parse(text), null, blanks);
        expect(readJson(written)).toMatchObject({ ok: true, json: JSON.parse(text) });
      }),
    );
  });

  it("refuses what JSON.parse refuses, whatever is lost or put in", () => {
    const text = JSON.stringify({ a: [1, -2.5e3, "x\u00e9\n"], b: { c: null, d: true }, e: [] }, null, 1);
    const isJson = (one: string): boolean => {
      try {
        JSON.parse(one);
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(3), fc.constantFrom("", ",", "}", "]", '"', "0", "x", ":", "\u0001"), (at, gone, put) => {
        const changed = text.slice(0, at) + put + text.slice(at + gone);
        expect(readJson(changed).ok).toBe(isJson(changed));
      }),
      { numRuns: 2000 },
    );
  });

  it("says where each value stands, or what it is missing from", () => {
    const text = '{\n "a": {\n  "b": [1,\n   {"c": 2}]\n }\n}';
    const lineOf = (path: string): number => lineAndColumn(text, placeOf(places(text), path)).line;
    expect(["a", "a.b", "a.b.0", "a.b.1", "a.b.1.c", "a.x", "a.b.7", "nothing"].map(lineOf)).toEqual([2, 3, 3, 4, 4, 2, 3, 1]);
  });

  it("says where it stops to be JSON", () => {
    const text = '{\n  "a": 1,\n  "b": 01\n}';
    const read = readJson(text);
    expect(read.ok ? undefined : lineAndColumn(text, read.at)).toEqual({ line: 3, column: 9 });
  });

  it("names a key that stands twice, of which JSON.parse would take the last", () => {
    expect(places('{"a": {"b": 1, "b": 2}, "c": {"b": 1}}').twice).toEqual(["a.b"]);
  });
});
