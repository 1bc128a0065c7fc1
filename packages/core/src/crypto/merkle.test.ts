import fc from "fast-check";
import { expect, it } from "vitest";
import { isInTree, treePaths, treeRoot } from "./merkle.ts";

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
