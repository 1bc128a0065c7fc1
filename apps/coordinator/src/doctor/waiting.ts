/** Why a run does not go on: pure, from its state, so that every way of being stuck can be tested. */
import type { SiteName } from "@engraft/core/base/ids";
import { isSecure, waitedFor } from "@engraft/core/rounds/secure/state";
import { awaited, neededSites, present, unevaluated, type Paused, type RunParams, type RunState } from "@engraft/core/rounds/state";
import { COORDINATOR } from "@engraft/core/rounds/steering";
import { ok, problem, warning, type Finding } from "@engraft/runtime/doctor";

export interface Situation {
  readonly run: string;
  readonly params: RunParams;
  readonly state: RunState;
  /** When its last event was stored. */
  readonly since: number;
  /** Null where no coordinator runs. */
  readonly online: readonly SiteName[] | null;
  /** Sites whose last decision about the plan is yes. */
  readonly approved: readonly SiteName[];
  /** Whether a finished run's release is there. */
  readonly released: boolean;
  readonly now: number;
}

/** What should happen by itself has this long. */
const LATE_MS = 60_000;
/** Adding up the updates of a large model. */
const COMBINING_MS = 600_000;

const list = (sites: readonly SiteName[]): string => sites.join(", ");
const time = (at: number): string => new Date(at).toISOString();

/** One finding for a run that has not ended, or whose release is not made. */
export function waitingFinding(situation: Situation): Finding {
  const { run, state, since, online, now, released } = situation;
  if (online === null && state.phase !== "stopped" && state.phase !== "failed")
    return warning(
      "run-waits-coordinator",
      `${run} is ${state.phase} since ${time(since)}, and no coordinator runs.`,
      "Start the coordinator: the run goes on by itself.",
    );
  switch (state.phase) {
    case "gathering":
      return state.paused === null ? gatheringFinding(situation, present(state)) : pausedFinding(run, state.paused);
    case "collecting":
      return openFinding(situation, `round ${state.round}`, awaited(state), state.deadline);
    case "evaluating":
      return openFinding(situation, "the evaluation", unevaluated(state), state.deadline);
    case "combining":
      return now - since > COMBINING_MS
        ? stuck(run, `the mean of round ${state.round} is due since ${time(since)}`)
        : ok(`${run} adds up round ${state.round}`);
    case "finished":
      return released || now - since <= LATE_MS
        ? ok(`${run} has finished`)
        : stuck(run, `it finished at ${time(since)}, and its release is not made`);
    default:
      if (isSecure(state))
        return openFinding(situation, `round ${state.attempt.round}, ${state.phase},`, waitedFor(state), state.attempt.until);
      return ok(`${run} is ${state.phase}`);
  }
}

const stuck = (run: string, why: string): Finding =>
  problem(
    "run-stuck",
    `${run} does not go on: ${why}.`,
    "Look in the coordinator's log for this run (step.failed, combine.failed, release.failed), see to what it names, and start the coordinator again: the run goes on from its log.",
  );

const pausedFinding = (run: string, { by, at, text }: Paused): Finding =>
  warning(
    "run-paused",
    `${run} is paused by ${by} since ${time(at)}. ${text}`,
    by === COORDINATOR
      ? 'Ask the missing hospitals to run "engraft-site doctor"; the run goes on when enough of them are there.'
      : `Go on with it with "engraft-coordinator run resume ${run}", or stop it.`,
  );

function gatheringFinding({ run, params, since, online, approved, now }: Situation, sites: readonly SiteName[]): Finding {
  const offline = sites.filter((site) => online?.includes(site) !== true);
  const withdrawn = sites.filter((site) => !approved.includes(site));
  const able = sites.filter((site) => !offline.includes(site) && !withdrawn.includes(site));
  const needed = neededSites(params);
  if (able.length < needed) {
    const who = [
      ...(offline.length === 0 ? [] : [`offline: ${list(offline)}`]),
      ...(withdrawn.length === 0 ? [] : [`approval taken back: ${list(withdrawn)}`]),
    ];
    return warning(
      "run-waits-sites",
      `${run} waits since ${time(since)}: ${able.length} of the ${needed} sites needed can take part (${who.join("; ")}).`,
      'Ask those hospitals to run "engraft-site doctor", or stop the run with "engraft-coordinator run stop".',
    );
  }
  const due = since + 1000 * params.plan.cohort.gatherSeconds;
  return now > due + LATE_MS ? stuck(run, `its next round was due at ${time(due)}`) : ok(`${run} opens its next round by ${time(due)}`);
}

function openFinding({ run, online, now }: Situation, what: string, waiting: readonly SiteName[], until: number): Finding {
  if (now > until + LATE_MS) return stuck(run, `${what} should have ended at ${time(until)}`);
  const offline = waiting.filter((site) => online?.includes(site) !== true);
  if (offline.length > 0)
    return warning(
      "run-waits-sites",
      `${run}: ${what} waits until ${time(until)} for ${list(waiting)}; offline: ${list(offline)}.`,
      'Ask those hospitals to run "engraft-site doctor". Without them the run goes on or ends by its plan.',
    );
  return ok(waiting.length === 0 ? `${run}: ${what} closes` : `${run}: ${what} waits for ${list(waiting)}, until ${time(until)}`);
}
