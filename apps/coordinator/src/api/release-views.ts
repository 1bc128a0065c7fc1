/** Models out, as the API tells of them. Times are milliseconds since 1970. */
import type { AggregationMethod } from "@engraft/core/models/aggregation";
import type { Criterion } from "@engraft/core/provenance/statement";
import type { Comparison } from "@engraft/core/rounds/view";

export interface ReleaseView {
  readonly id: string;
  readonly run: string;
  readonly plan: { readonly digest: string; readonly name: string; readonly version: number };
  readonly base: { readonly name: string; readonly version: string };
  readonly createdAt: number;
  readonly rounds: number;
  readonly aggregation: AggregationMethod;
  readonly files: readonly ReleaseFileView[];
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
