/** Protocol versions this build speaks. Both sides state their range; the highest common version is used. */
import * as z from "zod";
import { refuse, type Refusal } from "../base/errors.ts";

export const VersionRange = z.strictObject({ min: z.int().min(1).max(65_535), max: z.int().min(1).max(65_535) });
export type VersionRange = z.infer<typeof VersionRange>;

/**
 * Whoever changes what goes over the wire so that an older side would refuse it (a new field, type or value: schemas are
 * strict) raises `max`, sends the new form only where the session's version has it, and keeps `min` for as long as agents of
 * that version may be in the middle of a run: coordinators are upgraded first, agents one by one afterwards.
 */
export const SPOKEN: VersionRange = { min: 1, max: 2 };

/** W2: the highest version both speak, or a refusal that says which side must be upgraded. */
export function commonVersion(ours: VersionRange, theirs: VersionRange): { readonly ok: true; readonly version: number } | Refusal {
  const version = Math.min(ours.max, theirs.max);
  if (version >= Math.max(ours.min, theirs.min)) return { ok: true, version };
  const upgrade = theirs.max < ours.min ? "Upgrade the agent" : "Upgrade the coordinator";
  return refuse(
    "protocol-version",
    `The agent speaks protocol ${theirs.min} to ${theirs.max}, the coordinator ${ours.min} to ${ours.max}. ${upgrade}.`,
  );
}
