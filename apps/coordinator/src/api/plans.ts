import * as z from "zod";
import { EngraftError, isRefusal } from "@engraft/core/base/errors";
import { Digest } from "@engraft/core/base/ids";
import { digestWords } from "@engraft/core/base/words";
import { planChanges, planInWords } from "@engraft/core/models/plan-words";
import { directoryWords, type Directory } from "@engraft/core/secagg/directory";
import { directoryOfPlan, secureOf } from "@engraft/core/secagg/of-plan";
import type { App } from "../app.ts";
import { baseView } from "../plans/bases.ts";
import { proposePlan, storedPlan, withdrawPlan } from "../plans/plans.ts";
import type { Plan as PlanRow, Run } from "../store/generated/client.ts";
import { callerOf, procedure, router } from "./procedures.ts";
import { usedApprovals } from "../rounds/used-approvals.ts";
import type { DirectoryView, PlanSummary, PlanView } from "./views.ts";

type PlanWithRuns = PlanRow & { readonly runs: readonly Run[] };

function summary({ approvals }: App, row: PlanWithRuns, enrolled: readonly string[], used: ReadonlyMap<string, string>): PlanSummary {
  const plan = storedPlan(row.text);
  const directory = directoryOfPlan(plan);
  const sites = isRefusal(directory) ? enrolled : directory.sites.map(({ site }) => site);
  const decisions = sites.map((site) => {
    const made = approvals.of(row.digest, site);
    return made !== undefined && used.has(made.statement) ? undefined : made?.decision;
  });
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
    needed: isRefusal(directory) ? plan.cohort.minSites : directory.numbers.minCohort,
    runs: row.runs.length,
  };
}

const siteNames = async ({ store }: App): Promise<readonly string[]> =>
  (await store.prisma.site.findMany({ select: { name: true }, orderBy: { name: "asc" } })).map(({ name }) => name);

/** Plain approvals are never used up. */
const used = async ({ store }: App, row: PlanWithRuns): Promise<ReadonlyMap<string, string>> =>
  secureOf(storedPlan(row.text)) === undefined || row.runs.length === 0 ? new Map() : usedApprovals(store, row.digest);

/** Newest first. */
export async function planSummaries(app: App): Promise<PlanSummary[]> {
  const [rows, sites] = await Promise.all([
    app.store.prisma.plan.findMany({ orderBy: { proposedAt: "desc" }, include: { runs: true } }),
    siteNames(app),
  ]);
  return Promise.all(rows.map(async (row) => summary(app, row, sites, await used(app, row))));
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
  const made = directoryOfPlan(plan);
  const directory = isRefusal(made) ? undefined : made;
  const spent = await used(app, row);
  const short = summary(app, row, sites, spent);
  return {
    ...short,
    plan,
    words: digestWords(digest),
    lines: planInWords(plan, base.manifest),
    changes: before === null ? null : { since: before.version, list: planChanges(storedPlan(before.text), plan) },
    approvals: approvals.view(digest, sites, new Set<string>(hub.online()), spent),
    base,
    directory: directory === undefined ? null : directoryView(directory),
    cannotStart: cannotStart(short, row.runs, spent.size > 0),
    runIds: row.runs.map(({ id }) => id),
  };
}

const directoryView = (directory: Directory): DirectoryView => ({
  words: directoryWords(directory),
  sites: directory.sites.map(({ site, operator, withCoordinator }) => ({ site, operator, withCoordinator })),
  numbers: directory.numbers,
});

function cannotStart(plan: PlanSummary, runs: readonly Run[], ranBefore: boolean): string | null {
  if (plan.withdrawn) return "The plan was withdrawn.";
  const live = runs.find(({ endedAt }) => endedAt === null);
  if (live !== undefined) return `The run ${live.id} is under way.`;
  if (plan.approved < plan.needed) {
    const again = ranBefore ? " An approval serves one run: stewards approve again for the next." : "";
    return `${plan.needed} sites must approve; ${plan.approved} have.${again}`;
  }
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
