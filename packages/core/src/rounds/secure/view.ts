/** A secure round as people watch it: which site has come how far, what was fixed when, and why an attempt ended without a sum. */
import type { SiteName } from "../../base/ids.ts";
import type { PooledFigures } from "../../models/pooled.ts";
import type { EventOf, RunEvent } from "../events.ts";

/** How far a site has come in an attempt, in this order. */
export const SITE_STEPS = ["asked", "advertised", "dealt", "masked", "echoed", "released"] as const;
export type SiteStep = (typeof SITE_STEPS)[number];

export interface SiteInAttempt {
  readonly site: SiteName;
  readonly step: SiteStep;
  /** When it came there. */
  readonly at: number;
  readonly dropped: { readonly at: number; readonly code: string; readonly text: string } | null;
}

export interface AttemptView {
  readonly number: number;
  readonly openedAt: number;
  /** What the sites do now. */
  readonly phase: "advertising" | "dealing" | "masking" | "unmasking" | "opened" | "failed";
  /** When the phase ends at the latest. */
  readonly until: number;
  readonly sites: readonly SiteInAttempt[];
  /** Whose vectors are in the sum; null until that is fixed. */
  readonly inputs: readonly SiteName[] | null;
  /** When each masked vector came in, in order of time. */
  readonly maskedAt: readonly number[];
  readonly failed: { readonly at: number; readonly code: string; readonly text: string; readonly missing: readonly SiteName[] } | null;
  readonly complaints: readonly { readonly by: SiteName; readonly about: SiteName; readonly answered: boolean }[];
  /** Proved against a site, by its code. */
  readonly blamed: readonly { readonly site: SiteName; readonly code: string; readonly text: string }[];
}

export interface SumView {
  readonly at: number;
  readonly digest: string;
  readonly bytes: number;
  readonly sites: readonly SiteName[];
  readonly totalWeight: number;
  readonly pooled: PooledFigures;
  readonly crooked: readonly SiteName[];
}

export function openedAttempt({ attempt, at, deadline, cohort }: EventOf<"attempt.opened">): AttemptView {
  const sites = cohort.map((site): SiteInAttempt => ({ site, step: "asked", at, dropped: null }));
  return {
    number: attempt,
    openedAt: at,
    phase: "advertising",
    until: deadline,
    sites,
    inputs: null,
    maskedAt: [],
    failed: null,
    complaints: [],
    blamed: [],
  };
}

const stepped = (attempt: AttemptView, site: SiteName, step: SiteStep, at: number): AttemptView => ({
  ...attempt,
  sites: attempt.sites.map((one) => (one.site === site ? { ...one, step, at } : one)),
});

/** The attempt after one more of its events. */
export function withAttemptEvent(attempt: AttemptView, event: RunEvent): AttemptView {
  switch (event.type) {
    case "advert.accepted":
      return stepped(attempt, event.site, "advertised", event.at);
    case "roster.fixed":
      return { ...attempt, phase: "dealing", until: event.until };
    case "deal.accepted":
      return stepped(attempt, event.site, "dealt", event.at);
    case "shares.fixed":
      return { ...attempt, phase: "masking", until: event.until };
    case "complaint.made":
      return { ...attempt, complaints: [...attempt.complaints, { by: event.site, about: event.dealer, answered: false }] };
    case "complaint.answered": {
      const answered = attempt.complaints.map((one) =>
        one.by === event.complainer && one.about === event.site ? { ...one, answered: true } : one,
      );
      return { ...attempt, complaints: answered };
    }
    case "input.accepted":
      return { ...stepped(attempt, event.site, "masked", event.at), maskedAt: [...attempt.maskedAt, event.at] };
    case "inputs.fixed":
      return { ...attempt, phase: "unmasking", until: event.until, inputs: event.sites };
    case "echo.accepted":
      return stepped(attempt, event.site, "echoed", event.at);
    case "release.accepted":
      return stepped(attempt, event.site, "released", event.at);
    case "site.dropped": {
      const { site, at, code, text } = event;
      return { ...attempt, sites: attempt.sites.map((one) => (one.site === site ? { ...one, dropped: { at, code, text } } : one)) };
    }
    case "opening.failed": {
      const { blamed, code, text } = event;
      return blamed === null ? attempt : { ...attempt, blamed: [...attempt.blamed, { site: blamed, code, text }] };
    }
    case "sum.opened":
      return { ...attempt, phase: "opened" };
    case "attempt.failed": {
      const { at, code, text, missing } = event;
      return { ...attempt, phase: "failed", failed: { at, code, text, missing } };
    }
    default:
      return attempt;
  }
}

export function sumOf({ at, sum, sites, totalWeight, pooled, crooked }: EventOf<"sum.opened">): SumView {
  return { at, ...sum, sites, totalWeight, pooled, crooked };
}
