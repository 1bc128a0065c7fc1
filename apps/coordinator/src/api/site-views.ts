/** What the dashboard is told of sites. */
import type { Cause, Line } from "../sites/line.ts";
import type { DoctorLook } from "../sites/remote-doctor.ts";
import type { Day, UptimeView } from "../sites/uptime.ts";
import type { AuditView, ProgressView } from "./views.ts";

export type { CauseCode, Rate } from "../sites/line.ts";

export interface SiteView {
  readonly name: string;
  readonly key: string;
  /** Eight words, to be compared by phone. */
  readonly words: readonly string[];
  readonly joinedAt: number;
  readonly online: boolean;
  readonly lastSeen: number | null;
  readonly version: string | null;
  /** Of this coordinator: what an older agent is to be brought to. */
  readonly newestVersion: string;
  readonly engine: string | null;
  /** Site clock minus coordinator clock at the last hello. */
  readonly clockSkewMs: number | null;
  readonly cause: Cause;
  readonly line: Line;
  readonly uptime: UptimeView;
  /** What the site does now, if anything. */
  readonly working: ProgressView | null;
  readonly approvals: readonly {
    readonly plan: string;
    readonly planName: string;
    readonly planVersion: number;
    readonly decision: "approved" | "refused";
    readonly at: number;
  }[];
}

export interface InviteView {
  readonly id: string;
  readonly site: string;
  readonly by: string;
  readonly createdAt: number;
  readonly expires: number;
  readonly state: "open" | "used" | "expired" | "revoked";
}

export interface FormerSiteView {
  readonly name: string;
  readonly at: number;
  readonly how: "left" | "removed";
}

/** Out of a site's signed approval of one plan; of its table nothing else is known here. */
export interface ApprovedDataView {
  readonly plan: string;
  readonly planName: string;
  readonly planVersion: number;
  readonly steward: string;
  readonly at: number;
  /** Fields of the plan that may be read. */
  readonly fields: readonly string[];
  /** Figures of fewer patients never leave. */
  readonly minimum: number;
  /** Whether figures of the site's own patients may leave it. */
  readonly siteMetrics: boolean;
  /** Digest of what the site says of its units and codes; null where its table is taken as it stands, and where the statement is gone. */
  readonly mapping: string | null;
  readonly rowsAsPatients: boolean;
}

export interface SiteDetail {
  readonly site: SiteView;
  /** Null while it belongs to the federation. */
  readonly gone: { readonly at: number; readonly how: "left" | "removed"; readonly by: string } | null;
  /** 30 days, the oldest first; `day` is its start, UTC. */
  readonly days: readonly (Day & { readonly day: number })[];
  /** Oldest first; the last one is the present one. */
  readonly keys: readonly { readonly key: string; readonly words: readonly string[]; readonly until: number | null }[];
  /** A run under way without which the site cannot be removed. */
  readonly neededBy: string | null;
  readonly data: readonly ApprovedDataView[];
  readonly doctor: DoctorLook | null;
  readonly recent: readonly AuditView[];
}
