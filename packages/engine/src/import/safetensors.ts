/** A safetensors file that somebody else made: any type of number, tensors in any order. Engraft's own are read by core, more strictly. */
import { EngraftError } from "@engraft/core/base/errors";
import { headerBytes } from "@engraft/core/models/safetensors";
import * as z from "zod";
import type { NamedTensor } from "./named-tensors.ts";
import { FLOAT_WIDTHS, readFloats, type FloatType } from "./numbers.ts";

const Size = z
  .int()
  .min(0)
  .max(2 ** 40);
const Header = z.record(z.string(), z.looseObject({ dtype: z.string(), shape: z.array(Size).max(8), data_offsets: z.tuple([Size, Size]) }));

const broken = (why: string): EngraftError => new EngraftError("bad-input", `Not a usable safetensors file: ${why}.`);

/** Every tensor of real numbers, by its name; counters are left out. Throws `bad-input`. */
export function readForeignSafetensors(bytes: Uint8Array): ReadonlyMap<string, NamedTensor> {
  const begin = headerBytes(bytes);
  const tensors = new Map<string, NamedTensor>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(headerOf(bytes, begin))) {
    if (!Object.hasOwn(FLOAT_WIDTHS, dtype)) continue;
    const type = dtype as FloatType;
    const [from, to] = data_offsets;
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    if (to - from !== size * FLOAT_WIDTHS[type] || begin + to > bytes.byteLength) {
      throw broken(`the tensor ${name.slice(0, 120)} lies outside of it, or it is cut off`);
    }
    tensors.set(name, { shape, values: readFloats(bytes.subarray(begin + from, begin + to), type, size) });
  }
  if (tensors.size === 0) throw broken("it holds no tensors of real numbers");
  return tensors;
}

function headerOf(bytes: Uint8Array, end: number): z.infer<typeof Header> {
  if (bytes.byteLength < end) throw broken("it is cut off");
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, end)));
  } catch (cause) {
    throw new EngraftError("bad-input", "Not a usable safetensors file: its header is no JSON.", { cause });
  }
  if (typeof json === "object" && json !== null) delete (json as Record<string, unknown>)["__metadata__"];
  const header = Header.safeParse(json);
  if (!header.success) throw broken("its header does not list tensors with type, shape and place");
  return header.data;
}
