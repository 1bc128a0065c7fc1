import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toBase64url, utf8 } from "../base/bytes.ts";
import { isRefusal } from "../base/errors.ts";
import { sha256 } from "../crypto/digest.ts";
import { identityFromSeed } from "../crypto/identity.ts";
import { Invite, inviteProof, inviteText, proofMatches, readInvite, secretKeyOf } from "./invite.ts";

const coordinator = identityFromSeed(new Uint8Array(32).fill(1)).publicKey;
const site = identityFromSeed(new Uint8Array(32).fill(2)).publicKey;
const other = identityFromSeed(new Uint8Array(32).fill(3)).publicKey;
const secret = toBase64url(new Uint8Array(32).fill(7));
const invite = Invite.parse({
  url: "https://coordinator.example:8443",
  coordinator,
  site: "st-anna",
  id: "A".repeat(16),
  secret,
  expires: 1_800_000_000_000,
});
const text = inviteText(invite);

describe("an invite", () => {
  it("is read back, through any white space that mail put in", () => {
    expect(readInvite(text)).toEqual({ ok: true, invite });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(text.length), fc.constantFrom(" ", "\n", "\r\n", "\t")), { maxLength: 10 }), (spaces) => {
        const wrapped = spaces.reduce((line, [at, space]) => line.slice(0, at) + space + line.slice(at), text);
        expect(readInvite(wrapped)).toEqual({ ok: true, invite });
      }),
    );
  });

  it("[I1] with one character changed, left out or doubled is mistyped", () => {
    for (let at = 0; at < text.length; at++) {
      const swapped = text[at] === "A" ? "B" : "A";
      for (const changed of [
        text.slice(0, at) + swapped + text.slice(at + 1),
        text.slice(0, at) + text.slice(at + 1),
        text.slice(0, at) + (text[at] ?? "") + text.slice(at),
      ]) {
        expect(readInvite(changed)).toMatchObject({ ok: false, code: "invite-mistyped" });
      }
    }
  });

  it("[I1] that says what is not an invite is mistyped too, and the answer repeats nothing of it", () => {
    for (const body of [
      "{",
      "null",
      "{}",
      JSON.stringify({ ...invite, url: "file:///etc/passwd" }),
      JSON.stringify({ ...invite, more: 1 }),
    ]) {
      const encoded = toBase64url(utf8(body));
      const answer = readInvite(`engraft-invite-1.${encoded}.${sha256(encoded).slice(0, 8)}`);
      expect(answer).toMatchObject({ ok: false, code: "invite-mistyped" });
      if (isRefusal(answer)) expect(answer.text).not.toContain(secret);
    }
  });
});

describe("the proof of an invite", () => {
  const key = secretKeyOf(secret);

  it("[I2] holds for one secret, one site key and one coordinator", () => {
    const proof = inviteProof(key, site, coordinator);
    expect(proofMatches(inviteProof(key, site, coordinator), proof)).toBe(true);
    for (const wrong of [
      inviteProof(key, other, coordinator),
      inviteProof(key, site, other),
      inviteProof(key, coordinator, site),
      inviteProof(secretKeyOf(`${secret}x`), site, coordinator),
      "",
      `${proof}A`,
    ]) {
      expect(proofMatches(wrong, proof)).toBe(false);
    }
  });

  it("[I2] is HMAC-SHA256 and does not contain the secret or what the coordinator keeps of it", () => {
    const proof = inviteProof(key, site, coordinator);
    expect(proof).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(proof).not.toContain(secret.slice(0, 8));
    expect(key).not.toBe(secret);
  });
});
