/** Enrolled sites with sound keys, for the tests of plans. */
import type { SiteName } from "@engraft/core/base/ids";
import { identityFromSeed } from "@engraft/core/crypto/identity";
import type { EnrolledSite } from "@engraft/core/models/plan-draft";

export const enrolledSites = (count: number): readonly EnrolledSite[] =>
  Array.from({ length: count }, (_, at) => ({
    site: `site-${String(at).padStart(3, "0")}` as SiteName,
    publicKey: identityFromSeed(new Uint8Array(32).fill(at + 1)).publicKey,
  }));
