/** A round as lanes on a time axis: each site's own signed times, else what its answers and live reports tell. Milliseconds since the round opened. */
import type { TimingView } from "@engraft/coordinator/api/timing-views";
import { laneBars, laneNotes, lastPhase, type LaneBar, type LaneNote } from "@engraft/core/rounds/lanes";
import type { RoundView } from "@engraft/core/rounds/view";
import type { TimedPhase } from "@engraft/core/protocol/timings";
import { lengthText } from "../../../parts/figures.ts";
import { endOf, lostAt } from "../secure/steps.ts";
import { laneOf, type BarKind } from "../timeline.ts";
import type { Working } from "../use-run.ts";
import type { timelineWords } from "./words.ts";

export interface Bar extends Omit<LaneBar, "phase"> {
  readonly kind: BarKind;
  /** Of a failed one: the phase that ended there. */
  readonly lostIn?: TimedPhase;
}

export interface Lane {
  readonly site: string;
  readonly bars: readonly Bar[];
  /** The newest attempt of a secure round; null in a plain one. */
  readonly attempt: number | null;
  readonly notes: readonly LaneNote[];
  /** False where the site's agent is too old to sign its times. */
  readonly signed: boolean;
  /** The site's clock minus the coordinator's. */
  readonly offsetMs: number | null;
  readonly tone: "" | "text-accent" | "text-bad";
  readonly words: string;
  readonly more: string;
}

export interface SiteNow {
  readonly online: boolean;
  /** When its link ended; null where it is not known. */
  readonly lastSeen: number | null;
}

interface About {
  readonly round: RoundView;
  readonly site: string;
  readonly timed: readonly TimingView[];
  readonly working: Working | undefined;
  readonly here: SiteNow;
  /** The round's time: its end, else the clock. Milliseconds since 1970. */
  readonly now: number;
}

type Words = typeof timelineWords.en;

/** When and why the site came to nothing in this round, milliseconds since 1970; undefined while it did not. */
function endOfHope({ round, site, here, now }: About): { readonly at: number; readonly why: "dropped" | "lost" | "late" } | undefined {
  const end = endOf(round);
  if (round.sum?.sites.some((one) => one === site) === true) return undefined;
  // The newest that it was asked for: who was lost in an earlier one may not have been asked again.
  const attempt = round.attempts.findLast(({ sites }) => sites.some((one) => one.site === site));
  const own = attempt?.sites.find((one) => one.site === site);
  const dropped = round.attempts.length === 0 ? round.dropped.find((one) => one.site === site) : own?.dropped;
  if (dropped !== undefined && dropped !== null) return { at: dropped.at, why: "dropped" };
  const isOut =
    attempt === undefined || own === undefined ? end !== null : attempt !== round.attempts.at(-1) || lostAt(attempt, own) !== undefined;
  const gone = here.online ? undefined : (here.lastSeen ?? now);
  // A link that ended after the round says nothing about it.
  if (gone !== undefined && gone <= (end ?? now) && (isOut || end === null)) return { at: gone, why: "lost" };
  return isOut ? { at: attempt?.failed?.at ?? end ?? now, why: "late" } : undefined;
}

const NO_BYTES = { bytes: null, moved: null, attempt: null, died: false } as const;
const failedAt = (at: number, phase: TimedPhase | undefined): Bar => ({
  ...NO_BYTES,
  kind: "failed",
  from: at,
  to: at,
  going: false,
  ...(phase === undefined ? {} : { lostIn: phase }),
});

export function siteLane(about: About, words: Words): Lane {
  const { round, site, timed, working, now } = about;
  const own = timed.filter((one) => one.site === site && one.round === round.round);
  if (own.length === 0) return unsignedLane(about, words);
  const answer = round.attempts.length === 0 ? round.answers.find((one) => one.site === site) : undefined;
  const hope = answer === undefined ? endOfHope(about) : undefined;
  const end = endOf(round);
  const until = Math.max(1, Math.min(now, answer?.at ?? hope?.at ?? end ?? now) - round.openedAt);
  const drawn = laneBars(own, round.openedAt, until, answer !== undefined || hope !== undefined || end !== null);
  const phase = lastPhase(drawn);
  const bars: readonly Bar[] = [
    ...drawn.flatMap(({ phase: kind, ...rest }): readonly Bar[] => [
      { kind, ...rest },
      ...(rest.died && kind !== "wait" ? [failedAt(rest.to, kind)] : []),
    ]),
    ...(hope === undefined ? [] : [failedAt(until, phase)]),
  ];
  const common = {
    site,
    bars,
    attempt: round.attempts.at(-1)?.number ?? null,
    notes: laneNotes(own, round.openedAt, Math.max(until, now - round.openedAt)),
    signed: true,
    offsetMs: own.at(-1)?.offsetMs ?? null,
  };
  if (hope !== undefined) {
    const inPhase = phase === undefined ? words.state.offline : words.state.failedIn(words.phase[phase]);
    const length = lengthText(until);
    const why = { dropped: words.state.dropped(length), lost: words.state.connectionLost(length), late: words.state.noAnswer }[hope.why];
    return { ...common, tone: "text-bad", words: inPhase, more: why };
  }
  if (answer !== undefined)
    return { ...common, tone: "", words: words.state.in(lengthText(until)), more: words.patients(answer.sampleCount ?? 0) };
  if (end !== null) {
    const isIn = round.sum?.sites.some((one) => one === site) === true;
    // Without a sum a site may have done all that it was asked for.
    return { ...common, tone: isIn ? "text-accent" : "", words: isIn ? words.state.inSum : words.state.noSum, more: "" };
  }
  const going = drawn.at(-1);
  const share = progressOf(working, round.round);
  const name = words.phase[going?.phase ?? "wait"];
  return { ...common, tone: "", words: share === undefined ? name : `${name}, ${share} %`, more: words.state.underWay };
}

/** Of a bar, what stands beside its phase: that it belongs to an attempt that was given up. */
export const isEarlier = ({ attempt }: Bar, lane: Lane): boolean => attempt !== null && lane.attempt !== null && attempt < lane.attempt;

function progressOf(working: Working | undefined, round: number): number | undefined {
  if (working === undefined || working.newest.round !== round || working.newest.total <= 0 || working.newest.phase === "wait")
    return undefined;
  return Math.min(100, Math.round((100 * working.newest.done) / working.newest.total));
}

/** As far as answers and live reports tell it. */
function unsignedLane({ round, site, working, here, now }: About, words: Words): Lane {
  const told = laneOf(round, site, working, here.online, now, words);
  const answered = round.answers.some((one) => one.site === site);
  return {
    site,
    bars: told.bars.map((bar) => ({ ...NO_BYTES, ...bar })),
    attempt: null,
    notes: [],
    // Where nothing was to be said yet, nothing is missing.
    signed: !answered && working === undefined,
    offsetMs: null,
    tone: told.state.tone === "text-bad" ? "text-bad" : "",
    words: told.state.words,
    more: told.state.more,
  };
}

/** A lane in words, for screen readers. */
export function laneWords({ site, bars, words: state, more }: Lane, words: Words): string {
  const list = bars
    .filter(({ kind }) => kind !== "failed" && kind !== "unseen")
    .map(({ kind, from, to }) => `${words.phase[kind]} ${lengthText(to - from)}`);
  return words.lane(site, [...list, state, more].filter((part) => part !== "").join(", "));
}
