import * as z from "zod";
import { EngraftError, isRefusal } from "@engraft/core/base/errors";
import { Digest } from "@engraft/core/base/ids";
import { digestWords } from "@engraft/core/base/words";
import type { Plan } from "@engraft/core/models/plan";
import { planChanges, planInWords } from "@engraft/core/models/plan-words";
import { directoryWords, type Directory } from "@engraft/core/secagg/directory";
import { directoryOfPlan, secureOf } from "@engraft/core/secagg/of-plan";
import type { App } from "../app.ts";
import { baseView } from "../plans/bases.ts";
import { pastRuns } from "../plans/past.ts";
import { proposePlan, withdrawPlan } from "../plans/plans.ts";
import { storedPlan } from "../plans/stored-plan.ts";
import { probesOf } from "../plans/probes.ts";
import type { Plan as PlanRow, Run } from "../store/generated/client.ts";
import { callerOf, procedure, router } from "./procedures.ts";
import { keysReplaced, usedApprovals } from "../rounds/used-approvals.ts";
import type { CannotStart, DirectoryView, PlanSummary, PlanView } from "./views.ts";

type PlanWithRuns = PlanRow & { readonly runs: readonly Run[] };

function summary(
  { approvals }: App,
  row: PlanWithRuns,
  plan: Plan,
  enrolled: ReadonlyMap<string, string>,
  used: ReadonlyMap<string, string>,
): PlanSummary {
  const directory = directoryOfPlan(plan);
  const named = isRefusal(directory) ? [] : directory.sites;
  const sites = isRefusal(directory) ? [...enrolled.keys()] : named.map(({ site }) => site);
  const decisions = sites.map((site) => {
    // What a site decided before it went counts for no run to come.
    const made = enrolled.has(site) ? approvals.of(row.digest, site) : undefined;
    return made !== undefined && used.has(made.statement) ? undefined : made?.decision;
  });
  return {
    digest: row.digest,
    baseManifest: row.baseManifest,
    name: row.name,
    version: row.version,
    proposedAt: row.proposedAt.getTime(),
    by: row.by,
    withdrawn: row.withdrawnAt !== null,
    summary: plan.summary !== undefined,
    approved: decisions.filter((decision) => decision === "approved").length,
    refused: decisions.filter((decision) => decision === "refused").length,
    undecided: sites.filter((_, at) => decisions[at] === undefined),
    rotated: named.filter(({ site, publicKey }) => enrolled.has(site) && enrolled.get(site) !== publicKey).map(({ site }) => site),
    sites: sites.length,
    needed: isRefusal(directory) ? plan.cohort.minSites : directory.numbers.minCohort,
    runs: row.runs.length,
  };
}

/** Each site's key, by name. */
async function enrolledSites({ store }: App): Promise<ReadonlyMap<string, string>> {
  const rows = await store.prisma.site.findMany({ where: { goneAt: null }, select: { name: true, key: true }, orderBy: { name: "asc" } });
  return new Map(rows.map(({ name, key }) => [name, key]));
}

/** Plain approvals are never used up. */
const used = async ({ store }: App, row: PlanWithRuns, plan: Plan): Promise<ReadonlyMap<string, string>> =>
  secureOf(plan) === undefined || row.runs.length === 0 ? new Map() : usedApprovals(store, row.digest);

/** Newest first. */
export async function planSummaries(app: App): Promise<PlanSummary[]> {
  const [rows, sites] = await Promise.all([
    app.store.prisma.plan.findMany({ orderBy: { proposedAt: "desc" }, include: { runs: true } }),
    enrolledSites(app),
  ]);
  return Promise.all(
    rows.map(async (row) => {
      const plan = storedPlan(row.text);
      return summary(app, row, plan, sites, await used(app, row, plan));
    }),
  );
}

/** Throws `plan-unknown`. */
async function planView(app: App, digest: Digest): Promise<PlanView> {
  const { store, approvals, hub } = app;
  const row = await store.prisma.plan.findUnique({ where: { digest }, include: { base: true, runs: { orderBy: { createdAt: "desc" } } } });
  if (row === null) throw new EngraftError("plan-unknown", "There is no such plan.");
  const enrolled = await enrolledSites(app);
  const sites = [...enrolled.keys()];
  const before = await store.prisma.plan.findFirst({
    where: { name: row.name, version: { lt: row.version } },
    orderBy: { version: "desc" },
  });
  const plan = storedPlan(row.text);
  const base = baseView(row.base);
  const made = directoryOfPlan(plan);
  const directory = isRefusal(made) ? undefined : made;
  const spent = await used(app, row, plan);
  const short = summary(app, row, plan, enrolled, spent);
  return {
    ...short,
    plan,
    words: digestWords(digest),
    lines: planInWords(plan, base.manifest),
    changes: before === null ? null : { since: before.version, list: planChanges(storedPlan(before.text), plan) },
    approvals: approvals.view(digest, sites, new Set<string>(hub.online()), spent),
    probes: await probesOf(store, approvals, digest, plan, sites),
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

function cannotStart(plan: PlanSummary, runs: readonly Run[], ranBefore: boolean): CannotStart | null {
  if (plan.withdrawn) return { why: "withdrawn", of: [], text: "The plan was withdrawn." };
  const live = runs.find(({ endedAt }) => endedAt === null);
  if (live !== undefined) return { why: "running", of: [live.id], text: `The run ${live.id} is under way.` };
  if (plan.rotated.length > 0) return { why: "keys", of: plan.rotated, text: keysReplaced(plan.rotated) };
  if (plan.approved < plan.needed) {
    const again = ranBefore ? " An approval serves one run: stewards approve again for the next." : "";
    return { why: ranBefore ? "spent" : "approvals", of: [], text: `${plan.needed} sites must approve; ${plan.approved} have.${again}` };
  }
  return null;
}

export const plans = router({
  list: procedure.query(({ ctx }) => planSummaries(ctx.app)),
  get: procedure.input(z.strictObject({ digest: Digest })).query(({ ctx, input }) => planView(ctx.app, input.digest)),
  past: procedure.input(z.strictObject({ base: Digest })).query(({ ctx, input }) => pastRuns(ctx.app.store, input.base)),
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
