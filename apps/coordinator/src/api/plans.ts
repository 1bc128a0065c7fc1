import * as z from "zod";
import { EngraftError } from "@engraft/core/base/errors";
import { Digest } from "@engraft/core/base/ids";
import { digestWords } from "@engraft/core/base/words";
import { planChanges, planInWords } from "@engraft/core/models/plan-words";
import type { App } from "../app.ts";
import { baseView } from "../plans/bases.ts";
import { proposePlan, storedPlan, withdrawPlan } from "../plans/plans.ts";
import type { Plan as PlanRow, Run } from "../store/generated/client.ts";
import { callerOf, procedure, router } from "./procedures.ts";
import type { PlanSummary, PlanView } from "./views.ts";

type PlanWithRuns = PlanRow & { readonly runs: readonly Run[] };

function summary({ approvals }: App, row: PlanWithRuns, sites: readonly string[]): PlanSummary {
  const decisions = sites.map((site) => approvals.of(row.digest, site)?.decision);
  return {
    digest: row.digest,
    name: row.name,
    version: row.version,
    proposedAt: row.proposedAt.getTime(),
    by: row.by,
    withdrawn: row.withdrawnAt !== null,
    approved: decisions.filter((decision) => decision === "approved").length,
    refused: decisions.filter((decision) => decision === "refused").length,
    sites: sites.length,
    needed: storedPlan(row.text).cohort.minSites,
    runs: row.runs.length,
  };
}

const siteNames = async ({ store }: App): Promise<readonly string[]> =>
  (await store.prisma.site.findMany({ select: { name: true }, orderBy: { name: "asc" } })).map(({ name }) => name);

/** Newest first. */
export async function planSummaries(app: App): Promise<PlanSummary[]> {
  const [rows, sites] = await Promise.all([
    app.store.prisma.plan.findMany({ orderBy: { proposedAt: "desc" }, include: { runs: true } }),
    siteNames(app),
  ]);
  return rows.map((row) => summary(app, row, sites));
}

/** Throws `plan-unknown`. */
async function planView(app: App, digest: Digest): Promise<PlanView> {
  const { store, approvals, hub } = app;
  const row = await store.prisma.plan.findUnique({ where: { digest }, include: { base: true, runs: { orderBy: { createdAt: "desc" } } } });
  if (row === null) throw new EngraftError("plan-unknown", "There is no such plan.");
  const sites = await siteNames(app);
  const before = await store.prisma.plan.findFirst({
    where: { name: row.name, version: { lt: row.version } },
    orderBy: { version: "desc" },
  });
  const plan = storedPlan(row.text);
  const base = baseView(row.base);
  const short = summary(app, row, sites);
  return {
    ...short,
    plan,
    words: digestWords(digest),
    lines: planInWords(plan, base.manifest),
    changes: before === null ? null : { since: before.version, list: planChanges(storedPlan(before.text), plan) },
    approvals: approvals.view(digest, sites, new Set<string>(hub.online())),
    base,
    cannotStart: cannotStart(short, row.runs),
    runIds: row.runs.map(({ id }) => id),
  };
}

function cannotStart(plan: PlanSummary, runs: readonly Run[]): string | null {
  if (plan.withdrawn) return "The plan was withdrawn.";
  const live = runs.find(({ endedAt }) => endedAt === null);
  if (live !== undefined) return `The run ${live.id} is under way.`;
  if (plan.approved < plan.needed) return `${plan.needed} sites must approve; ${plan.approved} have.`;
  return null;
}

export const plans = router({
  list: procedure.query(({ ctx }) => planSummaries(ctx.app)),
  get: procedure.input(z.strictObject({ digest: Digest })).query(({ ctx, input }) => planView(ctx.app, input.digest)),
  propose: procedure
    .input(z.strictObject({ plan: z.string().max(262_144) }))
    .mutation(async ({ ctx, input }): Promise<{ digest: string }> => {
      const { store, offers, hub, feed, now } = ctx.app;
      const digest = await proposePlan(store, { text: input.plan, by: callerOf(ctx).actor, now: now() });
      await offers.announce(digest, hub.sessions());
      feed.publish({ kind: "changed", what: "plans" });
      return { digest };
    }),
  withdraw: procedure.input(z.strictObject({ digest: Digest })).mutation(async ({ ctx, input }): Promise<{ ok: true }> => {
    const { store, offers, hub, feed, now } = ctx.app;
    await withdrawPlan(store, { digest: input.digest, by: callerOf(ctx).actor, now: now() });
    await offers.announce(input.digest, hub.sessions());
    feed.publish({ kind: "changed", what: "plans" });
    return { ok: true };
  }),
});
