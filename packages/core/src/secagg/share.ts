/**
 * Phase 2: each site deals shares of its two secrets (the seed of its self mask and its mask key) to all members, in
 * boxes that only they can open, under one signed root over all commitments. A share has 256 bits that t - 2 others do
 * not know, so a plain hash commits to it without telling it.
 */
import { blob, decode, digest, record, u8, type Decoded } from "../base/binary.ts";
import { concat, utf8 } from "../base/bytes.ts";
import { assert, isRefusal, refuse, type Refusal } from "../base/errors.ts";
import type { Digest } from "../base/ids.ts";
import { openBox, sealBox } from "../crypto/box.ts";
import { isInTree, treePaths, treeRoot } from "../crypto/merkle.ts";
import { splitSecret } from "../crypto/shamir.ts";
import { agree, agreementKey, deriveKey } from "../crypto/x25519.ts";
import { memberAt, readOfRoster, type AttemptSecrets, type Roster } from "./advertise.ts";
import type { Directory } from "./directory.ts";
import { state, type Signing, type Statement } from "./statement.ts";
import { digestBytes, sharesHash, taggedHash } from "./transcript.ts";

/** What one member holds of one dealer. */
export interface HeldShares {
  readonly seed: Uint8Array;
  readonly key: Uint8Array;
}

export type ShareKind = keyof HeldShares;

const Leaf = record({ holder: u8, box: blob, seed: digest, key: digest });
export type Leaf = Decoded<typeof Leaf>;
export const readLeaf = (bytes: Uint8Array): Leaf | undefined => decode(Leaf, bytes);

/** Commits the dealer to its self-mask seed: leaf 0 of its tree. */
export const seedCommitment = (roster: Digest, dealer: number, seed: Uint8Array): Digest =>
  taggedHash("seed", digestBytes(roster), Uint8Array.of(dealer), seed);

export const shareCommitment = (roster: Digest, dealer: number, holder: number, kind: ShareKind, share: Uint8Array): Digest =>
  taggedHash("share", digestBytes(roster), Uint8Array.of(dealer, holder), utf8(kind), share);

/** Key and bound data of the box from one member to another: one direction, one roster. */
function boxing(
  roster: Roster,
  shared: Uint8Array,
  dealer: number,
  holder: number,
): { readonly key: Uint8Array; readonly bound: Uint8Array } {
  const salt = digestBytes(roster.hash);
  const direction = Uint8Array.of(dealer, holder);
  return { key: deriveKey(shared, salt, concat([utf8("box"), direction])), bound: concat([salt, direction]) };
}

export interface Deal {
  readonly statement: Statement<"deal">;
  readonly seedCommitment: Digest;
  /** One for each member, by index. */
  readonly leaves: readonly Uint8Array[];
}

/** Random bytes that `deal` takes: coefficients of two sharings, and one nonce for each member. */
export const dealEntropy = (roster: Roster): number => 64 * (roster.numbers.threshold - 1) + 12 * roster.members.length;

/** Made once in an attempt; a repeated request gets the stored bytes. `own` are the dealer's shares of itself. */
export function deal(
  by: Signing,
  roster: Roster,
  index: number,
  secrets: AttemptSecrets,
  entropy: Uint8Array,
): { readonly deal: Deal; readonly own: HeldShares } {
  assert(entropy.length === dealEntropy(roster), "wrong number of random bytes");
  const { threshold } = roster.numbers;
  const half = 32 * (threshold - 1);
  const seeds = splitSecret(secrets.seed, threshold, roster.members.length, entropy.subarray(0, half));
  const keys = splitSecret(secrets.mask, threshold, roster.members.length, entropy.subarray(half, 2 * half));
  const boxKey = agreementKey(secrets.box);
  const leaves = roster.members.map(({ index: holder, boxKey: theirs }) => {
    const shares = { seed: seeds[holder - 1]?.bytes as Uint8Array, key: keys[holder - 1]?.bytes as Uint8Array };
    const nonce = entropy.subarray(2 * half + 12 * (holder - 1), 2 * half + 12 * holder);
    return Leaf.write({
      holder,
      box: holder === index ? new Uint8Array() : sealed(roster, boxKey, index, holder, theirs, nonce, shares),
      seed: shareCommitment(roster.hash, index, holder, "seed", shares.seed),
      key: shareCommitment(roster.hash, index, holder, "key", shares.key),
    });
  });
  const commitment = seedCommitment(roster.hash, index, secrets.seed);
  const root = treeRoot([digest.write(commitment), ...leaves]);
  return {
    deal: { statement: state(by, "deal", { roster: roster.hash, index, root }), seedCommitment: commitment, leaves },
    own: { seed: seeds[index - 1]?.bytes as Uint8Array, key: keys[index - 1]?.bytes as Uint8Array },
  };
}

function sealed(
  roster: Roster,
  mine: ReturnType<typeof agreementKey>,
  dealer: number,
  holder: number,
  theirs: Uint8Array,
  nonce: Uint8Array,
  shares: HeldShares,
): Uint8Array {
  const shared = agree(mine, theirs);
  assert(shared !== undefined, "a weak key came through the roster");
  const { key, bound } = boxing(roster, shared, dealer, holder);
  return sealBox(key, nonce, bound, concat([shares.seed, shares.key]));
}

/** What a dealer put into a holder's box: it can open its own boxes, so it need not keep the shares. */
export function dealtShares(roster: Roster, dealer: number, secrets: AttemptSecrets, dealt: Deal, holder: number): HeldShares | undefined {
  const leaf = readLeaf(dealt.leaves[holder - 1] ?? new Uint8Array());
  const shared = agree(agreementKey(secrets.box), memberAt(roster, holder).boxKey);
  if (leaf === undefined || shared === undefined) return undefined;
  const { key, bound } = boxing(roster, shared, dealer, holder);
  const content = openBox(key, bound, leaf.box);
  return content?.length === 64 ? { seed: content.slice(0, 32), key: content.slice(32) } : undefined;
}

/** A deal that the coordinator accepted. */
export interface AcceptedDeal extends Deal {
  readonly index: number;
  readonly root: Digest;
}

/** Coordinator: signature, place, and the root over exactly these leaves. */
export function acceptDeal(
  directory: Directory,
  roster: Roster,
  offered: Deal,
): { readonly ok: true; readonly value: AcceptedDeal } | Refusal {
  const read = readOfRoster(directory, roster, "deal", offered.statement);
  if (isRefusal(read)) return read;
  const { index, root } = read.value;
  const whole = offered.leaves.length === roster.members.length && offered.leaves.every((leaf, at) => readLeaf(leaf)?.holder === at + 1);
  if (!whole || treeRoot([digest.write(offered.seedCommitment), ...offered.leaves]) !== root) {
    return refuse("share-wrong", `The shares of ${offered.statement.site} do not fit the root that it signed.`);
  }
  return { ok: true, value: { ...offered, index, root } };
}

/** What a member gets of one deal. */
export interface DealPart {
  readonly statement: Statement<"deal">;
  readonly seedCommitment: Digest;
  readonly seedPath: readonly Digest[];
  readonly leaf: Uint8Array;
  readonly path: readonly Digest[];
}

/** Coordinator: cuts a deal into the parts for its holders; the tree is built once. */
export function partsOf(accepted: Deal): (holder: number) => DealPart {
  const paths = treePaths([digest.write(accepted.seedCommitment), ...accepted.leaves]);
  return (holder) => ({
    statement: accepted.statement,
    seedCommitment: accepted.seedCommitment,
    seedPath: paths[0] ?? [],
    leaf: accepted.leaves[holder - 1] ?? new Uint8Array(),
    path: paths[holder] ?? [],
  });
}

/** Coordinator: the part of a deal that is for `holder`. */
export const partFor = (accepted: Deal, holder: number): DealPart => partsOf(accepted)(holder);

/** The signed index and root, and this holder's leaf in that tree; else the coordinator altered something. */
export function readPart(
  directory: Directory,
  roster: Roster,
  holder: number,
  part: DealPart,
): { readonly ok: true; readonly value: { readonly index: number; readonly root: Digest; readonly leaf: Leaf } } | Refusal {
  const read = readOfRoster(directory, roster, "deal", part.statement);
  if (isRefusal(read)) return read;
  const { index, root } = read.value;
  const count = roster.members.length + 1;
  const leaf = readLeaf(part.leaf);
  const fits =
    leaf?.holder === holder &&
    isInTree(root, count, holder, part.leaf, part.path) &&
    isInTree(root, count, 0, digest.write(part.seedCommitment), part.seedPath);
  return fits
    ? { ok: true, value: { index, root, leaf } }
    : refuse("inputs-wrong", `What came as the shares of ${part.statement.site} is not what it signed.`);
}

/** Shares that fit a leaf's commitments. */
export const fitsLeaf = (roster: Digest, dealer: number, leaf: Leaf, shares: HeldShares): boolean =>
  (["seed", "key"] as const).every((kind) => shareCommitment(roster, dealer, leaf.holder, kind, shares[kind]) === leaf[kind]);

/** What a site holds once keys and shares are agreed. */
export interface Keyed {
  readonly roster: Roster;
  readonly index: number;
  /** Indices of the sites that dealt, ascending: the set U2. */
  readonly dealers: readonly number[];
  readonly hash: Digest;
  readonly held: ReadonlyMap<number, HeldShares>;
  /** Dealers whose shares for this site are garbage: it complains (complaint.ts), and goes on only with answers. */
  readonly wrong: readonly number[];
}

function unbox(roster: Roster, index: number, mine: ReturnType<typeof agreementKey>, dealer: number, leaf: Leaf): HeldShares | undefined {
  const shared = agree(mine, memberAt(roster, dealer).boxKey);
  if (shared === undefined) return undefined;
  const { key, bound } = boxing(roster, shared, dealer, index);
  const content = openBox(key, bound, leaf.box);
  if (content?.length !== 64) return undefined;
  const shares = { seed: content.slice(0, 32), key: content.slice(32) };
  return fitsLeaf(roster.hash, dealer, leaf, shares) ? shares : undefined;
}

/** Site: checks every part, opens every box. Refusals are the coordinator's fault, `wrong` names the dealers at fault. */
export function openShareSet(
  directory: Directory,
  roster: Roster,
  mine: { readonly index: number; readonly secrets: AttemptSecrets; readonly deal: Deal; readonly own: HeldShares },
  parts: readonly DealPart[],
): { readonly ok: true; readonly value: Keyed } | Refusal {
  const boxKey = agreementKey(mine.secrets.box);
  const deals: { readonly index: number; readonly root: Digest }[] = [];
  const held = new Map<number, HeldShares>([[mine.index, mine.own]]);
  const wrong: number[] = [];
  for (const part of parts) {
    const read = readPart(directory, roster, mine.index, part);
    if (isRefusal(read)) return read;
    const { index, root, leaf } = read.value;
    if (index <= (deals.at(-1)?.index ?? 0)) return refuse("inputs-wrong", "The shares are not in the roster's order.");
    deals.push({ index, root });
    if (index === mine.index) {
      if (Buffer.compare(part.statement.body, mine.deal.statement.body) !== 0) {
        return refuse("inputs-wrong", "The coordinator shows other shares of this site than it dealt.");
      }
      continue;
    }
    const shares = unbox(roster, mine.index, boxKey, index, leaf);
    if (shares === undefined) wrong.push(index);
    else held.set(index, shares);
  }
  const dealers = deals.map(({ index }) => index);
  if (!dealers.includes(mine.index)) return refuse("inputs-wrong", "The shares of this site are left out.");
  if (dealers.length < roster.numbers.minCohort) {
    return refuse("too-few-sites", `Only ${dealers.length} sites dealt shares; ${roster.numbers.minCohort} are needed.`);
  }
  return { ok: true, value: { roster, index: mine.index, dealers, hash: sharesHash(roster.hash, deals), held, wrong } };
}
