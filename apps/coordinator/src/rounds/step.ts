/** One step of a run as a value: what the queued commands lead to, and everything that must be stored for it. Pure. */
import { isRefusal, type Refusal } from "@engraft/core/base/errors";
import { decide, type Command } from "@engraft/core/rounds/decide";
import type { RunEvent } from "@engraft/core/rounds/events";
import { evolve } from "@engraft/core/rounds/evolve";
import { isEnded, type RunParams, type RunState } from "@engraft/core/rounds/state";
import type { Append } from "../store/store.ts";
import { isAnswer } from "./answer.ts";
import { eventAudit, refusalAudit, refusedAnswer } from "./run-audit.ts";

export type Outcome = readonly RunEvent[] | Refusal;

/** A signed envelope exactly as it came, by the digest of its text. */
export interface Statement {
  readonly digest: string;
  readonly text: string;
}

export interface Ordered {
  readonly command: Command;
  readonly statement: Statement | undefined;
  /** Set where the answer was refused before it could be decided upon. */
  readonly refusal: Refusal | undefined;
}

export interface Step {
  readonly outcomes: readonly Outcome[];
  readonly state: RunState;
  readonly append: Append;
}

/** Each command is decided in the state that the ones before it lead to. */
export function stepOf(run: string, params: RunParams, before: RunState, version: number, batch: readonly Ordered[]): Step {
  let state = before;
  const outcomes = batch.map(({ command, refusal }): Outcome => {
    if (refusal !== undefined) return refusal;
    const outcome = decide(params, state, command);
    if (!isRefusal(outcome)) state = outcome.reduce(evolve(params), state);
    return outcome;
  });
  const events = outcomes.flatMap((outcome) => (isRefusal(outcome) ? [] : outcome));
  const created = events.find((event) => event.type === "run.created");
  const last = events.at(-1);
  const append: Append = {
    run,
    version,
    events,
    statements: batch.flatMap(({ statement }, index) => (statement !== undefined && !isRefusal(outcomes[index]) ? [statement] : [])),
    audit: [...events.flatMap((event) => eventAudit(run, event) ?? []), ...refusals(run, batch, outcomes)],
    ...(created === undefined ? {} : { create: { plan: params.planDigest, at: created.at } }),
    ...(last !== undefined && isEnded(state) && !isEnded(before) ? { end: { phase: state.phase, at: last.at } } : {}),
  };
  return { outcomes, state, append };
}

function refusals(run: string, batch: readonly Ordered[], outcomes: readonly Outcome[]) {
  return batch.flatMap(({ command }, index) => {
    const outcome = outcomes[index];
    if (!isAnswer(command) || outcome === undefined) return [];
    const refused = refusedAnswer(command, outcome);
    return refused === undefined ? [] : [refusalAudit(run, command, refused)];
  });
}
