/**
 * Tensors of a PyTorch file, in both of its forms: the zip archive of today, and the older one of five pickles followed by raw
 * storages. The pickles are read, never executed (pickle.ts).
 */
import { EngraftError } from "@engraft/core/base/errors";
import { unzipSync } from "fflate";
import { isArchive, isKeras } from "../archive.ts";
import type { NamedTensor } from "../named-tensors.ts";
import { readFloats, type FloatType } from "../numbers.ts";
import { PickledTensor, readPickle, type Pickled, type Storage } from "./pickle.ts";

const no = (what: string): EngraftError => new EngraftError("bad-input", `The PyTorch file cannot be used: ${what}.`);

/** First pickle of the older form: 0x1950a86a20f9469cfc6c as a little-endian LONG1. */
const OLD_MAGIC = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
const WIDTHS: Readonly<Record<string, number>> = {
  Float: 4,
  Half: 2,
  Double: 8,
  BFloat16: 2,
  Long: 8,
  Int: 4,
  Short: 2,
  Char: 1,
  Byte: 1,
  Bool: 1,
};
const NUMBERS: Readonly<Record<string, FloatType>> = { Float: "F32", Half: "F16", Double: "F64", BFloat16: "BF16" };

const isOldForm = (bytes: Uint8Array): boolean => OLD_MAGIC.every((byte, index) => bytes[index] === byte);

/** By the first bytes: the older form's number, or a zip archive that is not one of Keras. */
export const isTorch = (bytes: Uint8Array): boolean => isOldForm(bytes) || (isArchive(bytes) && !isKeras(bytes));

/** Every tensor of real numbers, by its name; counters are left out. Throws `bad-input`. */
export function readTorch(bytes: Uint8Array): ReadonlyMap<string, NamedTensor> {
  const { state, storages } = isOldForm(bytes) ? oldForm(bytes) : zipForm(bytes);
  const tensors = new Map<string, NamedTensor>();
  for (const [name, value] of stateDict(state)) {
    if (typeof name !== "string" || !(value instanceof PickledTensor)) continue;
    if (!Object.hasOwn(NUMBERS, value.storage.type)) continue;
    const storage = storages(value.storage);
    tensors.set(name, { shape: value.shape, values: gather(value, storage) });
  }
  if (tensors.size === 0) throw no("it holds no tensors");
  return tensors;
}

/** The state dict itself, or the one inside a checkpoint. */
function stateDict(value: Pickled): Map<Pickled, Pickled> {
  if (!(value instanceof Map)) throw no("it holds no state dict");
  for (const key of ["state_dict", "model_state_dict", "model"]) {
    const inner = value.get(key);
    if (inner instanceof Map) return inner;
  }
  return value;
}

interface Content {
  readonly state: Pickled;
  readonly storages: (storage: Storage) => Float32Array;
}

function zipForm(bytes: Uint8Array): Content {
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes);
  } catch (cause) {
    throw new EngraftError("bad-input", "This is no PyTorch file, or it is cut off.", { cause });
  }
  const pickle = Object.keys(files).find((name) => name.endsWith("/data.pkl") || name === "data.pkl");
  if (pickle === undefined) throw no("the archive holds no data.pkl");
  const folder = pickle.slice(0, -"data.pkl".length);
  return {
    state: readPickle(files[pickle] as Uint8Array).value,
    storages: (storage) => {
      const data = files[`${folder}data/${storage.key}`];
      if (data === undefined) throw no(`the numbers of storage ${storage.key} are missing`);
      return numbers(data, storage);
    },
  };
}

function oldForm(bytes: Uint8Array): Content {
  let { end } = readPickle(bytes);
  ({ end } = readPickle(bytes, end));
  ({ end } = readPickle(bytes, end));
  const state = readPickle(bytes, end);
  const keys = readPickle(bytes, state.end);
  if (!Array.isArray(keys.value)) throw no("the list of storages is missing");
  const types = new Map(storagesOf(state.value).map((storage) => [storage.key, storage]));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<string, Uint8Array>();
  let at = keys.end;
  for (const key of keys.value as readonly Pickled[]) {
    const storage = types.get(typeof key === "string" ? key : "");
    if (storage === undefined || at + 8 > bytes.byteLength) throw no("a storage is missing");
    const length = Number(view.getBigUint64(at, true)) * (WIDTHS[storage.type] ?? 1);
    if (at + 8 + length > bytes.byteLength) throw no("it is cut off");
    found.set(storage.key, bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return { state: state.value, storages: (storage) => numbers(found.get(storage.key) ?? new Uint8Array(), storage) };
}

const storagesOf = (value: Pickled): readonly Storage[] => {
  if (value instanceof PickledTensor) return [value.storage];
  if (value instanceof Map) return [...value.values()].flatMap(storagesOf);
  return Array.isArray(value) ? (value as readonly Pickled[]).flatMap(storagesOf) : [];
};

function numbers(data: Uint8Array, { type, length }: Storage): Float32Array {
  if (data.byteLength < length * (WIDTHS[type] ?? 1)) throw no("it is cut off");
  return readFloats(data, NUMBERS[type] as FloatType, length);
}

/** A tensor's values in row-major order, whatever its strides. */
function gather({ offset, shape, strides }: PickledTensor, storage: Float32Array): Float32Array {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  const last = shape.reduce((sum, dimension, axis) => sum + (dimension - 1) * (strides[axis] ?? 0), offset);
  if (shape.length !== strides.length || size > storage.length || last >= storage.length) throw no("a tensor reaches beyond its storage");
  const values = new Float32Array(size);
  const index = shape.map(() => 0);
  let from = offset;
  for (let at = 0; at < size; at++) {
    values[at] = storage[from] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      from += strides[axis] as number;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      from -= (shape[axis] as number) * (strides[axis] as number);
      index[axis] = 0;
    }
  }
  return values;
}
