/** What an alert can be about. The causes themselves are those of the first page (api/home.ts), so that page and mail never disagree. */
import * as z from "zod";
import { ALERT_KINDS } from "@engraft/core/needs/kinds";
import type { Language } from "@engraft/core/needs/language";
import type { NeedAbout } from "@engraft/core/needs/words";
import type { NeedView } from "../api/views.ts";

/** As the database holds it. */
export const languageOf = (text: string | undefined): Language => (text === "de" ? "de" : "en");

export const AlertKind = z.enum(ALERT_KINDS);
export type AlertKind = z.infer<typeof AlertKind>;

const DAY_MS = 86_400_000;
const STORAGE_MS = 30_000;

interface Manner {
  /** How long a cause stands before anybody is told. `patience`: by the coordinator's setting. */
  readonly after: number | "patience";
  /** Whether its end is news. */
  readonly over: boolean;
}

/** `run-ended` is no state: it is said once, when it happens (run-ends.ts). */
export const MANNERS: Readonly<Record<Exclude<AlertKind, "run-ended">, Manner>> = {
  storage: { after: STORAGE_MS, over: true },
  "run-failed": { after: 0, over: false },
  "run-waits": { after: "patience", over: true },
  "site-away": { after: "patience", over: true },
  "plan-refused": { after: 0, over: false },
  "approvals-missing": { after: DAY_MS, over: false },
  "plan-approved": { after: 0, over: false },
  clock: { after: "patience", over: true },
};

export type StandingKind = keyof typeof MANNERS;

export interface Standing extends Pick<NeedView, "key" | "what" | "next" | "href"> {
  readonly kind: StandingKind;
  /** Null where a version before this one kept the cause: it is said in English then. */
  readonly about: NeedAbout | null;
}

export const standingOf = (needs: readonly NeedView[]): readonly Standing[] =>
  needs.flatMap(({ kind, key, what, next, href, about }) => (kind === "no-site" ? [] : [{ kind, key, what, next, href, about }]));
