import * as z from "zod";
import { EngraftError } from "@engraft/core/base/errors";
import { SiteName, type PublicKey } from "@engraft/core/base/ids";
import { fingerprintWords } from "@engraft/core/crypto/identity";
import type { App } from "../app.ts";
import { inviteView, makeInvite, revokeInvite } from "../enrol/invites.ts";
import { gone } from "../http/membership.ts";
import { storedPlan } from "../plans/stored-plan.ts";
import { causeOf } from "../sites/line.ts";
import { keysOf, removeSite, runNeeding } from "../sites/membership.ts";
import { askDoctor, readLook } from "../sites/remote-doctor.ts";
import type { Site } from "../store/generated/client.ts";
import { VERSION } from "../version.ts";
import { approvedData } from "./approved-data.ts";
import { storedAuditView } from "./audit-words.ts";
import { callerOf, procedure, router } from "./procedures.ts";
import type { FormerSiteView, InviteView, SiteDetail, SiteView } from "./views.ts";

const RECENT = 20;

/** Every site of the federation, by name. */
export async function siteViews(app: App): Promise<SiteView[]> {
  const { store } = app;
  const [rows, plans] = await Promise.all([
    store.prisma.site.findMany({ where: { goneAt: null }, orderBy: { name: "asc" } }),
    store.prisma.plan.findMany({ select: { digest: true, name: true, version: true } }),
  ]);
  const planOf = new Map(plans.map((plan) => [plan.digest, plan]));
  app.uptime.advance();
  return rows.map((row) => siteView(app, row, planOf));
}

function siteView(
  { hub, approvals, presence, uptime }: App,
  row: Site,
  planOf: ReadonlyMap<string, { readonly name: string; readonly version: number }>,
): SiteView {
  const session = hub.session(row.name as SiteName);
  const line = presence.lineOf(row.name);
  const lastSeen = row.lastSeen?.getTime() ?? null;
  const version = session?.version ?? row.version;
  const clockSkewMs = session?.skewMs ?? row.skewMs;
  return {
    name: row.name,
    key: row.key,
    words: fingerprintWords(row.key as PublicKey),
    joinedAt: row.joinedAt.getTime(),
    online: session !== undefined,
    lastSeen,
    version,
    newestVersion: VERSION,
    engine: session?.engine ?? row.engine,
    clockSkewMs,
    cause: causeOf({
      online: session !== undefined,
      lastSeen,
      line,
      version,
      newest: VERSION,
      skewMs: clockSkewMs,
      cutsToday: uptime.cutsToday(row.name),
    }),
    line,
    uptime: uptime.view(row.name, row.joinedAt.getTime()),
    working: session?.working ?? null,
    approvals: approvals.bySite(row.name).flatMap(({ plan, decision, at }) => {
      const of = planOf.get(plan);
      return of === undefined ? [] : [{ plan, planName: of.name, planVersion: of.version, decision, at }];
    }),
  };
}

/** Throws `not-found`. A site that has gone is shown as it was. */
async function siteDetail(app: App, name: SiteName): Promise<SiteDetail> {
  const { store, approvals, uptime } = app;
  const row = await store.prisma.site.findUnique({ where: { name } });
  if (row === null) throw new EngraftError("not-found", "There is no such site.");
  const plans = await store.prisma.plan.findMany({ where: { digest: { in: approvals.bySite(name).map(({ plan }) => plan) } } });
  const [keys, recent, data] = await Promise.all([
    keysOf(store, name),
    store.prisma.audit.findMany({ where: { subject: name }, orderBy: { seq: "desc" }, take: RECENT }),
    approvedData(store, approvals.bySite(name), new Map(plans.map((plan) => [plan.digest, storedPlan(plan.text)]))),
  ]);
  uptime.advance();
  return {
    site: siteView(app, row, new Map(plans.map((plan) => [plan.digest, plan]))),
    gone: row.goneAt === null ? null : { at: row.goneAt.getTime(), how: row.goneHow === "left" ? "left" : "removed", by: row.goneBy ?? "" },
    days: uptime.days(name),
    keys: keys.map(({ key, until }) => ({ key, words: fingerprintWords(key), until })),
    neededBy: runNeeding(app, name) ?? null,
    data,
    doctor: readLook(row.doctor),
    recent: recent.map(storedAuditView),
  };
}

const OfSite = z.strictObject({ site: SiteName });

export const sites = router({
  list: procedure.query(({ ctx }) => siteViews(ctx.app)),
  former: procedure.query(async ({ ctx }): Promise<FormerSiteView[]> => {
    const rows = await ctx.app.store.prisma.site.findMany({ where: { NOT: { goneAt: null } }, orderBy: { goneAt: "desc" } });
    return rows.map(({ name, goneAt, goneHow }) => ({ name, at: goneAt?.getTime() ?? 0, how: goneHow === "left" ? "left" : "removed" }));
  }),
  get: procedure.input(OfSite).query(({ ctx, input }) => siteDetail(ctx.app, input.site)),
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
  askDoctor: procedure.input(OfSite).mutation(async ({ ctx, input }): Promise<{ ok: true }> => {
    const { app } = ctx;
    await askDoctor(app, app.hub.session(input.site), { site: input.site, by: callerOf(ctx).actor });
    app.feed.publish({ kind: "changed", what: "sites" });
    return { ok: true };
  }),
  /** `confirm`: the site's name once more, as a person types it. */
  remove: procedure
    .input(z.strictObject({ site: SiteName, confirm: z.string().max(80) }))
    .mutation(async ({ ctx, input: { site, confirm } }): Promise<{ ok: true }> => {
      const { app } = ctx;
      if (confirm.trim() !== site) throw new EngraftError("bad-input", `Type the site's name, ${site}, to remove it.`);
      await removeSite(app, { site, by: callerOf(ctx).actor });
      gone(app, site, "The federation's admin has removed this site. Its key is not accepted any more.");
      for (const what of ["sites", "plans"] as const) app.feed.publish({ kind: "changed", what });
      return { ok: true };
    }),
});
