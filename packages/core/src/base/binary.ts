/**
 * One deterministic binary encoding for bytes that are signed or hashed: fields in a fixed order, numbers little-endian,
 * anything of variable length preceded by its length. A value has exactly one encoding, and `decode` takes no other.
 */
import { concat, fromHex, toHex } from "./bytes.ts";
import { assert } from "./errors.ts";
import type { Digest } from "./ids.ts";

/** Bytes that are read from left to right; `take` gives undefined beyond the end. */
interface Source {
  readonly take: (length: number) => Uint8Array | undefined;
}

/** Writes a value, or reads one; `read` gives undefined where the bytes are not a value's encoding. */
export interface Codec<T> {
  readonly write: (value: T) => Uint8Array;
  readonly read: (source: Source) => T | undefined;
}

export type Decoded<C> = C extends Codec<infer T> ? T : never;

const integer = (bytes: 1 | 2 | 4): Codec<number> => ({
  write: (value) => {
    assert(Number.isInteger(value) && value >= 0 && value < 2 ** (8 * bytes), "a number does not fit its field");
    return Uint8Array.from({ length: bytes }, (_, at) => Math.floor(value / 2 ** (8 * at)) & 255);
  },
  read: (source) => source.take(bytes)?.reduceRight((sum, byte) => sum * 256 + byte, 0),
});

export const u8 = integer(1);
export const u16 = integer(2);
export const u32 = integer(4);

/** Exactly `length` bytes. */
export const fixed = (length: number): Codec<Uint8Array> => ({
  write: (value) => {
    assert(value.length === length, "a field has the wrong number of bytes");
    return value;
  },
  read: (source) => source.take(length),
});

/** SHA-256, 32 bytes on the wire, hex in memory. */
export const digest: Codec<Digest> = {
  write: (value) => fixed(32).write(fromHex(value) ?? new Uint8Array()),
  read: (source) => {
    const bytes = source.take(32);
    return bytes === undefined ? undefined : (toHex(bytes) as Digest);
  },
};

/** Printable ASCII of at most 255 characters: names, whose byte order then is their only order. */
export const name: Codec<string> = {
  write: (value) => {
    assert(/^[ -~]{1,255}$/.test(value), "a name is not short printable ASCII");
    return concat([u8.write(value.length), Buffer.from(value, "latin1")]);
  },
  read: (source) => {
    const length = u8.read(source);
    const bytes = length === undefined ? undefined : source.take(length);
    const text = bytes === undefined ? "" : Buffer.from(bytes).toString("latin1");
    return /^[ -~]{1,255}$/.test(text) ? text : undefined;
  },
};

/** At most 65,535 bytes. */
export const blob: Codec<Uint8Array> = {
  write: (value) => concat([u16.write(value.length), value]),
  read: (source) => {
    const length = u16.read(source);
    return length === undefined ? undefined : source.take(length);
  },
};

/** At most 65,535 items in the order given. */
export const list = <T>(item: Codec<T>): Codec<readonly T[]> => ({
  write: (values) => concat([u16.write(values.length), ...values.map((value) => item.write(value))]),
  read: (source) => {
    const length = u16.read(source);
    if (length === undefined) return undefined;
    const values: T[] = [];
    for (let at = 0; at < length; at++) {
      const value = item.read(source);
      if (value === undefined) return undefined;
      values.push(value);
    }
    return values;
  },
});

/** A codec of whatever type. */
interface SomeCodec {
  readonly write: (value: never) => Uint8Array;
  readonly read: (source: Source) => unknown;
}

/** Fields in the order in which they are written here. */
export function record<F extends Readonly<Record<string, SomeCodec>>>(fields: F): Codec<{ readonly [K in keyof F]: Decoded<F[K]> }> {
  const entries = Object.entries(fields) as unknown as readonly (readonly [string, Codec<unknown>])[];
  return {
    write: (value) => concat(entries.map(([key, codec]) => codec.write((value as Record<string, unknown>)[key]))),
    read: (source) => {
      const value: Record<string, unknown> = {};
      for (const [key, codec] of entries) {
        value[key] = codec.read(source);
        if (value[key] === undefined) return undefined;
      }
      return value as { readonly [K in keyof F]: Decoded<F[K]> };
    },
  };
}

/** The value of exactly these bytes; undefined for trailing bytes and for any encoding that `write` would not give. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T | undefined {
  let at = 0;
  const value = codec.read({
    take: (length) => {
      if (at + length > bytes.length) return undefined;
      at += length;
      return bytes.slice(at - length, at);
    },
  });
  if (value === undefined || at !== bytes.length) return undefined;
  return Buffer.compare(codec.write(value), bytes) === 0 ? value : undefined;
}
