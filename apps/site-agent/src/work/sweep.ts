/** What a crash may have left in the store: blobs that nothing names any more. Bases stay, so that each travels once. */
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { BlobStore } from "@engraft/runtime/blobs";
import { listPlans } from "../vault/plans.ts";

/** Removes every blob but weights and trunks of offered plans and the updates and masked vectors that are not yet settled. Before any link is made. */
export async function sweep(home: string, blobs: BlobStore, unsettled: readonly BlobRef[]): Promise<void> {
  const keep = new Set<string>(unsettled.map(({ digest }) => digest));
  for (const { plan, manifest, withdrawn } of await listPlans(home)) {
    if (withdrawn) continue;
    keep.add(plan.base.weights);
    if (manifest.trunk !== undefined) keep.add(manifest.trunk.onnx.digest);
  }
  const folder = dirname(dirname(blobs.path("0".repeat(64))));
  for (const shelf of await readdir(folder)) {
    for (const digest of await readdir(join(folder, shelf))) if (!keep.has(digest)) await blobs.remove(digest);
  }
}
