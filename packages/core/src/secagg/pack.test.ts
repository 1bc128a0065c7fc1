import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyMask } from "../crypto/mask.ts";
import { addSlice, layoutWords, pack, packedWords, slicesOf, type Layout } from "./pack.ts";

const LAYOUT: Layout = { front: 1, narrow: 24, back: 4 };

const layout = fc.record({
  front: fc.integer({ min: 0, max: 20 }),
  narrow: fc.integer({ min: 0, max: 12 }).map((groups) => 8 * groups),
  back: fc.integer({ min: 0, max: 20 }),
});
const vectorOf = ({ front, narrow, back }: Layout) => {
  const length = front + narrow + back;
  return fc.uint32Array({ minLength: length, maxLength: length });
};

/** All bits, lowest first, as one string: 32 of a whole word, 20 of a narrow one. */
function bitsOf({ front, narrow }: Layout, vector: Uint32Array): string {
  const bits = (word: number, count: number): string => word.toString(2).padStart(32, "0").slice(-count).split("").toReversed().join("");
  return [...vector].map((word, i) => bits(word, i >= front && i < front + narrow ? 20 : 32)).join("");
}

const sumOf = (shape: Layout, packed: readonly Uint32Array[], most: number): Uint32Array => {
  const sum = new Uint32Array(layoutWords(shape));
  for (const one of packed)
    for (const slice of slicesOf(shape, most)) addSlice(sum, slice, one.slice(slice.from, slice.from + slice.words));
  return sum;
};

describe("a packed vector", () => {
  it("[N5] is the low 20 bits of each narrow word and all of the others, the lowest first, without a gap", () => {
    fc.assert(
      fc.property(
        layout.chain((shape) => fc.tuple(fc.constant(shape), vectorOf(shape))),
        ([shape, vector]) => {
          const packed = pack(shape, vector);
          expect(packed.length).toBe(packedWords(shape));
          expect(bitsOf({ front: packed.length, narrow: 0, back: 0 }, packed)).toBe(bitsOf(shape, vector));
        },
      ),
    );
  });

  it("[N5] of many values has five eighths of the bytes", () => {
    expect(packedWords({ front: 1, narrow: 1_000_000, back: 200 }) / 1_000_000).toBeCloseTo(0.625, 3);
  });

  it("[N5] is added slice by slice, wherever it is cut, to the sum mod 2^20 of narrow words and mod 2^32 of whole ones", () => {
    const some = layout.chain((shape) =>
      fc.tuple(fc.constant(shape), fc.array(vectorOf(shape), { minLength: 1, maxLength: 5 }), fc.integer({ min: 5, max: 70 })),
    );
    fc.assert(
      fc.property(some, ([shape, vectors, most]) => {
        const sum = sumOf(
          shape,
          vectors.map((one) => pack(shape, one)),
          most,
        );
        const plain = Uint32Array.from(sum, (_, i) => {
          const narrow = i >= shape.front && i < shape.front + shape.narrow;
          return Number(vectors.reduce((so, one) => so + BigInt(one[i] as number), 0n) % (narrow ? 2n ** 20n : 2n ** 32n));
        });
        expect(pack(shape, sum)).toEqual(pack(shape, plain));
        expect(bitsOf(shape, sum)).toBe(bitsOf(shape, plain));
      }),
    );
  });

  it("[N5] loses its masks to the last bit though only the low bits of a narrow word travelled", () => {
    fc.assert(
      fc.property(vectorOf(LAYOUT), vectorOf(LAYOUT), fc.uint8Array({ minLength: 32, maxLength: 32 }), (one, other, key) => {
        const [first, second] = [one.slice(), other.slice()];
        applyMask(first, key, 1);
        applyMask(second, key, -1);
        const sum = sumOf(LAYOUT, [pack(LAYOUT, first), pack(LAYOUT, second)], 7);
        const plain = sumOf(LAYOUT, [pack(LAYOUT, one), pack(LAYOUT, other)], 1000);
        expect(pack(LAYOUT, sum)).toEqual(pack(LAYOUT, plain));
      }),
    );
  });

  it("has its layout, or is a bug", () => {
    expect(() => pack(LAYOUT, new Uint32Array(28))).toThrow("another layout");
    expect(() => pack({ front: 0, narrow: 9, back: 0 }, new Uint32Array(9))).toThrow("another layout");
    const [slice] = [...slicesOf(LAYOUT, 10)];
    expect(() => addSlice(new Uint32Array(29), slice ?? { from: 0, words: 1, into: 0, narrow: false }, new Uint32Array(2))).toThrow(
      "length",
    );
    expect(() => [...slicesOf(LAYOUT, 4)]).toThrow("too small");
  });
});
