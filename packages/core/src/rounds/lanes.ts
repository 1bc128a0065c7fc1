/** A site's way through a round on the coordinator's clock, from what the site signed. Pure, so the browser draws by the same rules. */
import type { TimedPhase, TimingNote, Timings } from "../protocol/timings.ts";

/** One process of a site's agent in one round, and its clock minus the coordinator's, milliseconds. */
export interface Timed {
  readonly timings: Pick<Timings, "life" | "at" | "steps" | "notes">;
  readonly offsetMs: number;
}

/** Milliseconds since the round opened. */
export interface LaneBar {
  readonly phase: "wait" | TimedPhase;
  readonly from: number;
  readonly to: number;
  readonly bytes: number | null;
  /** How many of them were moved; null where nothing was to be. */
  readonly moved: number | null;
  /** Of a secure round; null in a plain one, and while the site waits. */
  readonly attempt: number | null;
  /** Still going on. */
  readonly going: boolean;
  /** It ended with the agent's process, or with its link. */
  readonly died: boolean;
}

export interface LaneNote extends Omit<TimingNote, "at"> {
  readonly at: number;
}

/**
 * C2: bars never overlap, never leave the round, and keep the site's order, however wrong its clock is. Gaps are time in which the site
 * waited. `end`: how far the round's time has come, milliseconds since `openedAt`; `over`: nothing goes on any more.
 */
export function laneBars(timed: readonly Timed[], openedAt: number, end: number, over: boolean): readonly LaneBar[] {
  const inRound = (at: number): number => Math.max(0, Math.min(end, at));
  const bars: LaneBar[] = [];
  let reached = 0;
  const lives = timed.toSorted((a, b) => a.timings.life - b.timings.life);
  for (const [index, { timings, offsetMs }] of lives.entries()) {
    const next = lives[index + 1];
    for (const [at, step] of timings.steps.entries()) {
      const { phase, from, to, bytes, moved, attempt } = step;
      const start = Math.max(reached, inRound(from - offsetMs - openedAt));
      const open = to === null && at === timings.steps.length - 1;
      const died = open && next !== undefined;
      const going = open && next === undefined;
      const ended = died ? endOfLife(timings, from, offsetMs, next) : (to ?? from) - offsetMs;
      const stop = Math.max(start, going ? end : inRound(ended - openedAt));
      if (start > reached) bars.push(waiting(reached, start, false));
      bars.push({ phase, from: start, to: stop, bytes, moved, attempt, going: going && !over, died });
      reached = stop;
    }
  }
  if (!over && reached < end) bars.push(waiting(reached, end, true));
  return bars.filter((bar) => bar.to > bar.from || bar.going || bar.died);
}

const waiting = (from: number, to: number, going: boolean): LaneBar => ({
  phase: "wait",
  from,
  to,
  bytes: null,
  moved: null,
  attempt: null,
  going,
  died: false,
});

/** When what a killed process was at came to its end, on the coordinator's clock: where its link was lost, else where the next process began. */
function endOfLife({ notes }: Timed["timings"], from: number, offsetMs: number, next: Timed): number {
  const last = notes.findLast(({ kind }) => kind === "link-lost" || kind === "link-back");
  return last?.kind === "link-lost" && last.at >= from ? last.at - offsetMs : next.timings.life - next.offsetMs;
}

/** In order of time, inside the round. */
export const laneNotes = (timed: readonly Timed[], openedAt: number, end: number): readonly LaneNote[] =>
  timed
    .flatMap(({ timings, offsetMs }) =>
      timings.notes.map(({ at, kind, code, offset }) => ({ kind, code, offset, at: Math.max(0, Math.min(end, at - offsetMs - openedAt)) })),
    )
    .toSorted((a, b) => a.at - b.at);

/** The phase in which the site is, or was lost: the last bar that is no waiting. */
export const lastPhase = (bars: readonly LaneBar[]): TimedPhase | undefined =>
  bars.findLast((bar): bar is LaneBar & { readonly phase: TimedPhase } => bar.phase !== "wait")?.phase;
