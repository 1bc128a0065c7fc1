/** Share links: whoever holds one reads one run, until it expires or is revoked. Of its secret a hash is kept. */
import { randomBytes } from "node:crypto";
import { EngraftError } from "@engraft/core/base/errors";
import type { RunId } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import * as z from "zod";
import type { SharedRun, ShareLinkView } from "../api/alert-views.ts";
import { viewOf } from "../api/run-folds.ts";
import type { App } from "../app.ts";
import { storedPlan } from "../plans/stored-plan.ts";
import type { Share } from "../store/generated/client.ts";
import { sharedRun } from "./shared-run.ts";

const DAY_MS = 86_400_000;

export const SECRET = /^[A-Za-z0-9_-]{43}$/;

export const NewShare = z.object({ days: z.int().min(1, "at least a day").max(90, "at most 90 days"), siteFigures: z.boolean() });

type Sharing = Pick<App, "store" | "now" | "publicUrl">;

const linkView = ({ id, runId, createdAt, expiresAt, revokedAt, siteFigures }: Share, now: number): ShareLinkView => ({
  id,
  run: runId,
  createdAt: createdAt.getTime(),
  expiresAt: expiresAt.getTime(),
  revokedAt: revokedAt?.getTime() ?? null,
  siteFigures,
  counts: revokedAt === null && expiresAt.getTime() > now,
});

/** The address is shown now and never again. Throws `not-found`. */
export async function createShare(
  { store, now, publicUrl }: Sharing,
  run: RunId,
  { days, siteFigures }: z.infer<typeof NewShare>,
  by: string,
): Promise<ShareLinkView & { readonly url: string }> {
  const secret = randomBytes(32).toString("base64url");
  const at = now();
  const data = {
    id: randomBytes(5).toString("hex"),
    hash: sha256(secret),
    runId: run,
    by,
    createdAt: new Date(at),
    expiresAt: new Date(at + days * DAY_MS),
    siteFigures,
  };
  const { value } = await store.write(async (tx) => {
    if ((await tx.run.findUnique({ where: { id: run } })) === null) throw new EngraftError("not-found", "There is no such run.");
    const detail = { link: data.id, expires: data.expiresAt.toISOString(), siteFigures };
    return { value: await tx.share.create({ data }), audit: [{ at, actor: by, action: "share.created", subject: run, detail }] };
  });
  return { ...linkView(value, at), url: `${publicUrl}/share/${secret}` };
}

/** Newest first. */
export async function listShares({ store, now }: Sharing, run: RunId): Promise<readonly ShareLinkView[]> {
  const rows = await store.prisma.share.findMany({ where: { runId: run }, orderBy: { createdAt: "desc" }, take: 100 });
  return rows.map((row) => linkView(row, now()));
}

/** At once; again it changes nothing. Throws `not-found`. */
export async function revokeShare({ store, now }: Sharing, id: string, by: string): Promise<void> {
  await store.write(async (tx) => {
    const row = await tx.share.findUnique({ where: { id } });
    if (row === null) throw new EngraftError("not-found", "There is no such link. Reload the page.");
    if (row.revokedAt !== null) return { value: undefined, audit: [] };
    await tx.share.update({ where: { id }, data: { revokedAt: new Date(now()) } });
    return { value: undefined, audit: [{ at: now(), actor: by, action: "share.revoked", subject: row.runId, detail: { link: id } }] };
  });
}

/** Throws `not-found`, the same for a link that never was, has expired or was revoked. */
export async function openShare({ store, now }: Sharing, secret: string): Promise<SharedRun> {
  const row = await store.prisma.share.findUnique({ where: { hash: sha256(secret) } });
  const run =
    row === null || !linkView(row, now()).counts
      ? null
      : await store.prisma.run.findUnique({ where: { id: row.runId }, include: { plan: true } });
  const view = run === null ? undefined : await viewOf(store, run.id);
  if (row === null || run === null || view === undefined)
    throw new EngraftError("not-found", "This link is not valid, or not any more. Ask whoever gave it to you for a new one.");
  return sharedRun(view, { plan: storedPlan(run.plan.text), siteFigures: row.siteFigures, expiresAt: row.expiresAt.getTime() });
}
