import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { fromBase64url, toBase64url, utf8 } from "../base/bytes.ts";
import { isRefusal } from "../base/errors.ts";
import type { PublicKey } from "../base/ids.ts";
import { readEnvelope, seal, unseal, type Envelope } from "./envelope.ts";
import { identityFromSeed } from "./identity.ts";

const site = identityFromSeed(new Uint8Array(32).fill(1));
const stranger = identityFromSeed(new Uint8Array(32).fill(2));
const schema = z.strictObject({ n: z.int(), text: z.string() });
const expected = { type: "note", scope: "federation-a", key: site.publicKey, schema };
const sealed = seal(site, "note", "federation-a", { n: 1, text: "Zürich" });

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const out = Uint8Array.from(bytes);
  out[bit >> 3] = (out[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return out;
}

describe("envelopes", () => {
  it("give back what was sealed", () => {
    expect(unseal(sealed, expected)).toEqual({ ok: true, value: { n: 1, text: "Zürich" } });
    expect(readEnvelope(JSON.stringify(sealed))).toEqual({ ok: true, value: sealed });
  });

  it("[E2] refuse every single flipped bit of payload, signature and key", () => {
    const decoder = new TextDecoder();
    const changes: Envelope[] = [];
    const payload = utf8(sealed.payload);
    for (let bit = 0; bit < payload.length * 8; bit++) changes.push({ ...sealed, payload: decoder.decode(flipBit(payload, bit)) });
    const sig = fromBase64url(sealed.sig) ?? new Uint8Array();
    for (let bit = 0; bit < 512; bit++) changes.push({ ...sealed, sig: toBase64url(flipBit(sig, bit)) });
    const key = fromBase64url(sealed.key) ?? new Uint8Array();
    for (let bit = 0; bit < 256; bit++) changes.push({ ...sealed, key: toBase64url(flipBit(key, bit)) as PublicKey });
    for (const changed of changes) {
      // Also where the verifier expects that very key: the signature then is not one of that key.
      const answer = unseal(changed, { ...expected, key: changed.key });
      expect(answer).toMatchObject({ ok: false, code: "bad-signature" });
    }
  });

  it("[E2] bind the type: the same payload sealed as another type is refused", () => {
    const other = seal(site, "gift", "federation-a", { n: 1, text: "x" });
    expect(unseal({ ...other, type: "note" }, expected)).toMatchObject({ code: "bad-signature" });
    expect(unseal(other, expected)).toMatchObject({ code: "bad-message" });
  });

  it("[E2] bind where one part ends and the next begins", () => {
    const moved = seal(site, "not", "efederation-a", { n: 1, text: "x" });
    expect(unseal({ ...moved, type: "note" }, expected)).toMatchObject({ code: "bad-signature" });
  });

  it("[E3] hold in their own scope only", () => {
    expect(unseal(sealed, { ...expected, scope: "federation-b" })).toMatchObject({ code: "bad-signature" });
    expect(unseal(sealed, { ...expected, scope: "" })).toMatchObject({ code: "bad-signature" });
  });

  it("[E1] a stranger's key is refused before its signature is looked at", () => {
    expect(unseal(seal(stranger, "note", "federation-a", { n: 1, text: "x" }), expected)).toMatchObject({ code: "unknown-key" });
  });

  it("[E1] garbage is bad-signature under a bad signature, and bad-message only under a good one", () => {
    fc.assert(
      fc.property(fc.string(), (payload) => {
        expect(unseal({ ...sealed, payload: `${payload}{` }, expected)).toMatchObject({ ok: false, code: "bad-signature" });
      }),
    );
    // The signature of these is good: sealing a text that is JSON, but not what the schema wants.
    for (const value of [{ n: 1.5, text: "" }, { n: 1 }, { n: 1, text: "", more: 1 }, [], null, "text"]) {
      expect(unseal(seal(site, "note", "federation-a", value), expected)).toMatchObject({ code: "bad-message" });
    }
  });

  it("[E4] a refusal repeats neither a value nor an unknown field's name, and stays short", () => {
    const secret = "patient-4711";
    const values = [{ n: secret, text: secret }, { n: 1, text: "", [secret]: 1 }, { [secret.repeat(1000)]: secret }, secret];
    for (const value of values) {
      const answer = unseal(seal(site, "note", "federation-a", value), expected);
      expect(isRefusal(answer)).toBe(true);
      if (isRefusal(answer)) {
        expect(answer.text).not.toContain(secret);
        expect(answer.text.length).toBeLessThan(500);
      }
    }
  });

  it("[E4] text that is no envelope is refused", () => {
    for (const text of [
      "",
      "{",
      "null",
      "[]",
      '"x"',
      JSON.stringify({ ...sealed, extra: 1 }),
      JSON.stringify({ ...sealed, sig: "short" }),
      JSON.stringify({ ...sealed, key: `${sealed.key}=` }),
    ]) {
      expect(readEnvelope(text)).toMatchObject({ ok: false, code: "bad-message" });
    }
  });
});
