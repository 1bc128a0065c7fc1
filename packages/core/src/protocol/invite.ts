/**
 * Invites: one line that an admin hands to hospital IT. It carries the coordinator's address and public key (pinned by the
 * site, so no certificate authority has to be trusted for it), the site's name, a secret that works once, and a checksum
 * so that a typing error is told from a forgery.
 *
 * The secret never travels again: the site proves that it holds it by HMAC-SHA256 over both public keys (RFC 2104).
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import { fromBase64url, lengthPrefixed, toBase64url, utf8 } from "../base/bytes.ts";
import { refuse, type Refusal } from "../base/errors.ts";
import { Instant, PublicKey, SiteName } from "../base/ids.ts";
import { sha256 } from "../crypto/digest.ts";

const Address = z.url({ protocol: /^https?$/ }).max(300);

/** Further addresses, of coordinators that stand by for the first: the agent tries all of them in turn. */
export const OtherUrls = z.array(Address).max(4);

export const Invite = z.strictObject({
  /** Where the agent dials, `http(s)://host:port`. */
  url: Address,
  otherUrls: OtherUrls.optional(),
  coordinator: PublicKey,
  site: SiteName,
  id: z.string().regex(/^[A-Za-z0-9_-]{16}$/),
  /** 32 random bytes. */
  secret: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  expires: Instant,
});
export type Invite = z.infer<typeof Invite>;

const PREFIX = "engraft-invite-1";

const checksum = (body: string): string => sha256(body).slice(0, 8);

export function inviteText(invite: Invite): string {
  const body = toBase64url(utf8(JSON.stringify(invite)));
  return `${PREFIX}.${body}.${checksum(body)}`;
}

/** Reads an invite; white space that a mail program put in is ignored. Refuses with `invite-mistyped`. Never throws. */
export function readInvite(text: string): { readonly ok: true; readonly invite: Invite } | Refusal {
  const mistyped = refuse(
    "invite-mistyped",
    "This is not a whole invite. Copy the entire line, from 'engraft-invite-1.' to its end, and try again.",
  );
  const [prefix, body, sum, ...rest] = text.replaceAll(/\s/g, "").split(".");
  if (prefix !== PREFIX || body === undefined || sum === undefined || rest.length > 0 || checksum(body) !== sum) return mistyped;
  const bytes = fromBase64url(body);
  if (bytes === undefined) return mistyped;
  try {
    const parsed = Invite.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    return parsed.success ? { ok: true, invite: parsed.data } : mistyped;
  } catch {
    return mistyped;
  }
}

/** What the coordinator keeps instead of the secret. */
export const secretKeyOf = (secret: string): string => sha256(`engraft-invite-secret:${secret}`);

/** Proof that the holder of `secretKey` wants this site key enrolled at this coordinator. */
export const inviteProof = (secretKey: string, siteKey: PublicKey, coordinator: PublicKey): string =>
  toBase64url(
    createHmac("sha256", secretKey)
      .update(lengthPrefixed([utf8("engraft-join-1"), utf8(siteKey), utf8(coordinator)]))
      .digest(),
  );

export function proofMatches(expected: string, given: string): boolean {
  const a = utf8(expected);
  const b = utf8(given);
  return a.length === b.length && timingSafeEqual(a, b);
}
