/** Enrolled sites with sound keys, and a secure plan over them, for the tests of what people see of plans and runs. */
import { readFileSync } from "node:fs";
import type { SiteName } from "@engraft/core/base/ids";
import { identityFromSeed } from "@engraft/core/crypto/identity";
import { Plan } from "@engraft/core/models/plan";
import { completeDraft, type EnrolledSite } from "@engraft/core/models/plan-draft";

export const enrolledSites = (count: number): readonly EnrolledSite[] =>
  Array.from({ length: count }, (_, at) => ({
    site: `site-${String(at).padStart(3, "0")}` as SiteName,
    publicKey: identityFromSeed(new Uint8Array(32).fill(at + 1)).publicKey,
  }));

const example = new URL("../../../../../../examples/heart-disease/plan.json", import.meta.url);

const written = JSON.parse(readFileSync(example, "utf8")) as { readonly metrics: object };

/** The example's plan over four sites, without figures of single ones. */
export const securePlan: Plan = Plan.parse(
  completeDraft({ ...written, metrics: { ...written.metrics, perSite: false }, aggregation: { method: "secure" } }, enrolledSites(4)),
);
