/** PyTorch files in both forms, written here byte by byte, and what hostile ones would like to do. */
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { knownArchitecture } from "../../architectures/known.ts";
import { readTorch } from "./checkpoint.ts";
import { readPickle } from "./pickle.ts";

/** Instructions of protocol 2, as `pickle.dumps` writes them. */
const op = {
  proto: [0x80, 2],
  stop: [0x2e],
  mark: [0x28],
  tuple: [0x74],
  dict: [0x7d],
  none: [0x4e],
  no: [0x89],
  emptyTuple: [0x29],
  reduce: [0x52],
  persistent: [0x51],
  items: [0x75],
  global: (name: string) => [0x63, ...Buffer.from(`${name}\n`)],
  text: (value: string) => [0x58, value.length, 0, 0, 0, ...Buffer.from(value)],
  int: (value: number) => [0x4d, value & 255, value >> 8],
};

const tensor = (key: string, storage: string, length: number, offset: number, shape: readonly number[], strides: readonly number[]) => [
  ...op.global("torch._utils\n_rebuild_tensor_v2"),
  ...op.mark,
  ...op.mark,
  ...op.text("storage"),
  ...op.global(`torch\n${storage}Storage`),
  ...op.text(key),
  ...op.text("cpu"),
  ...op.int(length),
  ...op.tuple,
  ...op.persistent,
  ...op.int(offset),
  ...op.mark,
  ...shape.flatMap(op.int),
  ...op.tuple,
  ...op.mark,
  ...strides.flatMap(op.int),
  ...op.tuple,
  ...op.no,
  ...op.global("collections\nOrderedDict"),
  ...op.emptyTuple,
  ...op.reduce,
  ...op.tuple,
  ...op.reduce,
];

const ordered = (items: readonly number[]) => [
  ...op.proto,
  ...op.global("collections\nOrderedDict"),
  ...op.emptyTuple,
  ...op.reduce,
  ...op.mark,
  ...items,
  ...op.items,
  ...op.stop,
];

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const NUMBERS = [1, 2, 3, 4, 5, 6];
const STATE = ordered([
  ...op.text("a.weight"),
  ...tensor("7", "Float", 6, 0, [2, 3], [3, 1]),
  ...op.text("a.turned"),
  ...tensor("7", "Float", 6, 0, [3, 2], [1, 3]),
  ...op.text("a.part"),
  ...tensor("7", "Float", 6, 2, [2], [1]),
  ...op.text("b.half"),
  ...tensor("8", "Half", 4, 0, [4], [1]),
  ...op.text("b.num_batches_tracked"),
  ...tensor("9", "Long", 1, 0, [1], [1]),
]);
const HALVES = Uint8Array.from(Buffer.from([0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0x00, 0x7c]));
const LONG = new Uint8Array(8);

const zipped = (state: readonly number[]): Uint8Array =>
  zipSync({ "m/data.pkl": Uint8Array.from(state), "m/data/7": floats(...NUMBERS), "m/data/8": HALVES, "m/data/9": LONG }, { level: 0 });

function old(state: readonly number[]): Uint8Array {
  const count = (length: number) => Buffer.from(BigUint64Array.of(BigInt(length)).buffer);
  return Buffer.concat([
    Buffer.from([0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]),
    Buffer.from([...op.proto, ...op.int(1001), ...op.stop]),
    Buffer.from([...op.proto, ...op.dict, ...op.stop]),
    Buffer.from(state),
    Buffer.from([...op.proto, ...op.mark, ...op.text("7"), ...op.text("8"), ...op.text("9"), ...op.tuple, ...op.stop]),
    count(6),
    floats(...NUMBERS),
    count(4),
    HALVES,
    count(1),
    LONG,
  ]);
}

describe.each([
  ["zip", zipped],
  ["older", old],
] as const)("a PyTorch file of the %s form", (_form, file) => {
  it("[B7] gives its tensors by name, row-major, whatever their strides and type; counters are left out", () => {
    const tensors = readTorch(file(STATE));
    expect([...tensors.keys()]).toEqual(["a.weight", "a.turned", "a.part", "b.half"]);
    expect(tensors.get("a.weight")).toEqual({ shape: [2, 3], values: Float32Array.from(NUMBERS) });
    expect(tensors.get("a.turned")).toEqual({ shape: [3, 2], values: Float32Array.of(1, 4, 2, 5, 3, 6) });
    expect(tensors.get("a.part")).toEqual({ shape: [2], values: Float32Array.of(3, 4) });
    expect(tensors.get("b.half")?.values).toEqual(Float32Array.of(1, -2, 2 ** -24, Number.POSITIVE_INFINITY));
  });

  it.each<[string, readonly number[], string]>([
    ["a shell", ordered([...op.text("x"), ...op.global("posix\nsystem"), ...op.text("id"), ...op.tuple]), 'asks Python for "posix system"'],
    ["eval", ordered([...op.text("x"), ...op.global("builtins\neval"), ...op.none]), 'asks Python for "builtins eval"'],
    ["a storage of its own", ordered([...op.text("x"), ...tensor("7", "Evil", 6, 0, [2], [1])]), 'asks Python for "torch EvilStorage"'],
    ["a call of no name", ordered([...op.text("x"), ...op.none, ...op.emptyTuple, ...op.reduce]), "would have Python run"],
    ["instructions that no state dict has", ordered([0x81]), "the instruction 0x81"],
  ])("[B8] with %s is refused and nothing is run", (_what, state, text) => {
    expect(() => readTorch(file(state))).toThrow(text);
  });

  it("[B8] cut off anywhere is refused", () => {
    const whole = file(STATE);
    for (let length = 0; length < whole.length; length += 3) expect(() => readTorch(whole.subarray(0, length))).toThrow(/PyTorch file/);
  });
});

it.each<[string, readonly number[], string]>([
  ["a tensor beyond its storage", ordered([...op.text("x"), ...tensor("7", "Float", 6, 5, [2], [1])]), "beyond its storage"],
  [
    "a tensor that lies on itself a million times",
    ordered([...op.text("x"), ...tensor("7", "Float", 6, 0, [1000, 1000], [0, 0])]),
    "beyond its storage",
  ],
  ["no tensors", ordered([]), "it holds no tensors"],
])("[B8] a PyTorch file with %s is refused", (_what, state, text) => {
  expect(() => readTorch(zipped(state))).toThrow(text);
});

it("[B8] a pickle that never ends is refused", () => {
  expect(() => readPickle(new Uint8Array(11_000_000).fill(0x4e))).toThrow("never ends");
});

it("[B3] weights of another architecture than was said are refused by the first tensor that does not fit", () => {
  const tensors = readTorch(zipped(STATE));
  expect(() => knownArchitecture("efficientnet_lite0", tensors, 96)).toThrow('no tensor "_conv_stem.weight" or "conv_stem.weight"');
  expect(() => knownArchitecture("lenet", tensors, 96)).toThrow("There are: efficientnet_lite0");
  expect(() => knownArchitecture("efficientnet_lite0", tensors, 9)).toThrow("--size");
});
