/**
 * A round under secure aggregation, phase by phase (secagg/). Each set of sites (roster, dealers, survivors) is fixed by one
 * event and never changes within the attempt.
 */
import type { Digest, PublicKey, SiteName } from "../../base/ids.ts";
import type { SecureAggregation } from "../../models/aggregation.ts";
import type { SignedText } from "../../secagg/signed-text.ts";
import type { Roster } from "../../secagg/advertise.ts";
import type { Directory } from "../../secagg/directory.ts";
import type { Survivors } from "../../secagg/survivors.ts";
import type { BlobRef, Purpose } from "../events.ts";
import type { Identity, Sums } from "../state.ts";

/** What the plan and the federation fix. */
export interface SecureParams {
  readonly aggregation: SecureAggregation;
  readonly directory: Directory;
  readonly coordinator: PublicKey;
}

export interface Attempt {
  readonly round: number;
  readonly purpose: Purpose;
  /** From 1, in each round anew. */
  readonly number: number;
  readonly nonce: Digest;
  /** T0 of the protocol. */
  readonly hash: Digest;
  /** Sites that were asked. */
  readonly cohort: readonly SiteName[];
  /** When the current phase ends at the latest. */
  readonly until: number;
  /** When as many sites as a sum needs had answered in the current phase. */
  readonly minReachedAt: number | null;
  /** Somebody set the end of the current phase: grace counts no more. */
  readonly held: boolean;
  /** Sites from which nothing more comes in this attempt. */
  readonly dropped: readonly SiteName[];
}

interface InAttempt extends Identity {
  readonly sums: Sums;
  readonly attempt: Attempt;
  readonly adverts: readonly SignedText[];
}

/** Sites train, and then show their keys. */
export interface Advertising extends InAttempt {
  readonly phase: "advertising";
}

export interface Dealt {
  readonly site: SiteName;
  readonly index: number;
  readonly deal: BlobRef;
  readonly root: Digest;
}

interface Rostered extends InAttempt {
  /** Its members are the adverts, in this order. */
  readonly roster: Roster;
  readonly deals: readonly Dealt[];
}

/** The roster is fixed: its members deal shares of their secrets. */
export interface Dealing extends Rostered {
  readonly phase: "dealing";
}

export interface Complaint {
  readonly complainer: SiteName;
  readonly dealer: SiteName;
  readonly complaint: SignedText;
  readonly answer: SignedText | null;
}

export interface Input {
  readonly site: SiteName;
  readonly index: number;
  readonly header: SignedText;
  readonly body: BlobRef;
}

interface Shared extends Rostered {
  /** Who dealt, ascending indices, and the hash of their roots. */
  readonly shared: { readonly hash: Digest; readonly dealers: readonly number[] };
  readonly inputs: readonly Input[];
}

/** The shares are fixed: dealers send their masked vectors. */
export interface Masking extends Shared {
  readonly phase: "masking";
  readonly complaints: readonly Complaint[];
}

/** The sum's inputs are fixed: survivors confirm that they see the same ones, and then release their shares. */
export interface Unmasking extends Shared {
  readonly phase: "unmasking";
  readonly survivors: Survivors;
  /** Shares that dealers told complainers in clear. */
  readonly answers: readonly SignedText[];
  readonly echoes: readonly SignedText[];
  readonly releases: readonly { readonly site: SiteName; readonly release: BlobRef }[];
  /** With so many releases the sum could not be opened. */
  readonly tried: number;
}

export type SecureState = Advertising | Dealing | Masking | Unmasking;

export const isSecure = (state: { readonly phase: string }): state is SecureState =>
  state.phase === "advertising" || state.phase === "dealing" || state.phase === "masking" || state.phase === "unmasking";

/** Sites that are to answer in the current phase. */
export function expected(state: SecureState): readonly SiteName[] {
  switch (state.phase) {
    case "advertising":
      return state.attempt.cohort;
    case "dealing":
      return state.roster.members.map(({ site }) => site);
    case "masking":
      return state.deals.map(({ site }) => site);
    case "unmasking":
      return state.inputs.map(({ site }) => site);
  }
}

/** Of these, those that have: for the release, not for the echo before it. */
export function answered(state: SecureState): readonly SiteName[] {
  switch (state.phase) {
    case "advertising":
      return state.adverts.map(({ site }) => site);
    case "dealing":
      return state.deals.map(({ site }) => site);
    case "masking":
      return state.inputs.map(({ site }) => site);
    case "unmasking":
      return state.releases.map(({ site }) => site);
  }
}

export const waitedFor = (state: SecureState): readonly SiteName[] => {
  const done = new Set([...answered(state), ...state.attempt.dropped]);
  return expected(state).filter((site) => !done.has(site));
};
