import * as z from "zod";
import { EngraftError } from "@engraft/core/base/errors";
import { RunId } from "@engraft/core/base/ids";
import type { MetricName } from "@engraft/core/models/metric-names";
import { criteriaOf } from "@engraft/core/provenance/criteria";
import { viewAt } from "@engraft/core/rounds/earlier-round";
import { mainCurve } from "@engraft/core/rounds/main-curve";
import { runView } from "@engraft/core/rounds/view";
import type { App } from "../app.ts";
import { ReleaseFiles } from "../http/releases.ts";
import { roundsThere } from "../releases/chosen.ts";
import { release, withdraw } from "../releases/make.ts";
import { storedPlan } from "../plans/stored-plan.ts";
import type { Base, Download, Plan, Release, Run } from "../store/generated/client.ts";
import { callerOf, procedure, router } from "./procedures.ts";
import type { CheckpointView, ReleaseView } from "./release-views.ts";

type ReleaseRow = Release & {
  readonly run: Run & { readonly plan: Plan & { readonly base: Base } };
  readonly downloads: readonly Download[];
};

const WITH_RUN = { run: { include: { plan: { include: { base: true } } } }, downloads: true } as const;

const releasedOf = ({ name, version, notes, releasedBy, releasedAt }: Release): ReleaseView["released"] =>
  name === null || version === null || releasedAt === null
    ? null
    : { name, version, notes: notes ?? "", by: releasedBy ?? "", at: releasedAt.getTime() };

async function view({ store, identity }: App, row: ReleaseRow): Promise<ReleaseView> {
  const { plan } = row.run;
  const content = storedPlan(plan.text);
  const whole = runView((await store.events(row.runId)).map(({ event }) => event));
  const folded = whole === undefined || row.round === null ? whole : viewAt(whole, row.round);
  if (whole === undefined || folded === undefined) throw new Error("Bug: a release of a run without events");
  return {
    id: row.id,
    run: RunId.parse(row.runId),
    plan: { digest: plan.digest, name: plan.name, version: plan.version },
    base: { name: plan.base.name, version: plan.base.version },
    createdAt: row.createdAt.getTime(),
    rounds: folded.rounds.length,
    round: row.round,
    ofRounds: whole.rounds.length,
    aggregation: content.aggregation.method,
    files: ReleaseFiles.parse(row.files).map((file) => ({
      ...file,
      url: `/releases/${row.id}/${file.name}`,
      downloads: row.downloads.find((one) => one.file === file.name)?.count ?? 0,
    })),
    checkpoint: folded.checkpoint,
    comparedWith: row.round === null ? (content.metrics.compareRelease ?? null) : null,
    comparisons: folded.comparisons,
    released: releasedOf(row),
    withdrawn: row.withdrawnAt === null ? null : { by: row.withdrawnBy ?? "", at: row.withdrawnAt.getTime(), why: row.withdrawn ?? "" },
    criteria: criteriaOf(content, folded),
    key: identity.publicKey,
  };
}

/** Newest first. */
export async function releaseViews(app: App, limit = 100): Promise<ReleaseView[]> {
  const rows = await app.store.prisma.release.findMany({ orderBy: { createdAt: "desc" }, take: limit, include: WITH_RUN });
  return Promise.all(rows.map((row) => view(app, row)));
}

export async function releaseOf(app: App, run: RunId): Promise<ReleaseView | null> {
  const row = await app.store.prisma.release.findUnique({ where: { runId: run }, include: WITH_RUN });
  return row === null ? null : view(app, row);
}

const Name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$/, "use 2 to 40 of a-z, 0-9 and '-'");
const Version = z.string().regex(/^[0-9]+\.[0-9]+(\.[0-9]+)?$/, "use numbers with dots, as in 1.0 or 1.0.2");
const Words = z.string().trim();

export const releases = router({
  list: procedure.query(({ ctx }) => releaseViews(ctx.app)),
  /** Those that can still be released, the newest first. */
  checkpoints: procedure
    .input(z.strictObject({ run: RunId }))
    .query(
      async ({
        ctx: { app },
        input: { run },
      }): Promise<{ readonly metric: MetricName; readonly checkpoints: readonly CheckpointView[] }> => {
        const row = await app.store.prisma.run.findUnique({ where: { id: run }, include: { plan: true } });
        const folded = runView((await app.store.events(run)).map(({ event }) => event));
        const [metric] = row === null ? [] : storedPlan(row.plan.text).metrics.names;
        if (folded === undefined || metric === undefined) throw new EngraftError("not-found", `There is no run ${run}.`);
        const values = new Map(mainCurve(folded, metric).map(({ round, value }) => [round, value]));
        const rounds = await roundsThere(app, folded);
        return { metric, checkpoints: rounds.map((round) => ({ round, value: values.get(round) ?? null })) };
      },
    ),
  make: procedure
    .input(
      z.strictObject({
        run: RunId,
        name: Name,
        version: Version,
        notes: Words.max(4000),
        despite: Words.min(1).max(1000).nullable(),
        round: z.int().min(1).optional(),
      }),
    )
    .mutation(async ({ ctx, input }): Promise<ReleaseView | null> => {
      await release(ctx.app, { ...input, by: callerOf(ctx).actor });
      return releaseOf(ctx.app, input.run);
    }),
  withdraw: procedure
    .input(z.strictObject({ run: RunId, why: Words.min(1).max(1000) }))
    .mutation(async ({ ctx, input }): Promise<{ ok: true }> => {
      await withdraw(ctx.app, { ...input, by: callerOf(ctx).actor });
      return { ok: true };
    }),
});
