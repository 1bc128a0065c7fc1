import fc from "fast-check";
import { expect, it } from "vitest";
import type { Digest } from "../base/ids.ts";
import { sha256 } from "./digest.ts";
import { isInTree, packPath, treePaths, treeRoot, unpackPath } from "./merkle.ts";

it("[K6] every leaf is found at its own place alone, and no other leaf anywhere", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 255 }), { minLength: 2, maxLength: 12 }), fc.nat(), fc.nat(), (values, a, b) => {
      const leaves = values.map((one) => Uint8Array.of(one));
      const [root, paths] = [treeRoot(leaves), treePaths(leaves)];
      const [place, other] = [a % leaves.length, b % leaves.length];
      const path = paths[place] ?? [];
      expect(isInTree(root, leaves.length, place, leaves[place] as Uint8Array, path)).toBe(true);
      expect(isInTree(root, leaves.length, other, leaves[place] as Uint8Array, path)).toBe(other === place);
      expect(isInTree(root, leaves.length, place, leaves[other] as Uint8Array, path)).toBe(other === place);
      expect(isInTree(root, leaves.length, place, leaves[place] as Uint8Array, path.slice(1))).toBe(false);
      expect(isInTree(root, leaves.length, leaves.length, leaves[place] as Uint8Array, path)).toBe(false);
    }),
  );
});

it("a path travels as one text, and what is no whole number of digests is no path", () => {
  const paths: readonly (readonly Digest[])[] = [[], [sha256("a")], [sha256("a"), sha256("b"), sha256("c")]];
  for (const path of paths) {
    const text = packPath(path);
    expect(unpackPath(text)).toEqual(path);
    expect(unpackPath(`${text}AA`)).toEqual([]);
    expect(text.length).toBe(Math.ceil((path.length * 32 * 4) / 3));
  }
  for (const text of ["=", "A", `${"A".repeat(42)}B`]) expect(unpackPath(text)).toEqual([]);
});
