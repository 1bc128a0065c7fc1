/** What is due in a secure round without anybody asking: opening an attempt, closing its phases, ending it by name. */
import { isRefusal, type Code } from "../../base/errors.ts";
import { bySite, type Digest, type SiteName } from "../../base/ids.ts";
import { agreeOnRoster } from "../../secagg/advertise.ts";
import { sharesHash } from "../../secagg/transcript.ts";
import { statementOf } from "../../secagg/signed-text.ts";
import { agreeOnSurvivors } from "../../secagg/survivors.ts";
import type { RunEvent } from "../events.ts";
import { trainingOver } from "../stop-rule.ts";
import { waitInVain } from "../steering.ts";
import { NO_SUMS, present, type Gathering, type RunParams } from "../state.ts";
import { answered, waitedFor, type SecureParams, type SecureState, type Unmasking } from "./state.ts";

/** After so many rounds in a row without a sum the run ends. */
export const MAX_FAILURES = 3;

/** What comes in with the command: who is there, and a nonce for an attempt that may be opened (32 bytes, hex). */
export interface Occasion {
  readonly at: number;
  readonly online: readonly SiteName[];
  readonly nonce?: Digest | undefined;
}

/** R8, R16: a round opens when every site is there, or after `gatherSeconds` with as many as a sum needs. */
export function openAttempt(params: RunParams, secure: SecureParams, state: Gathering, occasion: Occasion): RunEvent[] {
  const { at, online, nonce } = occasion;
  const { pending, evaluated, failures, begun } = state.sums ?? NO_SUMS;
  const fail = (text: string): RunEvent[] => [{ type: "run.failed", at, code: "rounds-failed", text }];
  if (failures >= MAX_FAILURES) return fail(`${MAX_FAILURES} rounds in a row ended without a sum.`);
  if (pending === null && evaluated && params.plan.summary !== undefined)
    return fail("The summary's sum was not opened. Start another run.");
  if (pending === null && evaluated) return [{ type: "run.finished", at }];
  if (pending === null && state.roundsDone === 0 && begun >= params.plan.rounds.count) return fail("No round ended with a sum.");
  if (pending !== null && pending.attempts >= secure.aggregation.attempts) {
    const text = `Round ${pending.round} ended without a sum after ${pending.attempts} attempts.`;
    return [{ type: "round.failed", at, round: pending.round, code: "too-few-sites", text }];
  }
  const { cohort: rules } = params.plan;
  const waited = waitInVain(params, state, occasion);
  if (waited.length > 0 || state.paused !== null) return waited;
  const cohort = present(state).filter((site) => online.includes(site));
  const everybody = cohort.length === present(state).length;
  if (nonce === undefined || cohort.length < secure.directory.numbers.minCohort) return [];
  if (!everybody && at < state.since + 1000 * rules.gatherSeconds) return [];
  const next = pending ?? {
    round: begun + 1,
    purpose: trainingOver(params, state) === undefined ? ("train" as const) : ("evaluate" as const),
    attempts: 0,
  };
  const deadline = at + 1000 * rules.deadlineSeconds;
  return [{ type: "attempt.opened", at, round: next.round, attempt: next.attempts + 1, purpose: next.purpose, nonce, cohort, deadline }];
}

type Ending = "all" | "grace" | "deadline" | undefined;

/** R9, R17: a phase ends when all have answered, when grace is over, or at its deadline. */
function ending(params: RunParams, state: SecureState, at: number): Ending {
  const { attempt } = state;
  if (waitedFor(state).length === 0) return "all";
  if (!attempt.held && attempt.minReachedAt !== null && at >= attempt.minReachedAt + 1000 * params.plan.cohort.graceSeconds) return "grace";
  return at >= attempt.until ? "deadline" : undefined;
}

/** Closes the current phase where that is due, or ends the attempt. */
export function closePhase(params: RunParams, secure: SecureParams, state: SecureState, at: number): RunEvent[] {
  if (state.phase === "unmasking") return endUnmasking(secure, state, at);
  const ended = ending(params, state, at);
  if (ended === undefined) return [];
  const { minCohort } = secure.directory.numbers;
  const there = [...answered(state)].sort(bySite);
  if (there.length < minCohort) {
    const what = { advertising: "showed their keys", dealing: "dealt shares", masking: "sent their vectors" }[state.phase];
    return failed(state, at, "too-few-sites", `${there.length} of the ${minCohort} sites needed ${what}.`);
  }
  const common = { at, round: state.attempt.round, attempt: state.attempt.number, sites: there };
  const until = at + 1000 * secure.aggregation.phaseSeconds;
  switch (state.phase) {
    case "advertising": {
      const adverts = state.adverts.map((advert) => statementOf("advert", advert));
      const roster = agreeOnRoster(secure.directory, state.attempt.hash, adverts);
      return isRefusal(roster)
        ? failed(state, at, roster.code, roster.text)
        : [{ type: "roster.fixed", ...common, roster: roster.value.hash, until }];
    }
    case "dealing":
      return [{ type: "shares.fixed", ...common, shares: sharesHash(state.roster.hash, state.deals), until }];
    case "masking": {
      const headers = state.inputs.map(({ header }) => statementOf("masked", header));
      const survivors = agreeOnSurvivors(secure.directory, state.roster, state.shared, headers);
      return isRefusal(survivors)
        ? failed(state, at, survivors.code, survivors.text)
        : [{ type: "inputs.fixed", ...common, inputs: survivors.value.hash, until }];
    }
  }
}

/** The sum is opened by whoever holds the vectors; here only the ends without one. */
function endUnmasking(secure: SecureParams, state: Unmasking, at: number): RunEvent[] {
  const { releases, tried, attempt } = state;
  const { threshold } = secure.directory.numbers;
  // Enough to try again with.
  if (releases.length >= threshold && releases.length > tried) return [];
  // A site that is away may come back and release until the time is over.
  if (waitedFor(state).length > 0 && at < attempt.until) return [];
  const text = `${releases.length} of the ${threshold} sites needed released their shares.`;
  if (releases.length === 0) return failed(state, at, "too-few-sites", text);
  const code: Code = releases.length >= threshold ? "sum-unrecoverable" : "too-few-sites";
  const why = code === "too-few-sites" ? text : "The released shares do not give the sum.";
  // A share has left: no other attempt of this round may be made.
  return [
    { type: "attempt.failed", at, round: attempt.round, attempt: attempt.number, code, text: why, missing: [...waitedFor(state)] },
    { type: "round.failed", at, round: attempt.round, code, text: why },
  ];
}

function failed(state: SecureState, at: number, code: Code, text: string): RunEvent[] {
  const { round, number } = state.attempt;
  return [{ type: "attempt.failed", at, round, attempt: number, code, text, missing: [...waitedFor(state), ...state.attempt.dropped] }];
}

/** When something may be due next without anybody saying anything. */
export function nextLook(params: RunParams, state: SecureState): number {
  const { minReachedAt, until, held } = state.attempt;
  const grace = held || minReachedAt === null ? Number.POSITIVE_INFINITY : minReachedAt + 1000 * params.plan.cohort.graceSeconds;
  return Math.min(until, state.phase === "unmasking" ? until : grace);
}
