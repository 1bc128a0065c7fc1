/**
 * A plan as people write it: what it leaves out is filled in from the federation as it is now. Secure aggregation over all
 * enrolled sites is what a plan gets that says nothing. What is proposed, digested and approved is always the whole plan.
 */
import * as z from "zod";
import { SiteName, type PublicKey } from "../base/ids.ts";
import { DirectoryEntry, PlainAggregation, SecureAggregation } from "./aggregation.ts";

/** A site that can be listed, with the key of its enrolment. */
export interface EnrolledSite {
  readonly site: SiteName;
  readonly publicKey: PublicKey;
}

const ListedSite = z.union([
  DirectoryEntry,
  /** Without a key: the enrolled one. Without an operator: named as the site is. */
  z.strictObject({ site: SiteName, operator: DirectoryEntry.shape.operator.optional(), withCoordinator: z.boolean().optional() }),
]);
const { method, ...rest } = SecureAggregation.shape;
const SecureDraft = z
  .strictObject({ ...rest, directory: z.array(ListedSite) })
  .partial()
  .extend({ method });
const AggregationDraft = z.discriminatedUnion("method", [SecureDraft, PlainAggregation]);

/** Weights up to this many samples are told apart where the author names no cap: too many for the 20 bits of compact words. */
const DEFAULT_CAP = 100_000;

/** `json` with its aggregation made whole; `json` itself where that part is not a draft, so that the plan's schema names the problem. */
export function completeDraft(json: unknown, enrolled: readonly EnrolledSite[]): unknown {
  if (typeof json !== "object" || json === null) return json;
  const draft = AggregationDraft.safeParse("aggregation" in json ? json.aggregation : { method: "secure" });
  if (!draft.success || draft.data.method === "plain") return json;
  const training = "training" in json ? z.object({ clip: z.number() }).safeParse(json.training) : undefined;
  const { directory, encoding, weights } = draft.data;
  const mustNameCap = encoding === "compact" && weights !== "equal";
  const whole = {
    weights: "bucketed",
    ...(mustNameCap ? {} : { weightCap: DEFAULT_CAP }),
    coordinateClip: training?.success === true ? training.data.clip : 1,
    encoding: "full",
    attempts: 3,
    phaseSeconds: 120,
    ...draft.data,
    directory: (directory ?? enrolled.map(({ site }) => ({ site }))).map((listed) => entryOf(listed, enrolled)),
  };
  const metrics = "metrics" in json && typeof json.metrics === "object" ? { perSite: false, ...json.metrics } : undefined;
  return { ...json, aggregation: whole, ...(metrics === undefined ? {} : { metrics }) };
}

/** A site that is not enrolled keeps an empty key, which the plan's schema names. */
function entryOf(listed: z.infer<typeof ListedSite>, enrolled: readonly EnrolledSite[]) {
  const known = enrolled.find(({ site }) => site === listed.site)?.publicKey ?? ("" as PublicKey);
  return { publicKey: known, operator: listed.site, withCoordinator: false, ...listed };
}
