/**
 * What an admin can do to a run under way (SPEC.md, R20 to R24): move a deadline, leave a site out, pause. Each is an event with
 * its author. A coordinator that comes back moves deadlines too, because nobody could answer while it was away.
 */
import { refuse, type Refusal } from "../base/errors.ts";
import type { SiteName } from "../base/ids.ts";
import type { RunEvent } from "./events.ts";
import type { Occasion } from "./secure/follow.ts";
import { answered, isSecure, waitedFor } from "./secure/state.ts";
import { awaited, comingRound, neededSites, present, unevaluated, type Gathering, type LiveState, type RunParams } from "./state.ts";

/** What an admin wants, before it is known when that is and who is there. */
export type Steering =
  /** `deadline` in the future gives more time; now or before it, what is waited for ends now. Unix milliseconds. */
  | { readonly do: "move-deadline"; readonly by: string; readonly deadline: number }
  | { readonly do: "leave-out"; readonly by: string; readonly site: SiteName }
  | { readonly do: "let-in"; readonly by: string; readonly site: SiteName }
  | { readonly do: "pause"; readonly by: string }
  | { readonly do: "resume"; readonly by: string };

/** `back`: the coordinator has been away. */
export type SteeringCommand = (Steering | { readonly do: "back" }) & Occasion;

/** The author of what nobody asked for. */
export const COORDINATOR = "coordinator";
/** A coordinator that comes back gives the sites at least so long to come back too. */
const COME_BACK_MS = 30_000;
const LONGEST_MS = 30 * 24 * 3_600_000;

export function steer(params: RunParams, state: LiveState, command: SteeringCommand): RunEvent[] | Refusal {
  switch (command.do) {
    case "move-deadline":
      return moveDeadline(params, state, command);
    case "leave-out":
      return leaveOut(params, state, command);
    case "let-in": {
      const { at, by, site } = command;
      if (!state.leftOut.includes(site)) return refuse("conflict", `${site} is not left out of this run.`);
      return [{ type: "site.let-in", at, by, site }];
    }
    case "pause":
      if (state.paused !== null) return refuse("conflict", "The run is paused already.");
      return [{ type: "run.paused", at: command.at, by: command.by, text: "No further round begins until an admin resumes the run." }];
    case "resume":
      if (state.paused === null) return refuse("conflict", "The run is not paused.");
      return [{ type: "run.resumed", at: command.at, by: command.by }];
    case "back":
      return back(params, state, command.at);
    default:
      return command satisfies never;
  }
}

/** When what is waited for ends at the latest; undefined where nothing is waited for. */
export function deadlineOf(params: RunParams, state: LiveState): number | undefined {
  if (isSecure(state)) return state.attempt.until;
  if (state.phase === "gathering") return state.since + 1000 * params.plan.cohort.gatherSeconds;
  return state.phase === "combining" ? undefined : state.deadline;
}

/** R20. Ending now is refused where what has come is not enough: nothing would come of the round. */
function moveDeadline(
  params: RunParams,
  state: LiveState,
  { at, by, deadline }: SteeringCommand & { readonly do: "move-deadline" },
): RunEvent[] | Refusal {
  const known = deadlineOf(params, state);
  if (known === undefined) return refuse("conflict", "The mean is being taken: nothing is waited for.");
  if (deadline > at + LONGEST_MS) return refuse("bad-input", "A deadline can be at most 30 days away.");
  const moved: RunEvent[] = [{ type: "deadline.moved", at, round: comingRound(state), by, deadline: Math.max(deadline, at) }];
  if (deadline > at || state.phase === "evaluating" || state.phase === "gathering") return moved;
  if (state.phase === "unmasking") return refuse("conflict", "The sum is about to be opened: closing now would lose the round.");
  const there = isSecure(state) ? answered(state).length : state.phase === "collecting" ? state.answers.length : 0;
  const needed = neededSites(params);
  if (there >= needed) return moved;
  return refuse(
    "too-few-sites",
    `${there} of the ${needed} sites needed have answered: closing the round now would lose it. Wait, give more time, or stop the run.`,
  );
}

/** R21. Whoever has answered in the open round still counts in it. */
function leaveOut(
  params: RunParams,
  state: LiveState,
  { at, by, site }: SteeringCommand & { readonly do: "leave-out" },
): RunEvent[] | Refusal {
  if (!state.sites.includes(site)) return refuse("not-found", `${site} does not take part in this run.`);
  if (state.leftOut.includes(site)) return refuse("conflict", `${site} is left out already.`);
  const needed = neededSites(params);
  if (present(state).length - 1 < needed) {
    return refuse(
      "too-few-sites",
      `Without ${site} ${present(state).length - 1} sites would be left, and the plan needs ${needed}. Stop the run instead.`,
    );
  }
  const left: RunEvent = { type: "site.left-out", at, by, site };
  const text = "An admin left this site out of the run.";
  const waited = waitingFor(state).includes(site);
  if (waited && state.phase === "evaluating") return [left, { type: "evaluation.missed", at, site, code: "left-out", text }];
  if (waited && state.phase === "collecting" && state.cohort.length - state.dropped.length - 1 < needed) {
    return refuse(
      "too-few-sites",
      `Without ${site} round ${state.round} cannot reach the ${needed} sites needed, since others were dropped from it. Wait for the next round, or stop the run.`,
    );
  }
  return waited ? [left, { type: "site.dropped", at, round: comingRound(state), site, code: "left-out", text }] : [left];
}

function waitingFor(state: LiveState): readonly SiteName[] {
  if (isSecure(state)) return waitedFor(state);
  if (state.phase === "evaluating") return unevaluated(state);
  return state.phase === "collecting" ? awaited(state) : [];
}

/** R23. */
function back(params: RunParams, state: LiveState, at: number): RunEvent[] {
  const { cohort } = params.plan;
  const patience = Math.min(COME_BACK_MS, 1000 * (state.phase === "gathering" ? cohort.gatherSeconds : cohort.deadlineSeconds));
  const known = deadlineOf(params, state);
  if (known === undefined || patience === 0) return [];
  const grace = minReachedOf(state);
  const ends = grace === null ? known : Math.min(known, grace + 1000 * cohort.graceSeconds);
  if (ends >= at + patience) return [];
  return [{ type: "deadline.moved", at, round: comingRound(state), by: COORDINATOR, deadline: at + patience }];
}

const minReachedOf = (state: LiveState): number | null =>
  isSecure(state) ? state.attempt.minReachedAt : state.phase === "collecting" ? state.minReachedAt : null;

/**
 * R24: a run that waits in vain for its sites pauses by itself and says for whom it waits, and goes on when enough of them are
 * there. `enough` are as many as a round needs.
 */
export function waitInVain(params: RunParams, state: Gathering, { at, online }: Occasion): RunEvent[] {
  const needed = neededSites(params);
  const there = present(state).filter((site) => online.includes(site));
  if (state.paused !== null) {
    const itself = state.paused.by === COORDINATOR && there.length >= needed;
    return itself ? [{ type: "run.resumed", at, by: COORDINATOR }] : [];
  }
  if (there.length >= needed || at < givesUpAt(params, state)) return [];
  const away = present(state).filter((site) => !online.includes(site));
  const text = `${there.length} of the ${needed} sites needed are online; missing: ${away.join(", ")}. The run goes on when enough of them are there.`;
  return [{ type: "run.paused", at, by: COORDINATOR, text }];
}

export const givesUpAt = ({ plan }: RunParams, { since }: Gathering): number =>
  since + 1000 * (plan.cohort.gatherSeconds + plan.cohort.deadlineSeconds);
