/** Invites as the coordinator keeps them. The secret itself is shown once and never stored. */
import { randomBytes } from "node:crypto";
import { toBase64url } from "@engraft/core/base/bytes";
import { EngraftError } from "@engraft/core/base/errors";
import type { SiteName } from "@engraft/core/base/ids";
import type { Identity } from "@engraft/core/crypto/identity";
import { inviteText, secretKeyOf } from "@engraft/core/protocol/invite";
import type { InviteView } from "../api/views.ts";
import type { Invite } from "../store/generated/client.ts";
import type { Store } from "../store/store.ts";

const HOUR_MS = 3_600_000;

export interface NewInvite {
  readonly id: string;
  /** The whole line for hospital IT. */
  readonly invite: string;
  /** What they type. */
  readonly command: string;
  readonly expires: number;
}

/** Throws `name-taken` where the site is enrolled already. */
export async function makeInvite(
  store: Store,
  options: {
    readonly identity: Identity;
    readonly url: string;
    readonly otherUrls: readonly string[];
    readonly site: SiteName;
    readonly hours: number;
    readonly by: string;
    readonly now: number;
  },
): Promise<NewInvite> {
  const { identity, url, otherUrls, site, hours, by, now } = options;
  const invite = {
    url,
    // An agent of an older version knows no such field.
    ...(otherUrls.length > 0 && { otherUrls: [...otherUrls] }),
    coordinator: identity.publicKey,
    site,
    id: toBase64url(randomBytes(12)),
    secret: toBase64url(randomBytes(32)),
    expires: now + Math.round(hours * HOUR_MS),
  };
  await store.write(async (tx) => {
    if ((await tx.site.findUnique({ where: { name: site } })) !== null)
      throw new EngraftError("name-taken", `A site called ${site} is enrolled already. Choose another name.`);
    await tx.invite.create({
      data: { id: invite.id, site, secretKey: secretKeyOf(invite.secret), by, createdAt: new Date(now), expires: new Date(invite.expires) },
    });
    return {
      value: undefined,
      audit: [{ at: now, actor: by, action: "invite.created", subject: site, detail: { invite: invite.id, expires: invite.expires } }],
    };
  });
  const text = inviteText(invite);
  return { id: invite.id, invite: text, command: `engraft-site join ${text}`, expires: invite.expires };
}

/** Throws `not-found`, or `invite-used` where it is too late. */
export async function revokeInvite(
  store: Store,
  options: { readonly id: string; readonly by: string; readonly now: number },
): Promise<void> {
  const { id, by, now } = options;
  await store.write(async (tx) => {
    const invite = await tx.invite.findUnique({ where: { id } });
    if (invite === null) throw new EngraftError("not-found", "There is no such invite.");
    if (invite.usedAt !== null) throw new EngraftError("invite-used", `The invite was used already; ${invite.site} is enrolled.`);
    if (invite.revokedAt !== null) return { value: undefined, audit: [] };
    await tx.invite.update({ where: { id }, data: { revokedAt: new Date(now) } });
    return { value: undefined, audit: [{ at: now, actor: by, action: "invite.revoked", subject: invite.site, detail: { invite: id } }] };
  });
}

export const inviteView = (invite: Invite, now: number): InviteView => ({
  id: invite.id,
  site: invite.site,
  by: invite.by,
  createdAt: invite.createdAt.getTime(),
  expires: invite.expires.getTime(),
  state: invite.usedAt !== null ? "used" : invite.revokedAt !== null ? "revoked" : invite.expires.getTime() <= now ? "expired" : "open",
});
