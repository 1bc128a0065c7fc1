import * as z from "zod";
import { EngraftError } from "@engraft/core/base/errors";
import { Digest, RunId, SiteName } from "@engraft/core/base/ids";
import { MetricName } from "@engraft/core/models/plan";
import type { Steering } from "@engraft/core/rounds/steering";
import type { App } from "../app.ts";
import { baseView } from "../plans/bases.ts";
import { storedPlan } from "../plans/stored-plan.ts";
import { storedAuditView } from "./audit-words.ts";
import type { Context } from "./context.ts";
import { callerOf, procedure, router } from "./procedures.ts";
import { releaseOf } from "./releases.ts";
import { curvesOf, settingsOf, summariesOf, type RunRow } from "./run-folds.ts";
import { recordViews } from "../rounds/secure/record.ts";
import type { CurveView, SettingsView } from "./curve-views.ts";
import type { TimingView } from "./timing-views.ts";
import { dataSummaryOf, type SummaryView } from "./summaries.ts";
import type { RoundRecordView, RunDetail, RunSummary } from "./views.ts";

/** As many as one chart compares. */
const MAX_COMPARED = 100;
const Compared = z.array(RunId).min(1).max(MAX_COMPARED);

/** Newest first. */
export async function runSummaries(app: App, only?: "live"): Promise<RunSummary[]> {
  const rows = await app.store.prisma.run.findMany({
    ...(only === "live" ? { where: { endedAt: null } } : {}),
    orderBy: { createdAt: "desc" },
    take: 500,
    include: { plan: true },
  });
  return summariesOf(app.store, rows);
}

/** Throws `not-found`. */
async function runDetail(app: App, run: RunId): Promise<RunDetail> {
  const { store } = app;
  const row = await store.prisma.run.findUnique({ where: { id: run }, include: { plan: { include: { base: true } } } });
  if (row === null) throw new EngraftError("not-found", "There is no such run.");
  const [events, refusals, release] = await Promise.all([
    store.events(run),
    store.prisma.audit.findMany({ where: { subject: run, action: "update.refused" }, orderBy: { seq: "desc" }, take: 200 }),
    releaseOf(app, run),
  ]);
  return {
    run,
    plan: storedPlan(row.plan.text),
    planDigest: row.planDigest,
    base: baseView(row.plan.base),
    events,
    refusals: refusals.map(storedAuditView),
    release,
  };
}

/** In the order of asking. Throws `not-found` with the first run that is not there. */
async function comparedRows({ store }: App, runs: readonly RunId[]): Promise<RunRow[]> {
  const rows = await store.prisma.run.findMany({ where: { id: { in: [...runs] } }, include: { plan: true } });
  return runs.map((run) => {
    const row = rows.find(({ id }) => id === run);
    if (row === undefined) throw new EngraftError("not-found", `There is no run ${run}.`);
    return row;
  });
}

async function steered(ctx: Context, run: RunId, steering: (by: string, now: number) => Steering): Promise<{ ok: true }> {
  await ctx.app.runs.steer(run, steering(callerOf(ctx).actor, ctx.app.now()));
  return { ok: true };
}

export const runs = router({
  list: procedure.query(({ ctx }) => runSummaries(ctx.app)),
  get: procedure.input(z.strictObject({ run: RunId })).query(({ ctx, input }) => runDetail(ctx.app, input.run)),
  timings: procedure
    .input(z.strictObject({ run: RunId, round: z.int().min(0).max(10_000) }))
    .query(({ ctx, input }): Promise<TimingView[]> => ctx.app.timings.of(input.run, input.round)),
  record: procedure.input(z.strictObject({ run: RunId })).query(async ({ ctx, input }): Promise<RoundRecordView[]> => {
    const { store, blobs } = ctx.app;
    const events = await store.events(input.run);
    if (events.length === 0) throw new EngraftError("not-found", "There is no such run.");
    return recordViews(
      blobs,
      events.map(({ event }) => event),
    );
  }),
  curves: procedure
    .input(z.strictObject({ runs: Compared, metric: MetricName, sites: z.boolean() }))
    .query(async ({ ctx, input }): Promise<CurveView[]> =>
      curvesOf(ctx.app.store, await comparedRows(ctx.app, input.runs), input.metric, input.sites),
    ),
  settings: procedure
    .input(z.strictObject({ runs: Compared }))
    .query(async ({ ctx, input }): Promise<SettingsView> => settingsOf(await comparedRows(ctx.app, input.runs))),
  summary: procedure
    .input(z.strictObject({ run: RunId }))
    .query(({ ctx, input }): Promise<SummaryView> => dataSummaryOf(ctx.app, input.run)),
  start: procedure
    .input(z.strictObject({ plan: Digest }))
    .mutation(async ({ ctx, input }): Promise<{ run: string }> => ({ run: await ctx.app.runs.start(input.plan, callerOf(ctx).actor) })),
  stop: procedure.input(z.strictObject({ run: RunId })).mutation(async ({ ctx, input }): Promise<{ ok: true }> => {
    await ctx.app.runs.stop(input.run, callerOf(ctx).actor);
    return { ok: true };
  }),
  /** `minutes` from now. */
  moveDeadline: procedure
    .input(z.strictObject({ run: RunId, minutes: z.number().positive() }))
    .mutation(({ ctx, input }) =>
      steered(ctx, input.run, (by, now) => ({ do: "move-deadline", by, deadline: now + Math.round(60_000 * input.minutes) })),
    ),
  closeNow: procedure
    .input(z.strictObject({ run: RunId }))
    .mutation(({ ctx, input }) => steered(ctx, input.run, (by, now) => ({ do: "move-deadline", by, deadline: now }))),
  leaveOut: procedure
    .input(z.strictObject({ run: RunId, site: SiteName }))
    .mutation(({ ctx, input }) => steered(ctx, input.run, (by) => ({ do: "leave-out", by, site: input.site }))),
  letIn: procedure
    .input(z.strictObject({ run: RunId, site: SiteName }))
    .mutation(({ ctx, input }) => steered(ctx, input.run, (by) => ({ do: "let-in", by, site: input.site }))),
  pause: procedure
    .input(z.strictObject({ run: RunId }))
    .mutation(({ ctx, input }) => steered(ctx, input.run, (by) => ({ do: "pause", by }))),
  resume: procedure
    .input(z.strictObject({ run: RunId }))
    .mutation(({ ctx, input }) => steered(ctx, input.run, (by) => ({ do: "resume", by }))),
});
