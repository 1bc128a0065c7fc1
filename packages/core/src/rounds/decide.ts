/**
 * Where a round is decided. A command says what somebody wants or what was seen; `decide` answers with the events that
 * follow, or with a refusal. Pure: time and measurements come in with the command (SPEC.md, R-rules).
 */
import { refuse, type Refusal } from "../base/errors.ts";
import { bySite, type Digest, type RunId, type SiteName } from "../base/ids.ts";
import type { Measure } from "../aggregation/mean.ts";
import { travellingClip } from "../models/strategy.ts";
import { shiftAllowed } from "../models/summary/shift.ts";
import type { Decline, Evaluation, Update } from "../protocol/messages.ts";
import type { BlobRef, RunEvent } from "./events.ts";
import { evolve } from "./evolve.ts";
import { earlierAllowed, gainAllowed, interceptAllowed, metricsAllowed, mixAllowed } from "./figures.ts";
import { checkpointWritten, decideOpening, type OpeningCommand } from "./secure/opening.ts";
import { decideReply, type ReplyCommand } from "./secure/decide.ts";
import { closePhase, openAttempt, type Occasion } from "./secure/follow.ts";
import { isSecure, type SecureState } from "./secure/state.ts";
import { closeIfDue, endEvaluation, openNext } from "./plain.ts";
import { steer, type SteeringCommand } from "./steering.ts";
import { isEnded, neededSites, type Evaluating, type LiveState, type RunParams, type RunState } from "./state.ts";

export type Command =
  | {
      readonly do: "create";
      readonly at: number;
      readonly run: RunId;
      readonly by: string;
      readonly sites: readonly SiteName[];
      readonly approvals: readonly { readonly site: SiteName; readonly statement: Digest }[];
      readonly manifest: BlobRef;
      readonly weights: BlobRef;
      readonly start: BlobRef;
    }
  /** Time has passed, or sites came or went. `nonce`: 32 fresh bytes, hex, for a secure attempt that may be opened. */
  | { readonly do: "look"; readonly at: number; readonly online: readonly SiteName[]; readonly nonce?: Digest | undefined }
  /** A signed update whose blob is here and measured. */
  | {
      readonly do: "update";
      readonly at: number;
      readonly site: SiteName;
      readonly statement: Digest;
      readonly update: Update;
      readonly measure: Measure;
    }
  | { readonly do: "decline"; readonly at: number; readonly site: SiteName; readonly decline: Decline }
  /** With the sites that are there, so that the next round opens in the same step. */
  | {
      readonly do: "combined";
      readonly at: number;
      readonly round: number;
      readonly checkpoint: BlobRef;
      readonly serverState?: BlobRef | null;
      readonly online?: readonly SiteName[];
    }
  /** What sites had sent for the round is lost, and they have let it go. */
  | { readonly do: "lost"; readonly at: number; readonly round: number; readonly text: string }
  | { readonly do: "evaluation"; readonly at: number; readonly site: SiteName; readonly statement: Digest; readonly evaluation: Evaluation }
  | ReplyCommand
  | SteeringCommand
  | OpeningCommand
  | { readonly do: "stop"; readonly at: number; readonly by: string }
  /** The log was put back from a backup: sites may know of sums that it does not. */
  | { readonly do: "restore"; readonly at: number };

const RESTORED =
  "The coordinator's data was put back from a backup, so it may not know every sum that was opened. Start a new run; stewards approve again.";

/** Norms are computed in float32 at the site and in float64 here. */
const CLIP_TOLERANCE = 1.0001;

/** Events, each following from the state the ones before it lead to; or why not. */
export function decide(params: RunParams, state: RunState, command: Command): readonly RunEvent[] | Refusal {
  const first = answer(params, state, command);
  if (!Array.isArray(first)) return first;
  // What follows by itself at the same instant: closing a full round, opening the next one.
  const events: RunEvent[] = [...first];
  let now = events.reduce(evolve(params), state);
  const occasion = occasionOf(command);
  for (let next = follow(params, now, occasion); next.length > 0; next = follow(params, now, occasion)) {
    events.push(...next);
    now = next.reduce(evolve(params), now);
  }
  return events;
}

/** A round opens only with a command that knows who is there. */
const occasionOf = (command: Command): Occasion => ({
  at: command.at,
  online: "online" in command ? (command.online ?? []) : [],
  nonce: "nonce" in command ? command.nonce : undefined,
});

function answer(params: RunParams, state: RunState, command: Command): RunEvent[] | Refusal {
  if (command.do === "create") {
    if (state.phase !== "absent") return refuse("conflict", "This run exists already.");
    const { at, run, by, manifest, weights, start, approvals } = command;
    const sites = [...command.sites].sort(bySite);
    const needed = neededSites(params);
    if (sites.length < needed) {
      return refuse(
        "plan-not-approved",
        `The plan needs ${needed} approved sites and has ${sites.length}. Ask the others to run "engraft-site review".`,
      );
    }
    return [{ type: "run.created", at, run, plan: params.planDigest, by, sites, approvals: [...approvals], manifest, weights, start }];
  }
  if (state.phase === "absent") return refuse("not-found", "There is no such run.");
  if (isEnded(state)) return refuse("run-ended", `The run is ${state.phase} already.`);
  switch (command.do) {
    case "look":
      return [];
    case "stop":
      return [{ type: "run.stopped", at: command.at, by: command.by }];
    case "restore":
      return params.secure === null ? [] : [{ type: "run.failed", at: command.at, code: "restored", text: RESTORED }];
    case "update":
      return answerUpdate(params, state, command);
    case "decline":
      return answerDecline(params, state, command);
    case "evaluation":
      return answerEvaluation(params, state, command);
    case "move-deadline":
    case "leave-out":
    case "let-in":
    case "pause":
    case "resume":
    case "back":
      return steer(params, state, command);
    case "reply":
      return decideReply(params, state, command);
    case "opened":
    case "not-opened":
      return decideOpening(state, command);
    case "combined":
      if (state.phase !== "combining" || state.round !== command.round) return refuse("stale-round", "No mean is due for this round.");
      return [checkpointWritten(command)];
    case "lost":
      if (state.phase !== "combining" || state.round !== command.round) return refuse("stale-round", "No mean is due for this round.");
      return [{ type: "run.failed", at: command.at, code: "updates-lost", text: command.text }];
    default:
      return command satisfies never;
  }
}

/** R3 to R7: whose update counts. Content faults drop the site from the round; everything else leaves the round untouched. */
function answerUpdate(params: RunParams, state: LiveState, command: Extract<Command, { do: "update" }>): RunEvent[] | Refusal {
  const { at, site, statement, update, measure } = command;
  if (update.run !== state.run) return refuse("wrong-plan", "The update belongs to another run.");
  if (update.plan !== params.planDigest) return refuse("wrong-plan", "The update belongs to another plan.");
  if (state.phase !== "collecting" || state.round !== update.round) return refuse("stale-round", tooLate(update.round));
  if (!state.cohort.includes(site)) return refuse("not-in-cohort", "This site was not asked in this round.");
  if (state.answers.some((answer) => answer.site === site)) return refuse("second-answer", "This site has answered already.");
  if (state.dropped.includes(site)) return refuse("second-answer", "This site was dropped from the round already.");
  if (update.checkpoint !== state.checkpoint.digest) return refuse("stale-round", "The update starts from another checkpoint.");
  const drop = (code: "wrong-shape" | "not-finite" | "over-clip" | "metric-not-allowed", text: string): RunEvent[] => [
    { type: "site.dropped", at, round: state.round, site, code, text },
  ];
  if (update.update.bytes !== 4 * params.vectorLength)
    return drop("wrong-shape", `The update has ${update.update.bytes} bytes instead of ${4 * params.vectorLength}.`);
  if (!measure.finite) return drop("not-finite", "The update holds NaN or infinity.");
  if (Math.sqrt(measure.sumOfSquares) > travellingClip(params.plan) * CLIP_TOLERANCE)
    return drop("over-clip", `The update is longer than the plan's clip of ${params.plan.training.clip}.`);
  if (!metricsAllowed(params.plan, update.validation))
    return drop("metric-not-allowed", "The update carries metrics that the plan does not let out.");
  return [
    {
      type: "update.accepted",
      at,
      round: state.round,
      site,
      update: update.update,
      statement,
      sampleCount: update.sampleCount,
      validation: update.validation,
      engine: update.engine,
      seconds: update.seconds,
    },
  ];
}

const tooLate = (round: number): string => `Round ${round} went on without this site. It is asked again in the next one.`;

function answerDecline(params: RunParams, state: LiveState, command: Extract<Command, { do: "decline" }>): RunEvent[] | Refusal {
  const { at, site, decline } = command;
  if (decline.run !== state.run) return refuse("wrong-plan", "The answer belongs to another run.");
  if (decline.plan !== params.planDigest) return refuse("wrong-plan", "The answer belongs to another plan.");
  if (decline.kind === "evaluate" && state.phase === "evaluating") {
    const no = mayEvaluate(state, site);
    return no ?? [{ type: "evaluation.missed", at, site, code: decline.code, text: decline.text }];
  }
  if (isSecure(state)) return declineSecure(state, command);
  if (state.phase !== "collecting" || decline.kind !== "train" || state.round !== decline.round)
    return refuse("stale-round", `Round ${decline.round} is not open.`);
  if (!state.cohort.includes(site)) return refuse("not-in-cohort", "This site was not asked in this round.");
  if (state.answers.some((answer) => answer.site === site) || state.dropped.includes(site))
    return refuse("second-answer", "This site has answered already.");
  return [{ type: "site.dropped", at, round: state.round, site, code: decline.code, text: decline.text }];
}

/** A site that cannot train, or may not, is out of this attempt. */
function declineSecure(state: SecureState, { at, site, decline }: Extract<Command, { do: "decline" }>): RunEvent[] | Refusal {
  const { round, purpose, cohort, dropped } = state.attempt;
  if (decline.round !== round || decline.kind !== purpose || state.phase !== "advertising") {
    return refuse("stale-round", `Round ${decline.round} is not waiting for this.`);
  }
  if (!cohort.includes(site)) return refuse("not-in-cohort", "This site was not asked in this round.");
  if (dropped.includes(site) || state.adverts.some((advert) => advert.site === site)) {
    return refuse("second-answer", "This site has answered already.");
  }
  return [{ type: "site.dropped", at, round, site, code: decline.code, text: decline.text }];
}

function answerEvaluation(params: RunParams, state: LiveState, command: Extract<Command, { do: "evaluation" }>): RunEvent[] | Refusal {
  const { at, site, statement, evaluation } = command;
  if (evaluation.run !== state.run) return refuse("wrong-plan", "The evaluation belongs to another run.");
  if (evaluation.plan !== params.planDigest) return refuse("wrong-plan", "The evaluation belongs to another plan.");
  if (state.phase !== "evaluating") return refuse("stale-round", "No evaluation is due.");
  const no = mayEvaluate(state, site);
  if (no !== undefined) return no;
  if (evaluation.checkpoint !== state.checkpoint.digest) return refuse("stale-round", "The evaluation is of another checkpoint.");
  const { validation, base, alone, federated, mix = null, intercept = null, gain = null, earlier = null, shift = null } = evaluation;
  const allowed =
    [validation, base, alone, federated].every((metrics) => metricsAllowed(params.plan, metrics)) &&
    interceptAllowed(params.plan, intercept) &&
    gainAllowed(params.plan, gain, [alone, federated]) &&
    earlierAllowed(params.plan, earlier, federated);
  if (!allowed || !mixAllowed(params.plan, mix) || !shiftAllowed(params.plan, shift)) {
    return [
      {
        type: "evaluation.missed",
        at,
        site,
        code: "metric-not-allowed",
        text: "The evaluation carries metrics that the plan does not let out.",
      },
    ];
  }
  const more = {
    ...(mix && { mix }),
    ...(intercept && { intercept }),
    ...(gain && { gain }),
    ...(earlier && { earlier }),
    ...(shift && { shift }),
  };
  return [{ type: "evaluation.accepted", at, site, statement, validation, base, alone, federated, ...more }];
}

function mayEvaluate(state: Evaluating, site: SiteName): Refusal | undefined {
  if (!state.cohort.includes(site)) return refuse("not-in-cohort", "This site is not part of the evaluation.");
  if (state.done.includes(site)) return refuse("second-answer", "This site has answered already.");
  return undefined;
}

/** What is due now without anybody asking. */
function follow(params: RunParams, state: RunState, occasion: Occasion): RunEvent[] {
  const { at } = occasion;
  if (params.secure !== null) {
    if (state.phase === "gathering") return openAttempt(params, params.secure, state, occasion);
    return state.phase !== "absent" && isSecure(state) ? closePhase(params, params.secure, state, at) : [];
  }
  switch (state.phase) {
    case "gathering":
      return openNext(params, state, occasion);
    case "collecting":
      return closeIfDue(params, state, at);
    case "evaluating":
      return endEvaluation(state, at);
    default:
      return [];
  }
}
