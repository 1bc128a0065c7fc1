/** A round as bars on a time axis, from answers' own seconds and from live progress. Milliseconds since the round opened. */
import type { TimingView } from "@engraft/coordinator/api/timing-views";
import type { TimedPhase } from "@engraft/core/protocol/timings";
import type { RoundView } from "@engraft/core/rounds/view";
import { lengthText } from "../../parts/figures.ts";
import { endOf } from "./secure/steps.ts";
import { timelineWords } from "./timeline/words.ts";
import type { Working } from "./use-run.ts";

/** `unseen`: before the page was open; the agent reports only where it is now. */
export type BarKind = "unseen" | "failed" | "wait" | TimedPhase;

export interface Bar {
  readonly kind: BarKind;
  readonly from: number;
  readonly to: number;
  /** Still going on. */
  readonly going: boolean;
}

export interface Lane {
  readonly site: string;
  readonly bars: readonly Bar[];
  /** How the site stands, and a second line. */
  readonly state: { readonly tone: "" | "text-warn" | "text-bad"; readonly words: string; readonly more: string };
}

/** `now`: where the round's time stands: its closing, else the clock. */
export function laneOf(
  round: RoundView,
  site: string,
  working: Working | undefined,
  online: boolean,
  now: number,
  words: typeof timelineWords.en = timelineWords.en,
): Lane {
  const answer = round.answers.find((each) => each.site === site);
  if (answer !== undefined) return answeredLane(round, answer, words);
  const elapsed = Math.max(1, now - round.openedAt);
  const dropped = round.dropped.find((each) => each.site === site);
  const steps =
    working?.newest.round === round.round
      ? stepBars(
          working,
          round.openedAt,
          dropped === undefined ? elapsed : dropped.at - round.openedAt,
          dropped === undefined && round.closed === null,
        )
      : [];
  if (dropped !== undefined) {
    const at = Math.max(1, dropped.at - round.openedAt);
    const before: readonly Bar[] = steps.length > 0 ? steps : [{ kind: "unseen", from: 0, to: at, going: false }];
    return {
      site,
      bars: [...before, { kind: "failed", from: at, to: at, going: false }],
      state: { tone: "text-bad", words: words.state.dropped(lengthText(at)), more: dropped.code },
    };
  }
  if (round.closed !== null)
    return {
      site,
      bars: [{ kind: "wait", from: 0, to: elapsed, going: false }],
      state: { tone: "text-bad", words: words.state.notIn, more: online ? words.state.noAnswer : words.state.offline },
    };
  if (steps.length === 0 || working === undefined)
    return {
      site,
      bars: [{ kind: "wait", from: 0, to: elapsed, going: true }],
      state: {
        tone: online ? "" : "text-bad",
        words: online ? words.state.asked : words.state.offline,
        more: online ? words.state.nothingHeard : words.state.waitsBack,
      },
    };
  return { site, bars: steps, state: atWork(working.newest, online, words) };
}

function atWork({ phase, done, total }: Working["newest"], online: boolean, words: typeof timelineWords.en): Lane["state"] {
  const name = words.phase[phase];
  return {
    tone: online ? "" : "text-bad",
    words: total > 0 ? `${name}, ${Math.min(100, Math.round((100 * done) / total))} %` : name,
    more: online ? words.state.underWay : words.notes["link-lost"],
  };
}

/** By the answer's own seconds. */
function answeredLane(round: RoundView, answer: RoundView["answers"][number], words: typeof timelineWords.en): Lane {
  const { site } = answer;
  const total = Math.max(1, answer.at - round.openedAt);
  const fetch = 1000 * answer.seconds.fetch;
  const train = 1000 * answer.seconds.train;
  // A site's own seconds can add up to more than passed here, by rounding or a clock that jumped.
  const scale = Math.min(1, total / Math.max(1, fetch + train));
  const bars = [
    { kind: "download" as const, from: 0, to: fetch * scale, going: false },
    { kind: "train" as const, from: fetch * scale, to: (fetch + train) * scale, going: false },
    { kind: "upload" as const, from: (fetch + train) * scale, to: total, going: false },
  ].filter((bar) => bar.to > bar.from);
  return {
    site,
    bars,
    state: { tone: "", words: words.state.in(lengthText(total)), more: words.trained(lengthText(train), answer.sampleCount ?? 0) },
  };
}

function stepBars(working: Working, openedAt: number, end: number, going: boolean): readonly Bar[] {
  const first = Math.max(0, (working.steps[0]?.from ?? openedAt) - openedAt);
  const unseen: readonly Bar[] = first > 0 ? [{ kind: "unseen", from: 0, to: first, going: false }] : [];
  const seen = working.steps.map((step, index): Bar => {
    const next = working.steps[index + 1];
    const from = Math.max(0, step.from - openedAt);
    return {
      // Pictures are prepared once, before training begins.
      kind: step.phase === "prepare" ? "download" : step.phase,
      from,
      to: Math.max(from, next === undefined ? end : next.from - openedAt),
      going: going && next === undefined,
    };
  });
  return [...unseen, ...seen];
}

/** When the smallest number of sites was in; undefined while it is not. */
export function quorumAt(round: RoundView, minSites: number): number | undefined {
  const at = round.answers.map((answer) => answer.at).toSorted((a, b) => a - b)[minSites - 1];
  return at === undefined ? undefined : at - round.openedAt;
}

const STEPS_MS = [
  50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_200_000, 1_800_000, 3_600_000,
  7_200_000, 21_600_000, 43_200_000, 86_400_000,
];

/** Round figures along the axis, about five. */
export function ticksOf(length: number): readonly number[] {
  const step = STEPS_MS.find((each) => length / each <= 6) ?? 172_800_000;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => index * step);
}

export interface RoundMark {
  readonly length: number;
  /** The phase that took longest: at the slowest site of a plain round, at any site of a secure one where times are known. */
  readonly look: TimedPhase | "sum" | "lost" | "live";
  /** What a secure round came to; null in a plain one, and while it is open. */
  readonly sum: "sum" | "lost" | null;
}

/** Until its end, else until now; milliseconds. */
export const roundLength = (round: RoundView, now: number): number => Math.max(1, (endOf(round) ?? now) - round.openedAt);

/** `timed`: what sites signed of this round, as far as it is known. */
export function roundMark(round: RoundView, now: number, timed: readonly TimingView[] = []): RoundMark {
  const end = endOf(round);
  const length = roundLength(round, now);
  if (round.attempts.length > 0) {
    const sum = round.sum !== null ? "sum" : round.failed !== null ? "lost" : null;
    return { length, look: sum === null ? "live" : (slowestPhase(round, timed) ?? sum), sum };
  }
  const last = round.answers.toSorted((a, b) => b.at - a.at)[0];
  if (last === undefined || end === null) return { length, look: "live", sum: null };
  const fetch = 1000 * last.seconds.fetch;
  const train = 1000 * last.seconds.train;
  const rest = last.at - round.openedAt - fetch - train;
  return { length, look: train >= fetch && train >= rest ? "train" : rest >= fetch ? "upload" : "download", sum: null };
}

/** The phase in which one site spent longest, all its times there together. */
export function slowestPhase(round: RoundView, timed: readonly TimingView[]): TimedPhase | undefined {
  const spent = new Map<string, { readonly phase: TimedPhase; ms: number }>();
  for (const { site, timings } of timed.filter((one) => one.round === round.round)) {
    for (const { phase, from, to } of timings.steps) {
      const key = `${site} ${phase}`;
      const known = spent.get(key) ?? { phase, ms: 0 };
      spent.set(key, { phase, ms: known.ms + (to === null ? 0 : to - from) });
    }
  }
  const longest = [...spent.values()].toSorted((a, b) => b.ms - a.ms)[0];
  return longest === undefined || longest.ms === 0 ? undefined : longest.phase;
}

/** When as many masked vectors as a sum needs were in, in the newest attempt; undefined while they are not. */
export function maskedQuorumAt(round: RoundView, needed: number): number | undefined {
  const at = round.attempts.at(-1)?.maskedAt[needed - 1];
  return at === undefined ? undefined : at - round.openedAt;
}
