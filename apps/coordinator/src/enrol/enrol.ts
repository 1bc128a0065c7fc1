/** Enrolment: an invite is exchanged, once, for a site whose key is known from then on. */
import { isRefusal, refuse, type Refusal } from "@engraft/core/base/errors";
import type { PublicKey } from "@engraft/core/base/ids";
import { readEnvelope, seal, unseal, type Envelope } from "@engraft/core/crypto/envelope";
import { fingerprintWords, type Identity } from "@engraft/core/crypto/identity";
import { inviteProof, proofMatches } from "@engraft/core/protocol/invite";
import { ENROL_TYPES, Join, type Joined } from "@engraft/core/protocol/messages";
import { isTaken } from "../store/faults.ts";
import type { Store, Transaction } from "../store/store.ts";

export interface Enrolled {
  /** For the wire: signed by the coordinator whatever it says. */
  readonly answer: Envelope;
  /** Set where a site is new. */
  readonly joined: Joined | undefined;
  readonly refused: Refusal | undefined;
}

/** Answers the body of POST /enrol. Never throws for what a stranger sends; undefined where it is no envelope to answer to. */
export async function enrol(store: Store, identity: Identity, body: string, now: number): Promise<Enrolled | Refusal> {
  const envelope = readEnvelope(body);
  if (!envelope.ok) return envelope;
  const key = envelope.value.key;
  const outcome = await decideEnrolment(store, identity, envelope.value, now);
  if (isRefusal(outcome)) {
    return {
      answer: seal(identity, ENROL_TYPES.refused, identity.publicKey, { key, code: outcome.code, text: outcome.text }),
      joined: undefined,
      refused: outcome,
    };
  }
  return { answer: seal(identity, ENROL_TYPES.joined, identity.publicKey, outcome), joined: outcome, refused: undefined };
}

async function decideEnrolment(store: Store, identity: Identity, envelope: Envelope, now: number): Promise<Joined | Refusal> {
  const opened = unseal(envelope, { type: ENROL_TYPES.join, scope: identity.publicKey, key: envelope.key, schema: Join });
  if (!opened.ok) {
    // A site that pinned another key signed for another federation, so its signature cannot match here.
    return opened.code === "bad-signature"
      ? refuse("coordinator-key-wrong", "The invite is for another coordinator than this one.")
      : opened;
  }
  const join = opened.value;
  if (join.coordinator !== identity.publicKey)
    return refuse("coordinator-key-wrong", "The invite is for another coordinator than this one.");
  try {
    const { value } = await store.write((tx) => consume(tx, join, envelope.key, identity.publicKey, now));
    return value;
  } catch (error) {
    // Two at once took the same name or key: the other one was first.
    if (isTaken(error)) return refuse("name-taken", "Another site took this name or this key just now.");
    throw error;
  }
}

/** In one transaction: the invite is used up and the site exists, or neither. */
async function consume(
  tx: Transaction,
  join: Join,
  key: PublicKey,
  coordinator: PublicKey,
  now: number,
): Promise<{
  readonly value: Joined | Refusal;
  readonly audit: readonly { at: number; actor: string; action: string; subject: string; detail: Record<string, string | boolean> }[];
}> {
  const no = (refusal: Refusal) => ({
    value: refusal,
    audit: [{ at: now, actor: "stranger", action: "enrolment.refused", subject: join.site, detail: { code: refusal.code } }],
  });
  const invite = await tx.invite.findUnique({ where: { id: join.invite } });
  const forged = refuse("invite-forged", "The coordinator never made this invite.");
  if (invite === null || invite.site !== join.site || !proofMatches(inviteProof(invite.secretKey, key, coordinator), join.proof))
    return no(forged);
  if (invite.usedBy === key) return { value: { site: join.site, key, again: true, at: now }, audit: [] };
  if (invite.usedAt !== null) return no(refuse("invite-used", "This invite was used already, by another key."));
  if (invite.revokedAt !== null) return no(refuse("invite-expired", "The admin has withdrawn this invite."));
  if (invite.expires.getTime() <= now) return no(refuse("invite-expired", "This invite has expired."));
  const former = await tx.siteKey.findUnique({ where: { key } });
  if (former !== null) return no(refuse("enrolled-elsewhere", `This key was the key of ${former.site} before. Make another one.`));
  const taken = await tx.site.findFirst({ where: { OR: [{ name: join.site }, { key }] } });
  if (taken !== null) {
    return no(
      taken.name === join.site
        ? refuse("name-taken", `A site called ${join.site} is enrolled already.`)
        : refuse("enrolled-elsewhere", `This key is enrolled already, as ${taken.name}.`),
    );
  }
  // Only one of two transactions at once changes the row.
  const { count } = await tx.invite.updateMany({ where: { id: invite.id, usedAt: null }, data: { usedAt: new Date(now), usedBy: key } });
  if (count !== 1) return no(refuse("invite-used", "This invite was used just now, by another key."));
  await tx.site.create({ data: { name: join.site, key, joinedAt: new Date(now), version: join.version } });
  const words = fingerprintWords(key).join(" ");
  return {
    value: { site: join.site, key, again: false, at: now },
    audit: [{ at: now, actor: `site:${join.site}`, action: "site.joined", subject: join.site, detail: { key, words, invite: invite.id } }],
  };
}
