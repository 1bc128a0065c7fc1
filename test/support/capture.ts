/** What an agent has sent, from captured bytes: the payloads of its WebSocket frames, unmasked (RFC 6455, 5.2). */

/** `bytes`: everything of one connection, from its HTTP request on. */
export function payloads(bytes: Buffer): Buffer {
  const body = bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
  const parts: Buffer[] = [];
  for (let at = 0; at + 6 <= body.length;) {
    const short = (body[at + 1] ?? 0) & 127;
    const [length, from] =
      short < 126 ? [short, at + 2] : short === 126 ? [body.readUInt16BE(at + 2), at + 4] : [Number(body.readBigUInt64BE(at + 2)), at + 10];
    const mask = body.subarray(from, from + 4);
    const payload = Buffer.from(body.subarray(from + 4, from + 4 + length));
    for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] as number) ^ (mask[i % 4] as number);
    parts.push(payload);
    at = from + 4 + length;
  }
  return Buffer.concat(parts);
}

/** How many of the 32-byte pieces of `secret` occur in what was sent, in raw bytes, base64url or hex. */
export function leaked(sent: Buffer, secret: Buffer): number {
  let found = 0;
  for (let at = 0; at + 32 <= secret.length; at += 32) {
    const piece = secret.subarray(at, at + 32);
    // Zeros occur anywhere.
    if (piece.every((byte) => byte === 0)) continue;
    if (sent.includes(piece) || sent.includes(piece.toString("base64url").slice(0, 40)) || sent.includes(piece.toString("hex"))) found += 1;
  }
  return found;
}
