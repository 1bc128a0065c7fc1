/** A look by a site's own `doctor`, which an admin asks for and its steward must have allowed (J6, J7). The last one is kept. */
import { randomBytes } from "node:crypto";
import { toBase64url } from "@engraft/core/base/bytes";
import { EngraftError } from "@engraft/core/base/errors";
import { Digest, Instant, type SiteName } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Envelope } from "@engraft/core/crypto/envelope";
import { DoctorAnswer, SITE_MESSAGES_FROM } from "@engraft/core/protocol/site-messages";
import * as z from "zod";
import type { Session } from "../hub/session.ts";
import type { Store } from "../store/store.ts";

/** As kept with the site. `answer` null: it has not answered yet. */
export const DoctorLook = z.strictObject({
  id: z.string(),
  by: z.string(),
  askedAt: Instant,
  answer: DoctorAnswer.nullable(),
  /** Digest of the signed answer. */
  statement: Digest.nullable(),
});
export type DoctorLook = z.infer<typeof DoctorLook>;

export const readLook = (stored: unknown): DoctorLook | null => DoctorLook.safeParse(stored).data ?? null;

/** A look takes a while: the site reads its tables and measures its line. */
const ANSWERED_WITHIN_MS = 180_000;

interface Parts {
  readonly store: Store;
  readonly now: () => number;
}

/** Throws `not-found`, and `conflict` where the site is away, too old, being looked at, or says that its steward does not allow it. */
export async function askDoctor(
  { store, now }: Parts,
  session: Session | undefined,
  { site, by }: { readonly site: SiteName; readonly by: string },
): Promise<void> {
  if (session === undefined)
    throw new EngraftError("conflict", `${site} is not connected, so it cannot be asked. Its IT can run "engraft-site doctor" there.`);
  if (session.protocol < SITE_MESSAGES_FROM)
    throw new EngraftError("conflict", `The agent of ${site} is too old to be asked. Its IT installs a newer version first.`);
  if (session.about?.doctor !== true)
    throw new EngraftError(
      "conflict",
      `The steward of ${site} does not allow it. They would run "engraft-site doctor --allow-remote on" there.`,
    );
  const id = toBase64url(randomBytes(12));
  const look: DoctorLook = { id, by, askedAt: now(), answer: null, statement: null };
  await store.write(async (tx) => {
    const row = await tx.site.findUnique({ where: { name: site }, select: { doctor: true } });
    const last = readLook(row?.doctor);
    if (last !== null && last.answer === null && now() - last.askedAt < ANSWERED_WITHIN_MS)
      throw new EngraftError("conflict", `${site} is looking at itself already. Its answer comes by itself.`);
    await tx.site.update({ where: { name: site }, data: { doctor: look } });
    return { value: undefined, audit: [{ at: look.askedAt, actor: by, action: "doctor.asked", subject: site, detail: { id } }] };
  });
  session.link.send("doctor.ask", { id, at: look.askedAt });
}

/** Keeps the answer to the last ask; any other is let go. True where it was kept. */
export async function takeDoctorAnswer({ store, now }: Parts, site: SiteName, answer: DoctorAnswer, envelope: Envelope): Promise<boolean> {
  const text = JSON.stringify(envelope);
  const statement = sha256(text);
  const { value } = await store.write(async (tx) => {
    const row = await tx.site.findUnique({ where: { name: site }, select: { doctor: true } });
    const last = readLook(row?.doctor);
    if (last === null || last.id !== answer.id || last.answer !== null) return { value: false, audit: [] };
    await tx.statement.createMany({ data: [{ digest: statement, text }], skipDuplicates: true });
    await tx.site.update({ where: { name: site }, data: { doctor: { ...last, answer, statement } } });
    const problems = answer.outcome === "looked" ? answer.findings.filter(({ level }) => level === "problem").length : 0;
    const detail = { id: answer.id, outcome: answer.outcome, problems, statement };
    return { value: true, audit: [{ at: now(), actor: `site:${site}`, action: "doctor.answered", subject: site, detail }] };
  });
  return value;
}
