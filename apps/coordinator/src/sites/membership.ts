/** How a site's key changes and how a site goes: by its own signed word, or by an admin. Names and keys are never used again. */
import { EngraftError, isRefusal, refuse, type Refusal } from "@engraft/core/base/errors";
import type { PublicKey, SiteName } from "@engraft/core/base/ids";
import { readEnvelope, seal, unseal, type Envelope } from "@engraft/core/crypto/envelope";
import { sha256 } from "@engraft/core/crypto/digest";
import { fingerprintWords, type Identity } from "@engraft/core/crypto/identity";
import { Leave, MEMBERSHIP_TYPES, openRotation, SignedRotation, type Left, type Rotated } from "@engraft/core/protocol/membership";
import { isEnded, present, type RunState } from "@engraft/core/rounds/state";
import type { Store, Transaction } from "../store/store.ts";

export interface MembershipParts {
  readonly store: Store;
  readonly identity: Identity;
  readonly now: () => number;
  readonly runs: { live(): readonly { readonly run: string; readonly state: RunState }[] };
}

/** A run under way that waits for this site; undefined where none does. */
export const runNeeding = ({ runs }: Pick<MembershipParts, "runs">, site: string): string | undefined =>
  runs.live().find(({ state }) => state.phase !== "absent" && !isEnded(state) && present(state).includes(site as SiteName))?.run;

type Known = SiteName | (Refusal & { readonly site: SiteName }) | undefined;

const day = (at: Date): string => at.toISOString().slice(0, 16).replace("T", " ");

/** Which site a key is enrolled for, or why it is no more. */
export async function siteOfKey({ prisma }: Store, key: PublicKey): Promise<Known> {
  const row = await prisma.site.findUnique({ where: { key }, select: { name: true, goneAt: true, goneHow: true } });
  if (row !== null) {
    const site = row.name as SiteName;
    if (row.goneAt === null) return site;
    const how = row.goneHow === "left" ? "has left the federation" : "was removed from the federation by its admin";
    return {
      ...refuse(
        "not-enrolled",
        `${site} ${how} on ${day(row.goneAt)} UTC, and its key is not accepted any more. Nothing was sent. To take part again ask the admin for an invite under a new name, and join with it in a new folder.`,
      ),
      site,
    };
  }
  const former = await prisma.siteKey.findUnique({ where: { key } });
  return former === null
    ? undefined
    : {
        ...refuse(
          "unknown-key",
          `The key of ${former.site} was replaced by another one on ${day(former.rotatedAt)} UTC. Where that was begun here and broke off, run "engraft-site rotate-key" again; where nobody here did it, tell the admin at once.`,
        ),
        site: former.site as SiteName,
      };
}

export interface Answered {
  /** The signed answer, for the site. */
  readonly answer: Envelope;
  /** The site, where something changed: its link is of before. */
  readonly changed: SiteName | undefined;
  readonly refused: Refusal | undefined;
}

/** J1, J2: the body of POST /rotate. A refusal without an envelope where there is nobody to answer to. */
export async function rotate(parts: MembershipParts, body: string): Promise<Answered | Refusal> {
  const read = parsed(body);
  if (read === undefined) return refuse("bad-message", "The body is no signed rotation.");
  const { byOld } = read;
  const rotation = openRotation(read, byOld.key, parts.identity.publicKey);
  if (isRefusal(rotation)) return answered(parts, byOld.key, MEMBERSHIP_TYPES.rotated, rotation);
  const { site, from, to } = rotation;
  const text = JSON.stringify({ byOld, byNew: read.byNew });
  const statement = sha256(text);
  const outcome = await parts.store.write<Rotated | Refusal>(async (tx) => {
    const at = parts.now();
    const done = await tx.siteKey.findUnique({ where: { key: from } });
    if (done !== null) {
      const again = done.statement === statement;
      const value: Rotated | Refusal = again
        ? { site, from, to, again, at: done.rotatedAt.getTime() }
        : refuse(
            "unknown-key",
            `This key of ${done.site} was replaced before, on ${day(done.rotatedAt)} UTC. It can put no other key in its place.`,
          );
      return { value, audit: again ? [] : [refusedEntry(at, site, "unknown-key")] };
    }
    const no = await whyNot(parts, tx, rotation);
    if (no !== undefined) return { value: no, audit: [refusedEntry(at, site, no.code)] };
    await tx.statement.createMany({ data: [{ digest: statement, text }], skipDuplicates: true });
    await tx.siteKey.create({ data: { key: from, site, next: to, rotatedAt: new Date(at), statement } });
    await tx.site.update({ where: { name: site }, data: { key: to } });
    const words = fingerprintWords(to).join(" ");
    return {
      value: { site, from, to, again: false, at },
      audit: [{ at, actor: `site:${site}`, action: "site.key-rotated", subject: site, detail: { from, to, words, statement } }],
    };
  });
  return answered(parts, from, MEMBERSHIP_TYPES.rotated, outcome.value);
}

const refusedEntry = (at: number, site: string, code: string) => ({
  at,
  actor: "stranger",
  action: "rotation.refused",
  subject: site,
  detail: { code },
});

async function whyNot(
  parts: MembershipParts,
  tx: Transaction,
  { site, from, to }: { readonly site: SiteName; readonly from: PublicKey; readonly to: PublicKey },
): Promise<Refusal | undefined> {
  const row = await tx.site.findUnique({ where: { key: from } });
  if (row === null) return refuse("unknown-key", "This key is not enrolled here.");
  if (row.name !== site) return refuse("unknown-key", "This key is enrolled under another site name.");
  if (row.goneAt !== null) return refuse("not-enrolled", `${site} is not in the federation any more.`);
  const used = (await tx.site.count({ where: { key: to } })) + (await tx.siteKey.count({ where: { key: to } }));
  if (used > 0) return refuse("enrolled-elsewhere", "The new key is, or was, the key of a site already. Make another one.");
  const run = runNeeding(parts, site);
  return run === undefined
    ? undefined
    : refuse(
        "conflict",
        `The run ${run} is under way and needs ${site} under its present key. Wait for its end, or ask the admin to leave ${site} out of it first.`,
      );
}

/** J5: the body of POST /leave. */
export async function leave(parts: MembershipParts, body: string): Promise<Answered | Refusal> {
  const read = readEnvelope(body);
  if (isRefusal(read)) return read;
  const { key } = read.value;
  const opened = unseal(read.value, { type: MEMBERSHIP_TYPES.leave, scope: parts.identity.publicKey, key, schema: Leave });
  if (isRefusal(opened)) return answered(parts, key, MEMBERSHIP_TYPES.left, opened);
  const { site } = opened.value;
  const text = JSON.stringify(read.value);
  const statement = sha256(text);
  const outcome = await parts.store.write<Left | Refusal>(async (tx) => {
    const row = await tx.site.findUnique({ where: { key } });
    if (row === null || row.name !== site || opened.value.key !== key)
      return { value: refuse("unknown-key", "This key is not that site's: a site can only leave for itself."), audit: [] };
    if (row.goneAt !== null) return { value: { site, key, again: true, at: row.goneAt.getTime() }, audit: [] };
    const at = parts.now();
    await tx.statement.createMany({ data: [{ digest: statement, text }], skipDuplicates: true });
    await tx.site.update({ where: { name: site }, data: { goneAt: new Date(at), goneHow: "left", goneBy: `site:${site}` } });
    return {
      value: { site, key, again: false, at },
      audit: [{ at, actor: `site:${site}`, action: "site.left", subject: site, detail: { key, statement } }],
    };
  });
  return answered(parts, key, MEMBERSHIP_TYPES.left, outcome.value);
}

/** J4: by an admin. Throws `not-found`, and `conflict` while a run needs the site. */
export async function removeSite(parts: MembershipParts, { site, by }: { readonly site: SiteName; readonly by: string }): Promise<void> {
  const run = runNeeding(parts, site);
  if (run !== undefined)
    throw new EngraftError(
      "conflict",
      `The run ${run} is under way and needs ${site}. Leave ${site} out of it first, or wait for its end.`,
    );
  await parts.store.write(async (tx) => {
    const row = await tx.site.findUnique({ where: { name: site } });
    if (row === null) throw new EngraftError("not-found", "There is no such site.");
    if (row.goneAt !== null) return { value: undefined, audit: [] };
    const at = parts.now();
    await tx.site.update({ where: { name: site }, data: { goneAt: new Date(at), goneHow: "removed", goneBy: by } });
    return { value: undefined, audit: [{ at, actor: by, action: "site.removed", subject: site, detail: { key: row.key } }] };
  });
}

function answered({ identity }: MembershipParts, key: PublicKey, type: string, outcome: Rotated | Left | Refusal): Answered {
  const scope = identity.publicKey;
  if (isRefusal(outcome)) {
    const { code, text } = outcome;
    return {
      answer: seal(identity, MEMBERSHIP_TYPES.refused, scope, { key, code, text: text.slice(0, 500) }),
      changed: undefined,
      refused: outcome,
    };
  }
  return { answer: seal(identity, type, scope, outcome), changed: outcome.again ? undefined : outcome.site, refused: undefined };
}

function parsed(body: string): SignedRotation | undefined {
  try {
    return SignedRotation.parse(JSON.parse(body));
  } catch {
    return undefined;
  }
}

/** Every key of a site, oldest first; each but the last with the time until which it was the site's. */
export async function keysOf(
  { prisma }: Store,
  site: string,
): Promise<readonly { readonly key: PublicKey; readonly until: number | null; readonly statement: string | null }[]> {
  const [row, former] = await Promise.all([
    prisma.site.findUnique({ where: { name: site }, select: { key: true } }),
    prisma.siteKey.findMany({ where: { site }, orderBy: { rotatedAt: "asc" } }),
  ]);
  return [
    ...former.map(({ key, rotatedAt, statement }) => ({ key: key as PublicKey, until: rotatedAt.getTime(), statement })),
    ...(row === null ? [] : [{ key: row.key as PublicKey, until: null, statement: null }]),
  ];
}
