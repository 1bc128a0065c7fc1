/** Alerts and share links, as the API tells of them. Times are milliseconds since 1970. */
import type { Language } from "@engraft/core/needs/language";
import type { AlertKind } from "../alerts/kinds.ts";
import type { RunPhase } from "@engraft/core/rounds/view";

export interface ChannelView {
  readonly id: string;
  readonly name: string;
  readonly kind: "mail" | "webhook";
  /** Addresses, or one URL. */
  readonly to: readonly string[];
  readonly causes: readonly AlertKind[];
  readonly on: boolean;
  readonly language: Language;
}

export interface MessageView {
  readonly id: string;
  /** Null where the channel is gone, or it went to a person. */
  readonly channel: string | null;
  readonly to: string;
  readonly what: string;
  readonly language: Language;
  readonly at: number;
  readonly state: "waiting" | "sent" | "failed";
  readonly attempts: number;
  readonly error: string | null;
  readonly nextAt: number | null;
}

export interface AlertsView {
  readonly channels: readonly ChannelView[];
  /** Newest first. */
  readonly messages: readonly MessageView[];
  /** Host and port of the mail server; null where none is set. */
  readonly mailServer: string | null;
  readonly patienceMs: number;
}

export interface ShareLinkView {
  readonly id: string;
  readonly run: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
  readonly siteFigures: boolean;
  readonly counts: boolean;
}

export interface SharedCurve {
  readonly metric: string;
  /** Mean over the sites that give their figure, by checkpoint. */
  readonly mean: readonly { readonly round: number; readonly value: number }[];
  /** Null unless whoever made the link chose to show them. */
  readonly sites:
    | readonly { readonly site: string; readonly points: readonly { readonly round: number; readonly value: number }[] }[]
    | null;
}

/** What the holder of a share link sees: nothing of people, and of sites their number. */
export interface SharedRun {
  readonly run: string;
  readonly plan: { readonly name: string; readonly version: number };
  readonly phase: RunPhase;
  readonly createdAt: number;
  readonly endedAt: number | null;
  readonly sites: number;
  readonly plannedRounds: number;
  readonly aggregation: string;
  readonly rounds: readonly {
    readonly round: number;
    readonly openedAt: number;
    readonly endedAt: number | null;
    readonly asked: number;
    readonly counted: number | null;
    readonly state: "open" | "checkpoint" | "failed";
  }[];
  readonly curves: readonly SharedCurve[];
  readonly siteFigures: boolean;
  readonly expiresAt: number;
}
