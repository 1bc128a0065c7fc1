/** Which signed decisions have served a run already: under secure aggregation each admits one (SPEC.md, G9). */
import type { Store } from "../store/store.ts";

/** Run by statement digest. */
export async function usedApprovals(store: Store, plan: string): Promise<Map<string, string>> {
  const rows = await store.prisma.run.findMany({ where: { planDigest: plan }, select: { id: true } });
  const used = new Map<string, string>();
  for (const { id } of rows) {
    const created = (await store.events(id)).find(({ event }) => event.type === "run.created")?.event;
    if (created?.type === "run.created") for (const { statement } of created.approvals) used.set(statement, id);
  }
  return used;
}
