/** Encodings of bytes. All functions are pure; none keeps a reference to its input. */

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");

export const toBase64url = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");

/** Decodes strict base64url; undefined where the text is not the canonical encoding of any bytes. */
export function fromBase64url(text: string): Uint8Array | undefined {
  const bytes = Uint8Array.from(Buffer.from(text, "base64url"));
  return toBase64url(bytes) === text ? bytes : undefined;
}

/** Decodes lower-case hex; undefined where the text is anything else. */
export function fromHex(text: string): Uint8Array | undefined {
  const bytes = Uint8Array.from(Buffer.from(text, "hex"));
  return toHex(bytes) === text ? bytes : undefined;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.byteLength;
  }
  return out;
}

/** Each part preceded by its length (u32, little-endian), so that no two lists of parts have the same bytes. */
export function lengthPrefixed(parts: readonly Uint8Array[]): Uint8Array {
  return concat(
    parts.flatMap((part) => {
      const length = new Uint8Array(4);
      new DataView(length.buffer).setUint32(0, part.byteLength, true);
      return [length, part];
    }),
  );
}

/**
 * The float32 values in little-endian bytes, always as a copy: a Buffer from the pool may start at an offset that is
 * no multiple of four.
 */
export function toFloat32(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength - (bytes.byteLength % 4)));
}

/** A view of the vector's bytes (no copy). */
export const float32Bytes = (values: Float32Array): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
