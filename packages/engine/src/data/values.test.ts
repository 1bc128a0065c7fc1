import { expect, it } from "vitest";
import { canonicalCode, parseNumber } from "./values.ts";

it.each([
  ["1", ".", 1],
  ["-2.6", ".", -2.6],
  ["+.5", ".", 0.5],
  ["3.", ".", 3],
  ["1e3", ".", 1000],
  ["1,5", ",", 1.5],
  ["1.5", ",", undefined],
  ["1,5", ".", undefined],
  ["1.234,5", ",", undefined],
  ["1 234", ".", undefined],
  ["0x10", ".", undefined],
  ["Infinity", ".", undefined],
  ["1e999", ".", undefined],
  ["NaN", ".", undefined],
  ["", ".", undefined],
  ["-", ".", undefined],
  ["1,5,0", ",", undefined],
] as const)("%j with decimal mark %j is %j", (text, decimal, value) => expect(parseNumber(text, decimal)).toBe(value));

it.each([
  ["1.0", ".", "1"],
  ["01", ".", "1"],
  ["+1", ".", "1"],
  ["-0", ".", "0"],
  ["1,0", ",", "1"],
  ["1.5", ".", "1.5"],
  ["1,0", ".", "1,0"],
  ["1E5", ".", "1E5"],
  ["I25.1", ".", "I25.1"],
  ["Yes", ".", "Yes"],
  ["12345678901234567890", ".", "12345678901234567890"],
] as const)("the code %j with decimal mark %j is spelt %j", (text, decimal, spelling) =>
  expect(canonicalCode(text, decimal)).toBe(spelling),
);
