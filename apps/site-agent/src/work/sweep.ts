/** What a crash may have left in the store: blobs that nothing names any more. Bases stay, so that each travels once. */
import type { BlobRef } from "@engraft/core/rounds/events";
import type { BlobStore } from "@engraft/runtime/blobs";
import { listPlans } from "../vault/plans.ts";

const DAY_MS = 86_400_000;

/** Removes every blob but weights and trunks of offered plans and the updates and masked vectors that are not yet settled. Before any link is made. */
export async function sweep(home: string, blobs: BlobStore, unsettled: readonly BlobRef[]): Promise<void> {
  const keep = new Set<string>(unsettled.map(({ digest }) => digest));
  for (const { plan, manifest, withdrawn } of await listPlans(home)) {
    if (withdrawn) continue;
    keep.add(plan.base.weights);
    if (manifest.trunk !== undefined) keep.add(manifest.trunk.onnx.digest);
  }
  for (const { digest } of await blobs.list()) if (!keep.has(digest)) await blobs.remove(digest);
}

/** S16: downloads that nobody has gone on with for a day; now, and once a day while the agent runs. Files' times are the system's clock. */
export async function sweepDownloads(blobs: BlobStore): Promise<void> {
  const look = (): Promise<number> => blobs.sweepPartial(Date.now() - DAY_MS);
  await look();
  setInterval(() => void look().catch(() => undefined), DAY_MS).unref();
}
