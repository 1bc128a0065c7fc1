import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TensorSpec } from "./tensor-schemas.ts";
import { flatten, sizeOf, totalSize, trainableTensors, unflatten } from "./tensors.ts";

const spec = (name: string, shape: number[], depth = 0): TensorSpec => ({ name, shape, depth });
const specs = fc
  .array(fc.tuple(fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }), fc.nat(3)), { minLength: 1, maxLength: 6 })
  .map((list) => list.map(([shape, depth], index) => spec(`t${index}`, shape, depth)));

describe("the flat vector", () => {
  it("[B2] is the tensors one after the other, and back", () => {
    fc.assert(
      fc.property(specs, (list) => {
        const flat = Float32Array.from({ length: totalSize(list) }, (_, index) => index);
        const tensors = unflatten(list, flat);
        expect(flatten(list, tensors)).toEqual(flat);
        expect([...tensors.values()].map((values) => values.length)).toEqual(list.map(sizeOf));
      }),
    );
  });

  it("[B2] follows the order of the manifest, not of the map", () => {
    const list = [spec("b", [2]), spec("a", [1])];
    const tensors = new Map([
      ["a", Float32Array.of(3)],
      ["b", Float32Array.of(1, 2)],
    ]);
    expect(flatten(list, tensors)).toEqual(Float32Array.of(1, 2, 3));
  });

  it("is not made from tensors of another size", () => {
    expect(() => flatten([spec("a", [2])], new Map([["a", new Float32Array(3)]]))).toThrow(RangeError);
    expect(() => flatten([spec("a", [2])], new Map())).toThrow(RangeError);
    expect(() => unflatten([spec("a", [2])], new Float32Array(3))).toThrow(RangeError);
  });

  it("holds copies", () => {
    const flat = Float32Array.of(1);
    const tensors = unflatten([spec("a", [])], flat);
    flat[0] = 2;
    expect(tensors.get("a")).toEqual(Float32Array.of(1));
  });
});

describe("the trained part", () => {
  const layers = [spec("in", [1], 2), spec("mid", [1], 1), spec("head", [1], 0), spec("bias", [1], 0)];
  const names = (part: Parameters<typeof trainableTensors>[1]): readonly string[] =>
    trainableTensors(layers, part).map((tensor) => tensor.name);

  it("is counted from the head", () => {
    expect(names({ part: "head" })).toEqual(["head", "bias"]);
    expect(names({ part: "last-blocks", blocks: 1 })).toEqual(["mid", "head", "bias"]);
    expect(names({ part: "all" })).toEqual(["in", "mid", "head", "bias"]);
  });
});

it.each(["__metadata__", "__proto__", "", "a b", "a".repeat(121)])("a tensor may not be called %j", (name) => {
  expect(TensorSpec.safeParse(spec(name, [1])).success).toBe(false);
});
