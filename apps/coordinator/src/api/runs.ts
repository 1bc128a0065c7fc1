import * as z from "zod";
import { EngraftError } from "@engraft/core/base/errors";
import { Digest, RunId, SiteName } from "@engraft/core/base/ids";
import type { Plan } from "@engraft/core/models/plan";
import type { Steering } from "@engraft/core/rounds/steering";
import { curveMean, runView, type RunView } from "@engraft/core/rounds/view";
import type { App } from "../app.ts";
import { baseView } from "../plans/bases.ts";
import { storedPlan } from "../plans/plans.ts";
import type { Plan as PlanRow, Run } from "../store/generated/client.ts";
import type { Store } from "../store/store.ts";
import { storedAuditView } from "./audit-words.ts";
import type { Context } from "./context.ts";
import { callerOf, procedure, router } from "./procedures.ts";
import { releaseOf } from "./releases.ts";
import { recordViews } from "../rounds/secure/record.ts";
import type { RoundRecordView, RunDetail, RunSummary } from "./views.ts";

type RunRow = Run & { readonly plan: PlanRow };

/** An ended run never changes, so its summary is folded once. */
const endedRuns = new WeakMap<Store, Map<string, RunSummary>>();
const MAX_REMEMBERED = 1000;

async function summary({ store }: App, row: RunRow): Promise<RunSummary | undefined> {
  const ended = endedRuns.get(store) ?? new Map<string, RunSummary>();
  endedRuns.set(store, ended);
  const known = ended.get(row.id);
  if (known !== undefined) return known;
  const view = runView((await store.events(row.id)).map(({ event }) => event));
  if (view === undefined) return undefined;
  const made = summaryOf(view, row.plan, storedPlan(row.plan.text));
  if (view.end !== null && ended.size < MAX_REMEMBERED) ended.set(row.id, made);
  return made;
}

function summaryOf(view: RunView, row: PlanRow, plan: Plan): RunSummary {
  const round = view.rounds.at(-1);
  const evaluating = view.phase === "evaluating" ? view.evaluation : null;
  const name = plan.rounds.stop?.metric ?? plan.metrics.names[0];
  const values = name === undefined ? [] : view.curve.flatMap((point) => curveMean(point, name) ?? []);
  return {
    run: view.run,
    plan: { digest: row.digest, name: row.name, version: row.version },
    phase: view.phase,
    round: round?.round ?? 0,
    rounds: plan.rounds.count,
    cohort: (evaluating?.cohort ?? round?.cohort ?? view.sites).length,
    in: evaluating === null ? (round?.answers.length ?? 0) : view.comparisons.length,
    deadline: view.end !== null ? null : (evaluating?.deadline ?? (view.phase === "collecting" ? (round?.deadline ?? null) : null)),
    createdAt: view.createdAt,
    endedAt: view.end?.at ?? null,
    endText: view.end?.text ?? null,
    aggregation: plan.aggregation.method,
    metric: name === undefined || values.length === 0 ? null : { name, values },
  };
}

/** Newest first. */
export async function runSummaries(app: App, only?: "live"): Promise<RunSummary[]> {
  const rows = await app.store.prisma.run.findMany({
    ...(only === "live" ? { where: { endedAt: null } } : {}),
    orderBy: { createdAt: "desc" },
    take: 500,
    include: { plan: true },
  });
  const summaries = await Promise.all(rows.map((row) => summary(app, row)));
  return summaries.filter((made) => made !== undefined);
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

async function steered(ctx: Context, run: RunId, steering: (by: string, now: number) => Steering): Promise<{ ok: true }> {
  await ctx.app.runs.steer(run, steering(callerOf(ctx).actor, ctx.app.now()));
  return { ok: true };
}

export const runs = router({
  list: procedure.query(({ ctx }) => runSummaries(ctx.app)),
  get: procedure.input(z.strictObject({ run: RunId })).query(({ ctx, input }) => runDetail(ctx.app, input.run)),
  record: procedure.input(z.strictObject({ run: RunId })).query(async ({ ctx, input }): Promise<RoundRecordView[]> => {
    const { store, blobs } = ctx.app;
    const events = await store.events(input.run);
    if (events.length === 0) throw new EngraftError("not-found", "There is no such run.");
    return recordViews(
      blobs,
      events.map(({ event }) => event),
    );
  }),
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
