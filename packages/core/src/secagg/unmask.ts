/**
 * Phase 5: with t releases the coordinator rebuilds the survivors' self-mask seeds and the mask keys of the dropped, checks
 * each against what its dealer committed to, and takes the masks off the sum. Below t nothing decodes.
 */
import { assert, isRefusal, refuse, type Refusal } from "../base/errors.ts";
import type { Digest, SiteName } from "../base/ids.ts";
import { applyMask } from "../crypto/mask.ts";
import { combineShares, type Share } from "../crypto/shamir.ts";
import { agreementKey, agreementPublic } from "../crypto/x25519.ts";
import { memberAt, readOfRoster, type Roster } from "./advertise.ts";
import type { Directory } from "./directory.ts";
import { pairMaskKey, pairSign, selfMaskKey } from "./mask-input.ts";
import type { GivenShare } from "./release-rules.ts";
import { readLeaf, seedCommitment, shareCommitment, type AcceptedDeal, type HeldShares, type ShareKind } from "./share.ts";
import { state, type Signing, type Statement } from "./statement.ts";
import type { Survivors } from "./survivors.ts";

/** Sites: exactly the shares that the rules named, of those it holds. */
export function release(
  by: Signing,
  roster: Roster,
  index: number,
  survivors: Survivors,
  given: readonly GivenShare[],
  held: ReadonlyMap<number, HeldShares>,
): Statement<"release"> {
  const of = (kind: ShareKind) =>
    given
      .filter((one) => one.kind === kind)
      .map(({ index: dealer }) => {
        const shares = held.get(dealer);
        assert(shares !== undefined, "a share to release is not there");
        return { of: dealer, share: shares[kind] };
      });
  return state(by, "release", { roster: roster.hash, index, inputs: survivors.hash, seeds: of("seed"), keys: of("key") });
}

/** What an opened sum is about: who dealt, and whose vectors are in it. */
export interface Opening {
  readonly roster: Roster;
  readonly deals: readonly AcceptedDeal[];
  readonly survivors: Survivors;
}

export interface AcceptedRelease {
  readonly index: number;
  readonly seeds: readonly { readonly of: number; readonly share: Uint8Array }[];
  readonly keys: readonly { readonly of: number; readonly share: Uint8Array }[];
}

/** A refusal with the site that is at fault, by signed bytes that anybody can check (complaint.ts). */
export interface Blame extends Refusal {
  readonly site: SiteName;
}

/** The members of an attempt that dealt but are not in the sum. */
export const droppedOf = ({ deals, survivors }: Opening): readonly number[] =>
  deals.map(({ index }) => index).filter((index) => !survivors.members.includes(index));

const sameSet = (given: readonly { readonly of: number }[], expected: readonly number[]): boolean =>
  given.length === expected.length && given.every(({ of }, at) => of === expected[at]);

/** Coordinator: a release with exactly the shares that are due, each fitting its dealer's commitment; else its sender is named. */
export function acceptRelease(
  directory: Directory,
  opening: Opening,
  statement: Statement,
): { readonly ok: true; readonly value: AcceptedRelease } | Refusal | Blame {
  const { roster, deals, survivors } = opening;
  const read = readOfRoster(directory, roster, "release", statement);
  if (isRefusal(read)) return read;
  const { index, inputs, seeds, keys } = read.value;
  if (!survivors.members.includes(index)) return refuse("release-refused", `${statement.site} is not among the survivors.`);
  if (inputs !== survivors.hash) return refuse("second-set", `${statement.site} releases shares for other inputs.`);
  if (!sameSet(seeds, survivors.members) || !sameSet(keys, droppedOf(opening))) {
    return refuse("bad-message", `${statement.site} does not release the shares that are due.`);
  }
  const misfit = (kind: ShareKind, given: AcceptedRelease["seeds"]): boolean =>
    given.some(({ of, share }) => {
      const leaf = readLeaf(deals.find((one) => one.index === of)?.leaves[index - 1] ?? new Uint8Array());
      return leaf === undefined || shareCommitment(roster.hash, of, index, kind, share) !== leaf[kind];
    });
  if (misfit("seed", seeds) || misfit("key", keys)) {
    return { ...refuse("share-wrong", `${statement.site} released a share that is not the one it was dealt.`), site: statement.site };
  }
  return { ok: true, value: { index, seeds, keys } };
}

/** At most this many subsets of releases are tried for one secret: a dealer whose shares fit no polynomial has lied anyway. */
const MAX_TRIES = 500;

function* subsets<T>(items: readonly T[], size: number, from = 0): Generator<readonly T[]> {
  if (size === 0) yield [];
  else {
    for (let at = from; at <= items.length - size; at++) {
      for (const rest of subsets(items, size - 1, at + 1)) yield [items[at] as T, ...rest];
    }
  }
}

/** First all runs of t neighbours in the circle of shares, one of which misses any single bad share, then every subset. */
function* candidates(shares: readonly Share[], threshold: number): Generator<readonly Share[]> {
  const circle = [...shares, ...shares];
  for (let at = 0; at < shares.length && shares.length >= threshold; at++) yield circle.slice(at, at + threshold);
  yield* subsets(shares, threshold);
}

/** The secret that some t shares give and that passes `fits`; `crooked` where other shares of it do not lie on its polynomial. */
export function recoverSecret(
  shares: readonly Share[],
  threshold: number,
  fits: (secret: Uint8Array) => boolean,
): { readonly secret: Uint8Array | undefined; readonly crooked: boolean } {
  let tries = 0;
  for (const some of candidates(shares, threshold)) {
    const secret = combineShares(some);
    if (fits(secret)) return { secret, crooked: tries > 0 };
    tries += 1;
    if (tries === MAX_TRIES) break;
  }
  return { secret: undefined, crooked: tries > 0 };
}

/** True where a seed, or a mask key, is the one that its dealer committed to. */
export const isDealersSecret = (roster: Roster, dealer: number, kind: ShareKind, commitment: Digest, secret: Uint8Array): boolean =>
  kind === "seed"
    ? seedCommitment(roster.hash, dealer, secret) === commitment
    : Buffer.compare(agreementPublic(agreementKey(secret)), memberAt(roster, dealer).maskKey) === 0;

export interface Recovered {
  readonly seeds: ReadonlyMap<number, Uint8Array>;
  readonly keys: ReadonlyMap<number, Uint8Array>;
  /** Dealers whose shares, each right by its commitment, do not all lie on one polynomial. */
  readonly crooked: readonly SiteName[];
}

/** Rebuilds all secrets that the sum needs, or none: `too-few-sites`, or `sum-unrecoverable` with the dealer named. */
export function recoverSecrets(
  opening: Opening,
  releases: readonly AcceptedRelease[],
): { readonly ok: true; readonly value: Recovered } | Refusal | Blame {
  const { roster, deals, survivors } = opening;
  const { threshold } = roster.numbers;
  const distinct = [...new Map(releases.map((one) => [one.index, one])).values()];
  if (distinct.length < threshold) {
    return refuse("too-few-sites", `${distinct.length} sites released their shares; ${threshold} are needed to open the sum.`);
  }
  const seeds = new Map<number, Uint8Array>();
  const keys = new Map<number, Uint8Array>();
  const crooked: SiteName[] = [];
  const wanted = [
    ...survivors.members.map((dealer) => ({ dealer, kind: "seed" as const, into: seeds })),
    ...droppedOf(opening).map((dealer) => ({ dealer, kind: "key" as const, into: keys })),
  ];
  for (const { dealer, kind, into } of wanted) {
    const shares = distinct.flatMap((one) =>
      one[kind === "seed" ? "seeds" : "keys"].filter(({ of }) => of === dealer).map(({ share }) => ({ x: one.index, bytes: share })),
    );
    const commitment = deals.find((one) => one.index === dealer)?.seedCommitment as Digest;
    const found = recoverSecret(shares, threshold, (secret) => isDealersSecret(roster, dealer, kind, commitment, secret));
    const { site } = memberAt(roster, dealer);
    if (found.crooked) crooked.push(site);
    if (found.secret === undefined) {
      return { ...refuse("sum-unrecoverable", `The shares that ${site} dealt do not give the secret that it committed to.`), site };
    }
    into.set(dealer, found.secret);
  }
  return { ok: true, value: { seeds, keys, crooked } };
}

/**
 * Takes the masks off a slice of the sum of the survivors' vectors, in place; what stays is the plain sum mod 2^32.
 * `start` is the slice's first word in the whole vector.
 */
export function unmaskSum(sum: Uint32Array, opening: Opening, recovered: Recovered, start = 0): void {
  const { roster, survivors } = opening;
  for (const [index, seed] of recovered.seeds) applyMask(sum, selfMaskKey(roster, index, seed), -1, start);
  for (const [dropped, secret] of recovered.keys) {
    const key = agreementKey(secret);
    for (const index of survivors.members) {
      const mask = pairMaskKey(roster, key, dropped, index, memberAt(roster, index).maskKey);
      applyMask(sum, mask, pairSign(index, dropped) === 1 ? -1 : 1, start);
    }
  }
}
