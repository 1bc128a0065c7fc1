/** The state of an attempt after an event (R2). Total: an event that does not fit the phase changes nothing. */
import { fromBase64url, fromHex } from "../../base/bytes.ts";
import type { SiteName } from "../../base/ids.ts";
import type { SignedText } from "../../secagg/signed-text.ts";
import { rosterAgain } from "../../secagg/advertise.ts";
import { attemptHash, roundHash } from "../../secagg/transcript.ts";
import type { EventOf, RunEvent } from "../events.ts";
import { NO_SUMS, shared, type Gathering, type LiveState, type RunParams, type RunState } from "../state.ts";
import { answered, isSecure, type Attempt, type SecureParams, type SecureState, type Unmasking } from "./state.ts";

export type SecureEvent = Extract<RunEvent, { readonly attempt: number }> | EventOf<"round.failed">;

export const isSecureEvent = (event: RunEvent): event is SecureEvent => "attempt" in event || event.type === "round.failed";

export function evolveSecure(params: RunParams, state: LiveState, event: SecureEvent): RunState {
  const { secure } = params;
  if (secure === null) return state;
  if (event.type === "attempt.opened") return opened(params, secure, state, event);
  if (event.type === "round.failed") return state.phase === "gathering" ? failedRound(state) : state;
  if (!isSecure(state) || state.attempt.round !== event.round || state.attempt.number !== event.attempt) return state;
  if (event.type === "attempt.failed") {
    const { round, purpose, number } = state.attempt;
    const sums = { ...state.sums, pending: { round, purpose, attempts: number } };
    return { phase: "gathering", ...shared(state), since: event.at, sums };
  }
  const after = withEvent(secure, state, event);
  return after === state || after.phase !== state.phase ? after : withMinReached(secure, after, event.at);
}

function opened(params: RunParams, secure: SecureParams, state: LiveState, event: EventOf<"attempt.opened">): RunState {
  if (state.phase !== "gathering") return state;
  const { directory, coordinator } = secure;
  const { round, purpose, nonce, cohort, deadline } = event;
  const base = state.checkpoint.digest;
  const hash = attemptHash(
    roundHash({ run: state.run, round, plan: params.planDigest, base, directory: directory.hash, coordinator }),
    event.attempt,
    fromHex(nonce) ?? new Uint8Array(32),
  );
  const attempt: Attempt = {
    round,
    purpose,
    number: event.attempt,
    nonce,
    hash,
    cohort,
    until: deadline,
    minReachedAt: null,
    held: false,
    dropped: [],
  };
  const before = state.sums ?? NO_SUMS;
  const sums = { ...before, begun: round, evaluated: before.evaluated || purpose === "evaluate" };
  return { phase: "advertising", ...shared(state), sums, attempt, adverts: [] };
}

function failedRound(state: Gathering): Gathering {
  const sums = state.sums ?? NO_SUMS;
  return { ...state, sums: { ...sums, pending: null, failures: sums.failures + 1 } };
}

/** The same attempt in its next phase: its time begins anew. */
const nextPhase = (attempt: Attempt, until: number): Attempt => ({ ...attempt, until, minReachedAt: null, held: false });

function withMinReached(secure: SecureParams, state: SecureState, at: number): SecureState {
  const { minCohort, threshold } = secure.directory.numbers;
  const enough = answered(state).length >= (state.phase === "unmasking" ? threshold : minCohort);
  return state.attempt.minReachedAt !== null || !enough ? state : { ...state, attempt: { ...state.attempt, minReachedAt: at } };
}

type Within = Exclude<SecureEvent, EventOf<"attempt.opened" | "attempt.failed" | "round.failed">>;

function withEvent(secure: SecureParams, state: SecureState, event: Within): SecureState {
  switch (event.type) {
    case "advert.accepted":
      return state.phase === "advertising" ? { ...state, adverts: [...state.adverts, event.advert] } : state;
    case "roster.fixed":
      return state.phase === "advertising" ? rostered(secure, state, event) : state;
    case "deal.accepted": {
      if (state.phase !== "dealing") return state;
      const { site, deal, root } = event;
      return { ...state, deals: [...state.deals, { site, index: indexOf(state, site), deal, root }].sort((a, b) => a.index - b.index) };
    }
    case "shares.fixed": {
      if (state.phase !== "dealing") return state;
      const dealers = event.sites.map((site) => indexOf(state, site));
      const fixed = { attempt: nextPhase(state.attempt, event.until), shared: { hash: event.shares, dealers } };
      return { ...state, ...fixed, phase: "masking", complaints: [], inputs: [] };
    }
    case "complaint.made": {
      if (state.phase !== "masking") return state;
      const made = { complainer: event.site, dealer: event.dealer, complaint: event.complaint, answer: null };
      return { ...state, complaints: [...state.complaints, made] };
    }
    case "complaint.answered": {
      if (state.phase !== "masking") return state;
      const { site, complainer, answer } = event;
      const complaints = state.complaints.map((one) => (one.dealer === site && one.complainer === complainer ? { ...one, answer } : one));
      return { ...state, complaints };
    }
    case "input.accepted": {
      if (state.phase !== "masking") return state;
      const { site, header, body } = event;
      return { ...state, inputs: [...state.inputs, { site, index: indexOf(state, site), header, body }].sort((a, b) => a.index - b.index) };
    }
    case "inputs.fixed": {
      if (state.phase !== "masking") return state;
      const { complaints, ...kept } = state;
      const answers = complaints.flatMap(({ answer }) => answer ?? []);
      const members = event.sites.map((site) => indexOf(state, site));
      const fixed = { attempt: nextPhase(state.attempt, event.until), survivors: { members, hash: event.inputs } };
      return { ...kept, ...fixed, phase: "unmasking", answers, echoes: [], releases: [], tried: 0 };
    }
    default:
      return state.phase === "unmasking" ? unmasked(state, event) : state;
  }
}

function unmasked(state: Unmasking, event: Within): Unmasking {
  switch (event.type) {
    case "echo.accepted":
      return { ...state, echoes: [...state.echoes, event.echo] };
    case "release.accepted":
      return { ...state, releases: [...state.releases, { site: event.site, release: event.release }] };
    case "opening.failed":
      return { ...state, tried: event.releases };
    case "sum.opened": {
      const { round, attempt, sum, sites, totalWeight, pooled } = event;
      const { roster, survivors, checkpoint } = state;
      const outcome = {
        round,
        attempt,
        roster: roster.hash,
        inputs: survivors.hash,
        sum: sum.digest,
        survivors: sites.length,
        totalWeight,
      };
      const known = { ...state.sums, outcome: { ...outcome, checkpoint: checkpoint.digest }, pooled: pooled.validation, failures: 0 };
      return { ...state, sums: known };
    }
    default:
      return state;
  }
}

const indexOf = (state: Exclude<SecureState, { phase: "advertising" }>, site: SiteName): number =>
  state.roster.members.find((member) => member.site === site)?.index ?? 0;

function rostered(
  secure: SecureParams,
  state: Extract<SecureState, { phase: "advertising" }>,
  event: EventOf<"roster.fixed">,
): SecureState {
  const adverts = event.sites.map((site) => state.adverts.find((advert) => advert.site === site) as SignedText);
  const bodies = adverts.map(({ body }) => ({ body: fromBase64url(body) ?? new Uint8Array() }));
  const roster = rosterAgain(secure.directory, state.attempt.hash, bodies);
  return { ...state, phase: "dealing", adverts, roster, deals: [], attempt: nextPhase(state.attempt, event.until) };
}
