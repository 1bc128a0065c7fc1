import { RunId } from "@engraft/core/base/ids";
import { runView } from "@engraft/core/rounds/view";
import type { App } from "../app.ts";
import { ReleaseFiles } from "../http/releases.ts";
import { storedPlan } from "../plans/plans.ts";
import type { Base, Plan, Release, Run } from "../store/generated/client.ts";
import { procedure, router } from "./procedures.ts";
import type { ReleaseView } from "./views.ts";

type ReleaseRow = Release & { readonly run: Run & { readonly plan: Plan & { readonly base: Base } } };

const WITH_RUN = { run: { include: { plan: { include: { base: true } } } } } as const;

async function view({ store }: App, row: ReleaseRow): Promise<ReleaseView> {
  const { plan } = row.run;
  const folded = runView((await store.events(row.runId)).map(({ event }) => event));
  return {
    id: row.id,
    run: row.runId,
    plan: { digest: plan.digest, name: plan.name, version: plan.version },
    base: { name: plan.base.name, version: plan.base.version },
    createdAt: row.createdAt.getTime(),
    rounds: folded?.rounds.length ?? 0,
    aggregation: storedPlan(plan.text).aggregation.method,
    files: ReleaseFiles.parse(row.files).map((file) => ({ ...file, url: `/releases/${row.id}/${file.name}` })),
    comparisons: folded?.comparisons ?? [],
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

export const releases = router({ list: procedure.query(({ ctx }) => releaseViews(ctx.app)) });
