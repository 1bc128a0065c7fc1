import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, float32Bytes, toHex, utf8 } from "../base/bytes.ts";
import { EngraftError } from "../base/errors.ts";
import { headerBytes, parseHeader, readSafetensors, writeHeader, writeSafetensors } from "./safetensors.ts";
import { sizeOf, type TensorSpec } from "./tensors.ts";

function file(header: unknown, data: Uint8Array = new Uint8Array()): Uint8Array {
  const json = typeof header === "string" ? utf8(header) : utf8(JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.byteLength), true);
  return concat([length, json, data]);
}
const entry = (shape: readonly number[], from: number, to: number, dtype = "F32") => ({ dtype, shape, data_offsets: [from, to] });

const tensors = fc
  .uniqueArray(
    fc.tuple(fc.stringMatching(/^[A-Za-z0-9./-][A-Za-z0-9_./-]{0,19}$/), fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3 })),
    { maxLength: 6, selector: ([name]) => name },
  )
  .map((list): TensorSpec[] => list.map(([name, shape]) => ({ name, shape, depth: 0 })));

describe("safetensors", () => {
  it("[B1] reads back what it wrote, bit for bit, at any offset", () => {
    fc.assert(
      fc.property(
        tensors,
        fc.dictionary(fc.string(), fc.string(), { maxKeys: 3, noNullPrototype: true }),
        fc.infiniteStream(fc.float()),
        fc.nat(7),
        (specs, metadata, values, offset) => {
          const held = new Map(specs.map((spec) => [spec.name, Float32Array.from({ length: sizeOf(spec) }, () => values.next().value)]));
          const written = writeSafetensors(specs, held, metadata);
          const read = readSafetensors(concat([new Uint8Array(offset), written]).subarray(offset));
          expect(read.header.fileBytes).toBe(written.byteLength);
          expect(new Map(Object.entries(read.header.metadata))).toEqual(new Map(Object.entries(metadata)));
          expect(new Set(read.tensors.keys())).toEqual(new Set(held.keys()));
          for (const [name, tensor] of held)
            expect(toHex(float32Bytes(read.tensors.get(name) ?? new Float32Array()))).toBe(toHex(float32Bytes(tensor)));
        },
      ),
    );
  });

  it("[B1] keeps names that JavaScript treats specially", () => {
    const metadata = JSON.parse('{"__proto__":"a","constructor":"b"}') as Record<string, string>;
    const read = readSafetensors(
      writeSafetensors([{ name: "__proto__", shape: [1], depth: 0 }], new Map([["__proto__", Float32Array.of(3)]]), metadata),
    );
    expect(Object.entries(read.header.metadata)).toEqual(Object.entries(metadata));
    expect(read.tensors.get("__proto__")).toEqual(Float32Array.of(3));
  });

  it("writes the layout of the reference implementation", () => {
    const bytes = writeSafetensors([{ name: "a", shape: [2], depth: 0 }], new Map([["a", Float32Array.of(1, 2)]]));
    expect(new DataView(bytes.buffer).getBigUint64(0, true)).toBe(56n);
    expect(new TextDecoder().decode(bytes.subarray(8, 64))).toBe('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'.padEnd(56));
    expect(toHex(bytes.subarray(64))).toBe("0000803f00000040");
  });

  it("[B1] says how many bytes the header needs before it is read", () => {
    const header = writeHeader([{ name: "a", shape: [100], depth: 0 }]);
    expect(headerBytes(header.subarray(0, 8))).toBe(header.byteLength);
    expect(parseHeader(header).fileBytes).toBe(header.byteLength + 400);
  });

  it.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array()],
    ["a header longer than the file", Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0)],
    ["a header of 16 exabytes", new Uint8Array(8).fill(255)],
    ["no JSON", file("{")],
    ["broken UTF-8", concat([Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0), Uint8Array.of(0xff, 0xff)])],
    ["a list", file([])],
    ["null", file("null")],
    ["another type", file({ a: entry([1], 0, 2, "F16") }, new Uint8Array(2))],
    ["an unknown field", file({ a: { ...entry([1], 0, 4), more: 1 } }, new Uint8Array(4))],
    ["a shape that does not fit", file({ a: entry([3], 0, 8) }, new Uint8Array(8))],
    ["a negative dimension", file({ a: entry([-1], 0, 4) }, new Uint8Array(4))],
    [
      "a product beyond every number",
      file(
        {
          a: entry(
            Array.from({ length: 40 }, () => 2 ** 50),
            0,
            4,
          ),
        },
        new Uint8Array(4),
      ),
    ],
    ["a gap", file({ a: entry([1], 4, 8) }, new Uint8Array(8))],
    ["an overlap", file({ a: entry([2], 0, 8), b: entry([1], 4, 8) }, new Uint8Array(8))],
    ["reversed offsets", file({ a: entry([1], 4, 0) }, new Uint8Array(4))],
    ["trailing bytes", file({ a: entry([1], 0, 4) }, new Uint8Array(5))],
    ["missing data", file({ a: entry([2], 0, 8) }, new Uint8Array(4))],
    ["metadata that is not text", file({ __metadata__: { a: 1 } })],
  ])("[B1] refuses %s", (_what, bytes) => {
    expect(() => readSafetensors(bytes)).toThrow(EngraftError);
    expect(() => readSafetensors(bytes)).toThrow(/Not a usable safetensors file/);
  });

  it("is not written from tensors of another size", () => {
    expect(() => writeSafetensors([{ name: "a", shape: [2], depth: 0 }], new Map())).toThrow(RangeError);
  });
});
