/** Models out, as the API tells of them. Times are milliseconds since 1970. */
import type { RunId } from "@engraft/core/base/ids";
import type { AggregationMethod } from "@engraft/core/models/aggregation";
import type { EarlierModel } from "@engraft/core/models/plan";
import type { Criterion } from "@engraft/core/provenance/statement";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { Comparison } from "@engraft/core/rounds/view";

export interface ReleaseView {
  readonly id: string;
  readonly run: RunId;
  readonly plan: { readonly digest: string; readonly name: string; readonly version: number };
  readonly base: { readonly name: string; readonly version: string };
  readonly createdAt: number;
  /** That are in it. */
  readonly rounds: number;
  /** Whose checkpoint it is, where an admin chose one before the run's last; null: the last. Test patients saw the last one alone. */
  readonly round: number | null;
  /** Of the whole run. */
  readonly ofRounds: number;
  readonly aggregation: AggregationMethod;
  readonly files: readonly ReleaseFileView[];
  /** What the model is made of. */
  readonly checkpoint: BlobRef;
  /** The earlier model that its sites judged beside it, where its plan asked for that. */
  readonly comparedWith: EarlierModel | null;
  readonly comparisons: readonly Comparison[];
  /** Null while it is a candidate: nobody has released it. */
  readonly released: {
    readonly name: string;
    readonly version: string;
    readonly notes: string;
    readonly by: string;
    readonly at: number;
  } | null;
  readonly withdrawn: { readonly by: string; readonly at: number; readonly why: string } | null;
  /** The plan's acceptance criteria, held against the figures. */
  readonly criteria: readonly Criterion[];
  /** Public key of the coordinator, with which the release is verified. */
  readonly key: string;
}

export interface ReleaseFileView {
  readonly name: string;
  readonly url: string;
  readonly sha256: string;
  readonly bytes: number;
  /** How often it was fetched whole. */
  readonly downloads: number;
}

/** A checkpoint that can be released. */
export interface CheckpointView {
  readonly round: number;
  /** Of validation patients, by the plan's first metric: of all together, or the sites' mean; null where nobody said it. */
  readonly value: number | null;
}
