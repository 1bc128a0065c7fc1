/**
 * R2: the state after an event. Total, and without clock, randomness or failure, so that a replay of the stored events
 * gives the state again: `events.reduce(evolve(params), ABSENT)`. An event that does not fit the phase changes nothing.
 */
import type { SiteName } from "../base/ids.ts";
import { weightedMean } from "../models/metric-means.ts";
import type { EventOf, RunEvent } from "./events.ts";
import { evolveSecure, isSecureEvent } from "./secure/evolve.ts";
import { isSecure, type Unmasking } from "./secure/state.ts";
import { NO_SUMS, isEnded, shared, type Collecting, type LiveState, type RunParams, type RunState } from "./state.ts";

export const ABSENT: RunState = { phase: "absent" };

export const evolve =
  (params: RunParams) =>
  (state: RunState, event: RunEvent): RunState => {
    if (event.type === "run.created") return state.phase === "absent" ? created(params, event) : state;
    if (state.phase === "absent" || isEnded(state)) return state;
    if (isSecureEvent(event)) return evolveSecure(params, state, event);
    switch (event.type) {
      case "round.opened":
        if (state.phase !== "gathering") return state;
        return {
          phase: "collecting",
          ...shared(state),
          round: event.round,
          cohort: event.cohort,
          deadline: event.deadline,
          answers: [],
          dropped: [],
          minReachedAt: null,
          held: false,
        };
      case "update.accepted": {
        if (state.phase !== "collecting") return state;
        const { site, update, sampleCount, validation } = event;
        const answers = [...state.answers, { site, update, sampleCount, validation }];
        const reached = state.minReachedAt ?? (answers.length >= params.plan.cohort.minSites ? event.at : null);
        return { ...state, answers, minReachedAt: reached };
      }
      case "site.dropped":
        if (isSecure(state)) return { ...state, attempt: { ...state.attempt, dropped: [...state.attempt.dropped, event.site] } };
        return state.phase === "collecting" ? { ...state, dropped: [...state.dropped, event.site] } : state;
      case "round.closed":
        if (state.phase !== "collecting") return state;
        return {
          phase: "combining",
          ...shared(state),
          round: state.round,
          answers: state.answers,
          trace: [...state.trace, traceValue(params, state)],
        };
      case "checkpoint.written":
        if (state.phase === "unmasking") return summed(params, state, event);
        if (state.phase !== "combining") return state;
        return { phase: "gathering", ...shared(state), ...written(state, state.answers, event), roundsDone: event.round, since: event.at };
      case "evaluation.opened":
        if (state.phase !== "gathering") return state;
        return { phase: "evaluating", ...shared(state), cohort: event.cohort, deadline: event.deadline, done: [] };
      case "evaluation.accepted":
      case "evaluation.missed":
        return state.phase === "evaluating" ? { ...state, done: [...state.done, event.site] } : state;
      case "deadline.moved":
        return deadlineMoved(params, state, event.deadline);
      case "site.left-out":
        return { ...state, leftOut: [...state.leftOut, event.site] };
      case "site.let-in":
        return { ...state, leftOut: state.leftOut.filter((site) => site !== event.site) };
      case "run.paused":
        return { ...state, paused: { at: event.at, by: event.by, text: event.text } };
      case "run.resumed":
        // Waiting for everybody begins anew.
        return state.phase === "gathering" ? { ...state, paused: null, since: event.at } : { ...state, paused: null };
      case "run.finished":
        // A secure run ends with the sum of its evaluation, or without one.
        return state.phase === "evaluating" || state.sums?.evaluated === true ? { phase: "finished", ...shared(state) } : state;
      case "run.stopped":
        return { phase: "stopped", ...shared(state) };
      case "run.failed":
        return { phase: "failed", ...shared(state), code: event.code };
      default:
        return event satisfies never;
    }
  };

function created(params: RunParams, { at, run, sites, manifest, weights, start }: EventOf<"run.created">): RunState {
  const nothingYet = {
    checkpoint: start,
    serverState: null,
    counted: {},
    roundsDone: 0,
    trace: [],
    sums: params.secure === null ? null : NO_SUMS,
    leftOut: [],
    paused: null,
  };
  return { phase: "gathering", since: at, run, sites, manifest, weights, start, ...nothingYet };
}

function deadlineMoved({ plan }: RunParams, state: LiveState, deadline: number): LiveState {
  if (isSecure(state)) return { ...state, attempt: { ...state.attempt, until: deadline, held: true } };
  if (state.phase === "gathering") return { ...state, since: deadline - 1000 * plan.cohort.gatherSeconds };
  if (state.phase === "collecting") return { ...state, deadline, held: true };
  return state.phase === "evaluating" ? { ...state, deadline } : state;
}

/** What a new checkpoint changes, whose parts came from these sites. */
function written(
  { counted }: LiveState,
  from: readonly { readonly site: SiteName }[],
  { round, checkpoint, serverState }: EventOf<"checkpoint.written">,
) {
  const now = Object.fromEntries(from.map(({ site }) => [site, round]));
  return { checkpoint, serverState: serverState ?? null, counted: { ...counted, ...now } };
}

/** After a sum: its pooled figures are those of the checkpoint that the round started from. */
function summed(params: RunParams, state: Unmasking, event: EventOf<"checkpoint.written">): RunState {
  const { at, checkpoint } = event;
  const metric = params.plan.rounds.stop?.metric;
  const { sums, attempt } = state;
  const value = metric === undefined ? null : (sums.pooled?.values[metric]?.value ?? null);
  const outcome = sums.outcome === null ? null : { ...sums.outcome, checkpoint: checkpoint.digest };
  const known = { ...shared(state), ...written(state, state.inputs, event), roundsDone: attempt.round, trace: [...state.trace, value] };
  return { phase: "gathering", ...known, since: at, sums: { ...sums, outcome, pending: null } };
}

function traceValue(params: RunParams, state: Collecting): number | null {
  const metric = params.plan.rounds.stop?.metric;
  if (metric === undefined) return null;
  const reported = state.answers.flatMap((answer) => (answer.validation === null ? [] : [answer.validation]));
  return weightedMean(reported, metric) ?? null;
}
