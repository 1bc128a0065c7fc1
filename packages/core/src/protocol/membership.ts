/**
 * How a site changes its key and how it leaves, each by one HTTP request like enrolment. A rotation is signed twice over the same
 * text: by the key that is known, and by the new one, so that nobody can put in a key that is not held.
 */
import * as z from "zod";
import { isRefusal, refuse, type Refusal } from "../base/errors.ts";
import { Instant, PublicKey, SiteName } from "../base/ids.ts";
import { Envelope, seal, unseal } from "../crypto/envelope.ts";
import type { Identity } from "../crypto/identity.ts";
import { CodeText } from "../base/code-text.ts";

/** Envelope types; all in the federation's scope. */
export const MEMBERSHIP_TYPES = {
  rotate: "key.rotate",
  accept: "key.accept",
  rotated: "key.rotated",
  leave: "site.leave",
  left: "site.left",
  refused: "membership.refused",
} as const;

export const Rotation = z.strictObject({ site: SiteName, from: PublicKey, to: PublicKey, at: Instant });
export type Rotation = z.infer<typeof Rotation>;

/** `byOld` by the key that is left, `byNew` by the one that follows. */
export const SignedRotation = z.strictObject({ byOld: Envelope, byNew: Envelope });
export type SignedRotation = z.infer<typeof SignedRotation>;

/** The coordinator: from now on the new key is the site's. `at` is its own time. */
export const Rotated = z.strictObject({ site: SiteName, from: PublicKey, to: PublicKey, again: z.boolean(), at: Instant });
export type Rotated = z.infer<typeof Rotated>;

/** The site: it takes part no more. */
export const Leave = z.strictObject({ site: SiteName, key: PublicKey, at: Instant });
export type Leave = z.infer<typeof Leave>;
export const Left = z.strictObject({ site: SiteName, key: PublicKey, again: z.boolean(), at: Instant });
export type Left = z.infer<typeof Left>;

/** To a key, so that it counts for no other site. */
export const MembershipRefused = z.strictObject({ key: PublicKey, code: CodeText, text: z.string().max(500) });

export function sealRotation(old: Identity, next: Identity, federation: PublicKey, about: Pick<Rotation, "site" | "at">): SignedRotation {
  const rotation: Rotation = { site: about.site, from: old.publicKey, to: next.publicKey, at: about.at };
  return {
    byOld: seal(old, MEMBERSHIP_TYPES.rotate, federation, rotation),
    byNew: seal(next, MEMBERSHIP_TYPES.accept, federation, rotation),
  };
}

/** J1: counts only where both keys that it names have signed the same text for this federation, the old one being `from`. */
export function openRotation({ byOld, byNew }: SignedRotation, from: PublicKey, federation: PublicKey): Rotation | Refusal {
  const old = unseal(byOld, { type: MEMBERSHIP_TYPES.rotate, scope: federation, key: from, schema: Rotation });
  if (isRefusal(old)) return old;
  const { value } = old;
  if (value.from !== from) return refuse("unknown-key", "The rotation is of another key than the one that signed it.");
  if (value.to === from) return refuse("bad-message", "The new key is the old one.");
  const accepted = unseal(byNew, { type: MEMBERSHIP_TYPES.accept, scope: federation, key: value.to, schema: Rotation });
  if (isRefusal(accepted)) return accepted;
  return byNew.payload === byOld.payload ? value : refuse("bad-message", "The two keys have signed different rotations.");
}
