import * as z from "zod";
import { SiteName, type PublicKey } from "@engraft/core/base/ids";
import { fingerprintWords } from "@engraft/core/crypto/identity";
import type { App } from "../app.ts";
import { inviteView, makeInvite, revokeInvite } from "../enrol/invites.ts";
import { callerOf, procedure, router } from "./procedures.ts";
import type { InviteView, SiteView } from "./views.ts";

/** Every enrolled site, by name. */
export async function siteViews({ store, hub, approvals }: App): Promise<SiteView[]> {
  const [rows, plans] = await Promise.all([
    store.prisma.site.findMany({ orderBy: { name: "asc" } }),
    store.prisma.plan.findMany({ select: { digest: true, name: true, version: true } }),
  ]);
  const planOf = new Map(plans.map((plan) => [plan.digest, plan]));
  return rows.map((row) => {
    const session = hub.session(row.name as SiteName);
    return {
      name: row.name,
      key: row.key,
      words: fingerprintWords(row.key as PublicKey),
      joinedAt: row.joinedAt.getTime(),
      online: session !== undefined,
      lastSeen: row.lastSeen?.getTime() ?? null,
      version: session?.version ?? row.version,
      engine: session?.engine ?? row.engine,
      clockSkewMs: session?.skewMs ?? row.skewMs,
      working: session?.working ?? null,
      approvals: approvals.bySite(row.name).flatMap(({ plan, decision, at }) => {
        const of = planOf.get(plan);
        return of === undefined ? [] : [{ plan, planName: of.name, planVersion: of.version, decision, at }];
      }),
    };
  });
}

export const sites = router({
  list: procedure.query(({ ctx }) => siteViews(ctx.app)),
  invites: procedure.query(async ({ ctx }): Promise<InviteView[]> => {
    const rows = await ctx.app.store.prisma.invite.findMany({ orderBy: { createdAt: "desc" }, take: 200 });
    return rows.map((row) => inviteView(row, ctx.app.now()));
  }),
  invite: procedure.input(z.strictObject({ site: SiteName, hours: z.number().gt(0).max(720) })).mutation(async ({ ctx, input }) => {
    const { store, identity, publicUrl, otherUrls, now, feed } = ctx.app;
    const made = await makeInvite(store, {
      identity,
      url: publicUrl,
      otherUrls,
      site: input.site,
      hours: input.hours,
      by: callerOf(ctx).actor,
      now: now(),
    });
    feed.publish({ kind: "changed", what: "sites" });
    return made;
  }),
  revokeInvite: procedure.input(z.strictObject({ id: z.string().max(40) })).mutation(async ({ ctx, input }): Promise<{ ok: true }> => {
    await revokeInvite(ctx.app.store, { id: input.id, by: callerOf(ctx).actor, now: ctx.app.now() });
    ctx.app.feed.publish({ kind: "changed", what: "sites" });
    return { ok: true };
  }),
});
