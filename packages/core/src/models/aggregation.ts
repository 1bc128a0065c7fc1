/**
 * How a plan's updates are added up: secure aggregation, where the coordinator learns only the sum, or plain, where it
 * reads each of them. Free of node's modules: the dashboard checks a plan with the same schema.
 */
import * as z from "zod";
import { PublicKey, SiteName } from "../base/ids.ts";
import { MAX_SITES, MIN_SITES } from "./directory-numbers.ts";

/** Printable ASCII: it is signed as bytes and read aloud. */
const Operator = z.string().regex(/^[ -~]{1,120}$/, "use up to 120 plain ASCII characters");

/** A site of the directory, whether or not it takes part today. */
export const DirectoryEntry = z.strictObject({
  site: SiteName,
  /** Ed25519, of its enrolment. */
  publicKey: PublicKey,
  /** Who runs the site. */
  operator: Operator,
  /** Run by the coordinator's operator too: counted among those that may lie. */
  withCoordinator: z.boolean(),
});

export type DirectoryEntry = z.infer<typeof DirectoryEntry>;

export const SecureAggregation = z.strictObject({
  method: z.literal("secure"),
  /** Fixes how many sites may lie and how many must stand together. Stewards compare it by its 16 words. */
  directory: z.array(DirectoryEntry).min(MIN_SITES).max(MAX_SITES),
  /** What a site's share in the mean tells of its sample count: nothing, its order of magnitude, or all of it. */
  weights: z.enum(["equal", "bucketed", "exact"]),
  /** Largest sample count of one site; a larger one counts as this. With the directory's size below 2^31. */
  weightCap: z.int("name the largest sample count that you expect of one site, as a whole number").min(1).max(100_000_000),
  /** Largest absolute value of one coordinate of an update. */
  coordinateClip: z.number().gt(0).max(1e6),
  /**
   * `full`: 32 bits for each value. `compact`: values are rotated and rounded to 20 bits, five eighths of the bytes; a site
   * whose weight is far below the cap, or whose update is far shorter than the clip, is rounded coarsely.
   */
  encoding: z.enum(["full", "compact"]),
  /** How often a round is begun anew, with fresh keys, when too many sites vanish before a share has left. */
  attempts: z.int().min(1).max(20),
  /** Longest time of each exchange after training: keys, shares, masked vectors, release. */
  phaseSeconds: z.int().min(1).max(86_400),
});
export type SecureAggregation = z.infer<typeof SecureAggregation>;

/** `plain`: the coordinator can read each update. */
export const PlainAggregation = z.strictObject({ method: z.literal("plain") });

export const Aggregation = z.discriminatedUnion("method", [SecureAggregation, PlainAggregation]);
export type Aggregation = z.infer<typeof Aggregation>;
export type AggregationMethod = Aggregation["method"];
