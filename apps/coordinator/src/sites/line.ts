/** How a site's link does, and why it is not there: what is kept of it beside `lastSeen`, and one pure function over all of it. */
import { CodeText } from "@engraft/core/base/code-text";
import { Instant } from "@engraft/core/base/ids";
import { Way } from "@engraft/core/protocol/site-messages";
import * as z from "zod";

/** Bytes in a second over one transfer; smaller ones say nothing of the line. */
const Rate = z.strictObject({ bytesPerSecond: z.number().min(0), bytes: z.int().min(0), at: Instant });
export type Rate = z.infer<typeof Rate>;
export const LEAST_MEASURED_BYTES = 262_144;

/** `coordinator`: this program ended the link, being stopped. */
const How = z.enum(["stopped", "said", "closed", "silent", "cut", "coordinator"]);

export const Line = z.strictObject({
  end: z.strictObject({ how: How, code: CodeText, at: Instant }).nullable(),
  /** The last greeting that was refused; `proven`: signed by a key that is or was the site's own. */
  refused: z.strictObject({ code: CodeText, proven: z.boolean(), version: z.string(), at: Instant }).nullable(),
  /** In the site's own words; null before protocol 2. */
  about: z.strictObject({ paused: z.boolean(), way: Way, ownAuthority: z.boolean(), doctor: z.boolean() }).nullable(),
  /** From a word to its answer at the last greeting, in ms; half of it is how far off the clock's figure can be. */
  roundMs: z.number().min(0).nullable(),
  toCoordinator: Rate.nullable(),
  toSite: Rate.nullable(),
});
export type Line = z.infer<typeof Line>;

export const NO_LINE: Line = { end: null, refused: null, about: null, roundMs: null, toCoordinator: null, toSite: null };

/** What the database holds; a value of another version counts as none. */
export const readLine = (stored: unknown): Line => Line.safeParse(stored).data ?? NO_LINE;

const SKEW_WRONG_MS = 30_000;
const UNSTEADY_CUTS = 3;

export const CAUSES = [
  "steady",
  "unsteady",
  "clock-wrong",
  "paused",
  "version-old",
  "never-seen",
  "stopped",
  "cut",
  "silent",
  "closed",
  "turned-away",
  "coordinator-was-away",
  "version-refused",
  "key-refused",
  "key-replaced",
] as const;
export type CauseCode = (typeof CAUSES)[number];

export interface Cause {
  readonly code: CauseCode;
  /** Since when, or when it was last tried; null where nothing is known. */
  readonly at: number | null;
  /** The version that a refused agent said it has. */
  readonly version?: string;
}

export interface Facts {
  readonly online: boolean;
  readonly lastSeen: number | null;
  readonly line: Line;
  readonly version: string | null;
  /** Of this program: what an older agent is to be brought to. */
  readonly newest: string;
  readonly skewMs: number | null;
  readonly cutsToday: number;
}

/** J8: one cause, the one that somebody must act upon first. */
export const causeOf = (facts: Facts): Cause => (facts.online ? online(facts) : offline(facts));

function online({ line, skewMs, version, newest, cutsToday, lastSeen }: Facts): Cause {
  const at = lastSeen;
  if (Math.abs(skewMs ?? 0) - (line.roundMs ?? 0) / 2 > SKEW_WRONG_MS) return { code: "clock-wrong", at };
  if (line.about?.paused === true) return { code: "paused", at };
  if (isOlder(version, newest)) return { code: "version-old", at };
  return { code: cutsToday >= UNSTEADY_CUTS ? "unsteady" : "steady", at };
}

function offline({ line: { end, refused }, lastSeen }: Facts): Cause {
  // A stranger can claim a name only while the site itself is away, and is named as what it is.
  if (refused !== null && refused.at > (end?.at ?? lastSeen ?? 0)) {
    const { at, version } = refused;
    if (refused.code === "protocol-version") return { code: "version-refused", at, version };
    return { code: refused.proven ? "key-replaced" : "key-refused", at, version };
  }
  if (lastSeen === null) return { code: "never-seen", at: null };
  // Without a word about its end the coordinator itself went away first.
  if (end === null || end.how === "coordinator" || end.at < lastSeen) return { code: "coordinator-was-away", at: lastSeen };
  const { how, at } = end;
  return { code: how === "said" ? "turned-away" : how, at };
}

/** By the numbers of semantic versioning; what is no such version is not older. */
export function isOlder(version: string | null, newest: string): boolean {
  const [a, b] = [numbers(version ?? ""), numbers(newest)];
  if (a === undefined || b === undefined) return false;
  const at = a.findIndex((value, index) => value !== b[index]);
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}

const numbers = (version: string): readonly number[] | undefined => /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
