/**
 * The safetensors format (float32 only): u64 little-endian header length, JSON header, raw data. The npm package of
 * that name is a placeholder, so the 60 lines are ours. Never executes anything; refuses gaps, overlaps and trailing bytes.
 */
import * as z from "zod";
import { concat, float32Bytes, toFloat32, utf8 } from "../base/bytes.ts";
import { EngraftError } from "../base/errors.ts";
import { sizeOf, type TensorSpec } from "./tensors.ts";

const MAX_HEADER = 16 * 1024 * 1024;
const Entry = z.strictObject({
  dtype: z.literal("F32"),
  shape: z.array(z.int().min(0)),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});

/** `z.record` would lose a key named `__proto__`, which JSON keeps as any other. */
const isMapOfTexts = (value: unknown): value is Record<string, string> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every((text) => typeof text === "string");

export interface SafetensorsEntry {
  readonly name: string;
  readonly shape: readonly number[];
  /** Byte range in the file. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Length of the whole file that this header describes. */
  readonly fileBytes: number;
}

const broken = (why: string): EngraftError => new EngraftError("bad-input", `Not a usable safetensors file: ${why}.`);

/** Number of bytes to read before `parseHeader` can be called. Needs the first 8 bytes. */
export function headerBytes(start: Uint8Array): number {
  if (start.byteLength < 8) throw broken("shorter than 8 bytes");
  const length = new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true);
  if (length > MAX_HEADER) throw broken("header over 16 MiB");
  return 8 + Number(length);
}

/** Parses the header; `start` must hold at least `headerBytes(start)` bytes. Throws `bad-input`. */
export function parseHeader(start: Uint8Array): SafetensorsHeader {
  const end = headerBytes(start);
  if (start.byteLength < end) throw broken("header cut off");
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(start.subarray(8, end)));
  } catch {
    throw broken("header is not JSON");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw broken("header is not an object");
  const { __metadata__: metadata = {}, ...rest } = json as Record<string, unknown>;
  if (!isMapOfTexts(metadata)) throw broken("metadata is not a map of texts");
  const entries = Object.entries(rest).map(([name, value]) => {
    const entry = Entry.safeParse(value);
    if (!entry.success) throw broken(`tensor ${name.slice(0, 120)} is not float32 with a shape and offsets`);
    const [from, to] = entry.data.data_offsets;
    if (to - from !== 4 * entry.data.shape.reduce((product, dimension) => product * dimension, 1))
      throw broken(`tensor ${name.slice(0, 120)} has offsets that do not fit its shape`);
    return { name, shape: entry.data.shape, begin: end + from, end: end + to };
  });
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = end;
  for (const entry of entries) {
    if (entry.begin !== at) throw broken("gap or overlap between tensors");
    at = entry.end;
  }
  return { entries, metadata, fileBytes: at };
}

/** All tensors of a file, as copies. Throws `bad-input`. */
export function readSafetensors(file: Uint8Array): {
  readonly tensors: ReadonlyMap<string, Float32Array>;
  readonly header: SafetensorsHeader;
} {
  const header = parseHeader(file);
  if (header.fileBytes !== file.byteLength) throw broken("length differs from what the header says");
  return { tensors: new Map(header.entries.map((entry) => [entry.name, toFloat32(file.subarray(entry.begin, entry.end))])), header };
}

/** The bytes that precede the data of `specs`, in their order. The header is padded with spaces to 8 bytes, as the reference does. */
export function writeHeader(specs: readonly TensorSpec[], metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [["__metadata__", metadata]] : [];
  let at = 0;
  for (const spec of specs) {
    const end = at + 4 * sizeOf(spec);
    header.push([spec.name, { dtype: "F32", shape: spec.shape, data_offsets: [at, end] }]);
    at = end;
  }
  const text = JSON.stringify(Object.fromEntries(header));
  const json = utf8(text + " ".repeat((8 - (utf8(text).byteLength % 8)) % 8));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.byteLength), true);
  return concat([length, json]);
}

/** A whole file. Throws RangeError where a tensor is missing or has another size. */
export function writeSafetensors(
  specs: readonly TensorSpec[],
  tensors: ReadonlyMap<string, Float32Array>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const data = specs.map((spec) => {
    const values = tensors.get(spec.name);
    if (values?.length !== sizeOf(spec)) throw new RangeError(`tensor ${spec.name}: expected ${sizeOf(spec)} values`);
    return float32Bytes(values);
  });
  return concat([writeHeader(specs, metadata), ...data]);
}
