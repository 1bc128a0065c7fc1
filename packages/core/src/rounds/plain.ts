/** What is due in a plain round without anybody asking: opening it, closing it, ending the evaluation. */
import { bySite, type SiteName } from "../base/ids.ts";
import type { RunEvent } from "./events.ts";
import type { Occasion } from "./secure/follow.ts";
import { present, unevaluated, type Collecting, type Evaluating, type Gathering, type RunParams } from "./state.ts";
import { waitInVain } from "./steering.ts";
import { trainingOver } from "./stop-rule.ts";

/** R8: a round opens when every approved site is there, or after `gatherSeconds` with at least `minSites`. */
export function openNext(params: RunParams, state: Gathering, occasion: Occasion): RunEvent[] {
  const { at, online } = occasion;
  const { cohort } = params.plan;
  const deadline = at + 1000 * cohort.deadlineSeconds;
  const sites = present(state);
  const ended = trainingOver(params, state);
  if (ended !== undefined && state.paused === null) {
    return [{ type: "evaluation.opened", at, cohort: [...sites], deadline, reason: ended }];
  }
  const waited = waitInVain(params, state, occasion);
  if (waited.length > 0 || state.paused !== null) return waited;
  const there = sites.filter((site) => online.includes(site));
  const everybody = there.length === sites.length;
  if (there.length < cohort.minSites || (!everybody && at < state.since + 1000 * cohort.gatherSeconds)) return [];
  const asked = Math.max(cohort.minSites, Math.ceil(cohort.fraction * there.length));
  const round = state.roundsDone + 1;
  return [{ type: "round.opened", at, round, cohort: turn(there, round, asked), deadline }];
}

/** A share of the sites, taken in turn, so that over the rounds each is asked equally often. In byte order. */
function turn(sites: readonly SiteName[], round: number, asked: number): SiteName[] {
  const first = ((round - 1) * asked) % sites.length;
  return Array.from({ length: Math.min(asked, sites.length) }, (_, index) => sites[(first + index) % sites.length] as SiteName).sort(
    bySite,
  );
}

/** R9: a round closes when all have answered, when grace is over, or at its deadline; below the minimum the run fails by name. */
export function closeIfDue(params: RunParams, state: Collecting, at: number): RunEvent[] {
  const { minSites, graceSeconds } = params.plan.cohort;
  const survivors = state.answers.map((answer) => answer.site).sort(bySite);
  const enough = survivors.length >= minSites;
  const allAnswered = survivors.length + state.dropped.length === state.cohort.length;
  const close = (reason: "all-answered" | "grace-over" | "deadline"): RunEvent[] => [
    { type: "round.closed", at, round: state.round, survivors, reason },
  ];
  const fail = (code: "quorum-not-reached" | "quorum-lost", text: string): RunEvent[] => [{ type: "run.failed", at, code, text }];
  if (enough && allAnswered) return close("all-answered");
  if (allAnswered)
    return fail(
      "quorum-lost",
      `Round ${state.round}: ${survivors.length} of the ${minSites} sites needed gave an update; the others were dropped.`,
    );
  if (enough && !state.held && state.minReachedAt !== null && at >= state.minReachedAt + 1000 * graceSeconds) return close("grace-over");
  if (at < state.deadline) return [];
  return enough
    ? close("deadline")
    : fail("quorum-not-reached", `Round ${state.round}: ${survivors.length} of the ${minSites} sites needed were in at the deadline.`);
}

/** R11: the run finishes when everybody has answered, or is recorded as missed at the deadline. */
export function endEvaluation(state: Evaluating, at: number): RunEvent[] {
  const waiting = unevaluated(state);
  if (waiting.length === 0) return [{ type: "run.finished", at }];
  if (at < state.deadline) return [];
  return waiting.map((site) => ({ type: "evaluation.missed", at, site, code: "unreachable", text: "No evaluation before the deadline." }));
}
