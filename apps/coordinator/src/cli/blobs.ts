/** `engraft-coordinator blobs`: what takes space in the coordinator's folder, and what of it can go. */
import type { BlobUsageView, BlobSizes } from "../api/views.ts";
import { withApi, type Reach } from "./api.ts";
import type { Said } from "./commands.ts";

const mib = ({ blobs, bytes }: BlobSizes): string => `${(bytes / 2 ** 20).toFixed(1).padStart(10)} MiB  ${String(blobs).padStart(6)} files`;

/** With `collect` what can go goes first. */
export async function blobUsage(reach: Reach, collect: boolean): Promise<Said> {
  const { usage, collected } = await withApi(reach, async (api) => ({
    collected: collect ? await api.blobs.collect.mutate() : undefined,
    usage: await api.blobs.usage.query(),
  }));
  return { json: { ...usage, ...(collected === undefined ? {} : { collected }) }, lines: linesOf(usage, collected) };
}

function linesOf({ kept, young, collect, missing, keepDays }: BlobUsageView, collected: BlobSizes | undefined): readonly string[] {
  return [
    ...kept.filter(({ blobs }) => blobs > 0).map(({ kind, ...sizes }) => `${mib(sizes)}  ${kind}`),
    `${mib(young)}  not needed, younger than a day`,
    `${mib(collect)}  not needed: "engraft-coordinator blobs --collect" lets them go; so does the coordinator itself, once a day`,
    ...(collected === undefined ? [] : [`${mib(collected)}  collected now`]),
    `Checkpoints between a run's first and last, and masked vectors, stay for ${keepDays} days after the run's end (--keep-days of "start").`,
    ...(missing.length === 0
      ? []
      : [
          `MISSING: ${missing.length} that are needed. Restore the coordinator's folder from a backup:`,
          ...missing.map((digest) => `  ${digest}`),
        ]),
  ];
}
