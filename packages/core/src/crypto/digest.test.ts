import { expect, it } from "vitest";
import { digestOf, sha256 } from "./digest.ts";

it("digests exact bytes, and values by their canonical JSON", () => {
  // FIPS 180-2, appendix B.1.
  expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(digestOf({ b: [1, 2], a: null })).toBe(sha256('{"a":null,"b":[1,2]}'));
});
