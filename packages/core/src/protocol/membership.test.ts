import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { isRefusal } from "../base/errors.ts";
import type { SiteName } from "../base/ids.ts";
import { seal } from "../crypto/envelope.ts";
import { identityFromSeed } from "../crypto/identity.ts";
import { MEMBERSHIP_TYPES, openRotation, sealRotation } from "./membership.ts";
import { MESSAGES } from "./messages.ts";

const made = () => identityFromSeed(randomBytes(32));
const [old, next, other, coordinator] = [made(), made(), made(), made()];
const about = { site: "vienna" as SiteName, at: 5 };
const federation = coordinator.publicKey;

it("[J1] a rotation counts where both keys have signed it for this federation", () => {
  const signed = sealRotation(old, next, federation, about);
  expect(openRotation(signed, old.publicKey, federation)).toEqual({ site: "vienna", from: old.publicKey, to: next.publicKey, at: 5 });
});

it("[J1] a half by another key, for another key, of another federation or of another text is refused by name", () => {
  const signed = sealRotation(old, next, federation, about);
  const codeOf = (rotation: typeof signed, from = old.publicKey, of = federation) => {
    const opened = openRotation(rotation, from, of);
    return isRefusal(opened) ? opened.code : "taken";
  };
  const stolen = sealRotation(other, next, federation, about);
  expect(codeOf({ ...signed, byOld: stolen.byOld })).toBe("unknown-key");
  expect(codeOf({ ...signed, byNew: sealRotation(old, other, federation, about).byNew })).toBe("unknown-key");
  expect(codeOf(signed, old.publicKey, other.publicKey)).toBe("bad-signature");
  expect(codeOf({ ...signed, byNew: sealRotation(old, next, federation, { ...about, at: 6 }).byNew })).toBe("bad-message");
  // A key that signs for another one than itself.
  const lied = seal(other, MEMBERSHIP_TYPES.rotate, federation, { site: "vienna", from: old.publicKey, to: next.publicKey, at: 5 });
  expect(codeOf({ ...signed, byOld: lied }, other.publicKey)).toBe("unknown-key");
  expect(codeOf(sealRotation(old, old, federation, about))).toBe("bad-message");
});

it("[J7] an answer of doctor's with a text, a path, an unknown check or a free code does not fit its schema", () => {
  const { schema } = MESSAGES["doctor.answer"];
  const finding = { check: "proxy", level: "problem", code: "proxy-password" };
  const answer = (one: object) => ({ id: "A".repeat(16), at: 5, outcome: "looked", findings: [one] });
  expect(schema.safeParse(answer(finding)).success).toBe(true);
  for (const wrong of [
    { ...finding, text: "The proxy 10.0.0.8 asks." },
    { ...finding, path: "/srv/table.csv" },
    { ...finding, check: "patients" },
    { ...finding, code: "john-doe" },
    { ...finding, level: "interesting" },
  ])
    expect(schema.safeParse(answer(wrong)).success).toBe(false);
  expect(schema.safeParse({ ...answer(finding), note: "more" }).success).toBe(false);
  expect(schema.safeParse({ id: "A".repeat(16), at: 5, outcome: "not-allowed", findings: [finding] }).success).toBe(false);
});
