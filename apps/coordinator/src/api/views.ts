/**
 * What the API answers, as types. The dashboard imports these (types only); routers must return exactly them.
 * Times are milliseconds since 1970. Run pages fold `StoredEvent`s with `@engraft/core/rounds/view`.
 */
import type { Code } from "@engraft/core/base/errors";
import type { Manifest } from "@engraft/core/models/manifest";
import type { AggregationMethod } from "@engraft/core/models/aggregation";
import type { Plan, MetricName } from "@engraft/core/models/plan";
import type { PlanChange, PlanLine } from "@engraft/core/models/plan-words";
import type { NeedAbout } from "@engraft/core/needs/words";
import type { RunEvent } from "@engraft/core/rounds/events";
import type { RunPhase } from "@engraft/core/rounds/view";
import type { Inside } from "../doctor/inside.ts";
import type { SiteProbe } from "../plans/probes.ts";
import type { ReleaseView } from "./release-views.ts";
import type { TimingView } from "./timing-views.ts";
import type { Numbers } from "@engraft/core/models/directory-numbers";
import type { SiteView } from "./site-views.ts";

export type { ApprovedDataView, CauseCode, FormerSiteView, InviteView, Rate, SiteDetail, SiteView } from "./site-views.ts";

export type { Role } from "./access.ts";
export type { Me, SessionView, TokenView, UserView } from "./people-views.ts";

export interface BaseView {
  readonly digest: string;
  readonly name: string;
  readonly version: string;
  readonly manifest: Manifest;
  readonly importedAt: number;
}

export interface ApprovalView {
  readonly site: string;
  readonly decision: "approved" | "refused" | "waiting";
  readonly steward: string | null;
  readonly reason: string | null;
  readonly at: number | null;
  readonly online: boolean;
  /** Whether figures of the site's own patients may leave it. */
  readonly siteMetrics: boolean;
  /** The run that this approval has served; it must be given again before the next one. Null under plain aggregation. */
  readonly usedBy: string | null;
}

/** Who the sites of a secure plan are, and the code that stewards read to each other. */
export interface DirectoryView {
  readonly words: readonly string[];
  readonly sites: readonly { readonly site: string; readonly operator: string; readonly withCoordinator: boolean }[];
  readonly numbers: Numbers;
}

export interface PlanSummary {
  readonly digest: string;
  /** Digest of its base's manifest. */
  readonly baseManifest: string;
  readonly name: string;
  readonly version: number;
  readonly proposedAt: number;
  readonly by: string;
  readonly withdrawn: boolean;
  /** Whether it trains nothing and counts patients. */
  readonly summary: boolean;
  readonly approved: number;
  readonly refused: number;
  /** Sites whose stewards have not decided yet. */
  readonly undecided: readonly string[];
  /** Sites that the directory names with a key that they have replaced: a run cannot be started. */
  readonly rotated: readonly string[];
  readonly sites: number;
  readonly needed: number;
  readonly runs: number;
}

export interface CannotStart {
  /** `spent`: approvals are missing because a run has used them up. */
  readonly why: "withdrawn" | "running" | "keys" | "approvals" | "spent";
  /** The run that lives, or the sites whose keys are others. */
  readonly of: readonly string[];
  /** The refusal's own words. */
  readonly text: string;
}

export interface PlanView extends PlanSummary {
  readonly plan: Plan;
  readonly words: readonly string[];
  readonly lines: readonly PlanLine[];
  /** Against the version before it; null for the first. */
  readonly changes: { readonly since: number; readonly list: readonly PlanChange[] } | null;
  readonly approvals: readonly ApprovalView[];
  readonly probes: readonly SiteProbe[];
  readonly base: BaseView;
  /** Null under plain aggregation. */
  readonly directory: DirectoryView | null;
  /** Null where a run can be started, else why not, in words. */
  readonly cannotStart: CannotStart | null;
  readonly runIds: readonly string[];
}

export interface RunSummary {
  readonly run: string;
  readonly plan: { readonly digest: string; readonly name: string; readonly version: number };
  readonly phase: RunPhase;
  /** Round under way or last ended. */
  readonly round: number;
  readonly rounds: number;
  readonly cohort: number;
  readonly in: number;
  readonly deadline: number | null;
  /** Sites whose part in what is under way is still to come. */
  readonly waitsFor: readonly string[];
  readonly createdAt: number;
  readonly endedAt: number | null;
  readonly endText: string | null;
  readonly aggregation: AggregationMethod;
  /** Mean over sites at the newest evaluated checkpoint, and at every checkpoint before it. */
  readonly metric: { readonly name: MetricName; readonly values: readonly number[] } | null;
}

export interface StoredEvent {
  /** Rises over all runs; the SSE event id, so that a reconnect resumes. */
  readonly seq: number;
  readonly event: RunEvent;
}

export interface RunDetail {
  readonly run: string;
  readonly plan: Plan;
  readonly planDigest: string;
  readonly base: BaseView;
  readonly events: readonly StoredEvent[];
  /** Answers of sites that were refused, newest first. */
  readonly refusals: readonly AuditView[];
  readonly release: ReleaseView | null;
}

/** What the coordinator holds of a secure round whose sum was opened. */
export interface RoundRecordView {
  readonly round: number;
  readonly attempt: number;
  readonly purpose: "train" | "evaluate";
  readonly sites: readonly string[];
  readonly masked: readonly { readonly site: string; readonly digest: string; readonly bytes: number; readonly kept: boolean }[];
  /** For whom each site released a share of the self mask's seed, and for whom one of the mask key. */
  readonly released: readonly { readonly site: string; readonly seedsFor: readonly string[]; readonly keysFor: readonly string[] }[];
  readonly sum: { readonly digest: string; readonly bytes: number };
  /** Digests of what the checkpoint was made of and became, beside the sum; none of an evaluation. */
  readonly checkpoints: readonly string[];
  /** Sites whose single update the record would let one read: those for which shares of both kinds were released. */
  readonly readable: readonly string[];
}

export interface ProgressView {
  readonly site: string;
  readonly run: string;
  readonly round: number;
  readonly phase: "wait" | "download" | "prepare" | "train" | "evaluate" | "upload";
  readonly done: number;
  readonly total: number;
  readonly at: number;
}

/** What the database says about runs, sites and needed blobs, for `doctor`. */
export type InsideView = Inside;
export interface BlobSizes {
  readonly blobs: number;
  readonly bytes: number;
}

export interface BlobUsageView {
  /** By what they are needed for. */
  readonly kept: readonly (BlobSizes & { readonly kind: string })[];
  /** Not needed, but written within the last day. */
  readonly young: BlobSizes;
  /** Not needed: these can go. */
  readonly collect: BlobSizes;
  /** Digests of blobs that are needed and not there. */
  readonly missing: readonly string[];
  readonly keepDays: number;
}

/** One item of a live subscription. Only `event` items are numbered and resumed. */
export type LiveItem =
  | { readonly kind: "event"; readonly seq: number; readonly run: string; readonly event: RunEvent }
  | { readonly kind: "progress"; readonly progress: ProgressView }
  | { readonly kind: "timing"; readonly timing: TimingView }
  | { readonly kind: "refusal"; readonly run: string; readonly refusal: AuditView }
  /** Something on the federation level changed (sites, plans, approvals, releases): refetch. */
  | { readonly kind: "changed"; readonly what: "sites" | "plans" | "runs" | "releases" };

export interface AuditView {
  readonly seq: number;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  /** Null where it is about no round. */
  readonly round: number | null;
  readonly code: Code | null;
  /** A sentence for people. */
  readonly text: string;
}

export type NeedKind = NeedAbout["kind"];

export interface NeedView {
  readonly kind: NeedKind;
  readonly about: NeedAbout;
  /** The cause: alerts are sent once for each. */
  readonly key: string;
  readonly severity: "bad" | "warn" | "info";
  /** What, as a sentence. */
  readonly what: string;
  /** On whom it waits, since when, what happens next. */
  readonly next: string;
  readonly button: string;
  readonly href: string;
}

export interface HomeView {
  readonly needs: readonly NeedView[];
  readonly running: readonly RunSummary[];
  readonly sites: readonly SiteView[];
  readonly releases: readonly ReleaseView[];
  readonly recent: readonly AuditView[];
}
