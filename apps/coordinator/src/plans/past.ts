/** What sites said of earlier runs over a base: how long their training took. */
import type { Digest } from "@engraft/core/base/ids";
import { pastOf, type PastRun } from "@engraft/core/rounds/cost/past";
import { runView } from "@engraft/core/rounds/view";
import type { Store } from "../store/store.ts";
import { readManifest } from "./bases.ts";
import { storedPlan } from "./stored-plan.ts";

/** Runs that are folded for it: a form waits for the answer. */
const NEWEST = 10;

/** For each site its newest run over this base in which it trained. */
export async function pastRuns(store: Store, base: Digest): Promise<PastRun[]> {
  const rows = await store.prisma.run.findMany({
    where: { plan: { baseManifest: base }, endedAt: { not: null } },
    orderBy: { createdAt: "desc" },
    take: NEWEST,
    include: { plan: { include: { base: true } } },
  });
  const newest = new Map<string, PastRun>();
  for (const { id, plan } of rows) {
    const view = runView((await store.events(id)).map(({ event }) => event));
    if (view === undefined) continue;
    for (const past of pastOf(view, storedPlan(plan.text), readManifest(plan.base.text)))
      if (!newest.has(past.site)) newest.set(past.site, past);
  }
  return [...newest.values()];
}
