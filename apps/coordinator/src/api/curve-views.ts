/** What the comparison of runs is drawn from, as types. The dashboard imports these. */
import type { MetricName } from "@engraft/core/models/plan";

/** One metric of a run after each checkpoint; 0 is the base unchanged. Null where there is no figure. */
export interface CurveView {
  readonly run: string;
  readonly rounds: readonly number[];
  /** Pooled over all sites' patients under secure aggregation, else their weighted mean. */
  readonly main: readonly (number | null)[];
  /** Sites that have figures of their own; empty where they were not asked for. */
  readonly sites: readonly { readonly site: string; readonly values: readonly (number | null)[] }[];
}

/** What tells the plans of some runs apart. */
export interface SettingsView {
  /** Whose settings these are. */
  readonly runs: readonly string[];
  /** Metrics that any of the plans names. */
  readonly metrics: readonly MetricName[];
  /** Values that are not the same in all, in the order of `runs`; null where a plan has no such value. */
  readonly differences: readonly { readonly path: string; readonly values: readonly (string | null)[] }[];
}
