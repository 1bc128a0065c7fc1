/**
 * R1: what the world is due NOW, as a function of the state alone. A restart, a reconnect and a lost message are one code
 * path: recompute, and do what is not yet done. Doing an obligation twice is harmless by construction.
 */
import { bySite, type RunId, type SiteName } from "../base/ids.ts";
import type { Ask, AttemptOpening, Outcome } from "../protocol/messages.ts";
import type { BlobRef } from "./events.ts";
import { nextLook as secureLook } from "./secure/follow.ts";
import { owedSteps, type OweOpening, type OweStep } from "./secure/owed.ts";
import { waitedFor, type SecureState } from "./secure/state.ts";
import { givesUpAt } from "./steering.ts";
import { awaited, unevaluated, type Collecting, type Finished, type Gathering, type RunParams, type RunState } from "./state.ts";

export type Obligation =
  | { readonly owe: "ask"; readonly site: SiteName; readonly ask: Ask }
  | { readonly owe: "look"; readonly at: number }
  /** `inputs` in byte order of the sites, which is the order of summing (R13). */
  | {
      readonly owe: "combine";
      readonly run: RunId;
      readonly round: number;
      readonly checkpoint: BlobRef;
      readonly serverState: BlobRef | null;
      /** Sites of the run, whether or not they took part. */
      readonly sites: number;
      readonly inputs: readonly { readonly site: SiteName; readonly update: BlobRef; readonly sampleCount: number }[];
    }
  | OweStep
  | OweOpening
  /** A sum is open: its sites can wipe what they kept for it. */
  | { readonly owe: "outcome"; readonly site: SiteName; readonly run: RunId; readonly outcome: Outcome }
  | { readonly owe: "cancel"; readonly run: RunId; readonly sites: readonly SiteName[]; readonly text: string }
  | { readonly owe: "release"; readonly run: RunId; readonly checkpoint: BlobRef };

export function owed(params: RunParams, state: RunState): readonly Obligation[] {
  switch (state.phase) {
    case "absent":
      return [];
    case "gathering":
      return [
        ...outcomes(state),
        { owe: "look", at: state.since + 1000 * params.plan.cohort.gatherSeconds },
        { owe: "look", at: givesUpAt(params, state) },
      ];
    case "collecting": {
      return [
        ...awaited(state).map((site) => ask(params, state, site, "train", state.round, state.deadline)),
        { owe: "look", at: nextLook(params, state) },
      ];
    }
    case "combining":
      return [
        {
          owe: "combine",
          run: state.run,
          round: state.round,
          checkpoint: state.checkpoint,
          serverState: state.serverState,
          sites: state.sites.length,
          inputs: [...state.answers].sort((a, b) => bySite(a.site, b.site)),
        },
      ];
    case "evaluating": {
      return [
        ...unevaluated(state).map((site) => ask(params, state, site, "evaluate", state.roundsDone, state.deadline)),
        { owe: "look", at: state.deadline },
      ];
    }
    case "advertising":
    case "dealing":
    case "masking":
    case "unmasking":
      return owedSecure(params, state);
    case "finished":
      // A summary has trained no model.
      return [
        ...outcomes(state),
        ...(params.plan.summary === undefined ? [{ owe: "release", run: state.run, checkpoint: state.checkpoint } as const] : []),
      ];
    case "stopped":
    case "failed":
      return [{ owe: "cancel", run: state.run, sites: state.sites, text: `The run is ${state.phase}.` }];
    default:
      return state satisfies never;
  }
}

function owedSecure(params: RunParams, state: SecureState): readonly Obligation[] {
  const { secure } = params;
  if (secure === null) return [];
  const { round, purpose, number, nonce, until } = state.attempt;
  const opening = { number, nonce, previous: state.sums.outcome };
  const asks =
    state.phase === "advertising" ? waitedFor(state).map((site) => ask(params, state, site, purpose, round, until, opening)) : [];
  return [...asks, ...owedSteps(secure, state), { owe: "look", at: secureLook(params, state) }];
}

const outcomes = ({ sites, run, sums }: Gathering | Finished): readonly Obligation[] => {
  const outcome = sums?.outcome ?? null;
  return outcome === null ? [] : sites.map((site) => ({ owe: "outcome", site, run, outcome }));
};

function ask(
  params: RunParams,
  state: Exclude<RunState, { phase: "absent" }>,
  site: SiteName,
  kind: "train" | "evaluate",
  round: number,
  deadline: number,
  attempt: AttemptOpening | null = null,
): Obligation {
  const { run, manifest, weights, checkpoint, start, counted } = state;
  const known = params.plan.strategy?.name === "scaffold" ? { counted: counted[site] ?? 0 } : {};
  const asked = { run, round, kind, plan: params.planDigest, manifest, weights, checkpoint, start, deadline, attempt, ...known };
  return { owe: "ask", site, ask: asked };
}

function nextLook(params: RunParams, state: Collecting): number {
  const grace =
    state.held || state.minReachedAt === null ? Number.POSITIVE_INFINITY : state.minReachedAt + 1000 * params.plan.cohort.graceSeconds;
  return Math.min(grace, state.deadline);
}
