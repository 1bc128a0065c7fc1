/**
 * Wrong shares, and who sent them. A site that was dealt garbage complains by naming the dealer, never by opening a key;
 * the dealer answers with both shares for the complainer, in clear. Three things prove a lie to a third party, from signed
 * bytes alone: an answer that does not fit the dealer's commitments, a released share that does not fit them, and t
 * fitting shares that do not give the committed secret. A complaint that stays open proves nothing.
 */
import { isRefusal, refuse, type Refusal } from "../base/errors.ts";
import type { SiteName } from "../base/ids.ts";
import { memberAt, readOfRoster, type Roster } from "./advertise.ts";
import type { Directory } from "./directory.ts";
import { fitsLeaf, readPart, shareCommitment, type DealPart, type HeldShares, type Keyed, type ShareKind } from "./share.ts";
import { state, type Signing, type Statement } from "./statement.ts";
import { isDealersSecret, recoverSecret, type Blame } from "./unmask.ts";

export const complain = (by: Signing, keyed: Keyed, dealer: number): Statement<"complaint"> =>
  state(by, "complaint", { roster: keyed.roster.hash, index: keyed.index, dealer });

/** Dealer: `shares` are those that it dealt to the complainer. Only where the rules allow it (SPEC.md, G2). */
export const answer = (by: Signing, roster: Roster, index: number, complainer: number, shares: HeldShares): Statement<"answer"> =>
  state(by, "answer", { roster: roster.hash, index, complainer, seed: shares.seed, key: shares.key });

/** The dealer's shares for a complainer: what a complaint asks for. */
export function readComplaint(
  directory: Directory,
  roster: Roster,
  index: number,
  complaint: Statement,
): { readonly ok: true; readonly value: { readonly complainer: number } } | Refusal {
  const read = readOfRoster(directory, roster, "complaint", complaint);
  if (isRefusal(read)) return read;
  if (read.value.dealer !== index) return refuse("release-refused", "The complaint is about another site's shares.");
  return { ok: true, value: { complainer: read.value.index } };
}

/** Anybody: the answered shares, or the dealer by name. `part` is the complainer's part of the dealer's deal. */
export function readAnswer(
  directory: Directory,
  roster: Roster,
  complainer: number,
  part: DealPart,
  statement: Statement,
): { readonly ok: true; readonly value: { readonly dealer: number; readonly shares: HeldShares } } | Refusal | Blame {
  const dealt = readPart(directory, roster, complainer, part);
  if (isRefusal(dealt)) return dealt;
  const read = readOfRoster(directory, roster, "answer", statement);
  if (isRefusal(read)) return read;
  const { index, seed, key } = read.value;
  if (index !== dealt.value.index || read.value.complainer !== complainer) {
    return refuse("bad-message", "The answer is not to this complaint.");
  }
  if (!fitsLeaf(roster.hash, index, dealt.value.leaf, { seed, key })) {
    return {
      ...refuse("share-wrong", `${statement.site} answered with shares that do not fit its own commitments.`),
      site: statement.site,
    };
  }
  return { ok: true, value: { dealer: index, shares: { seed, key } } };
}

/** The complainer goes on with the shares of a good answer. */
export const withAnswer = (keyed: Keyed, dealer: number, shares: HeldShares): Keyed => ({
  ...keyed,
  held: new Map([...keyed.held, [dealer, shares]]),
});

/** Third party: the site that released a share other than the one it was dealt, or undefined where this proves nothing. */
export function wrongRelease(
  directory: Directory,
  roster: Roster,
  evidence: { readonly release: Statement; readonly part: DealPart },
): SiteName | undefined {
  const read = readOfRoster(directory, roster, "release", evidence.release);
  if (isRefusal(read)) return undefined;
  const { index, seeds, keys } = read.value;
  const dealt = readPart(directory, roster, index, evidence.part);
  if (isRefusal(dealt)) return undefined;
  const { index: dealer, leaf } = dealt.value;
  const misfits = (kind: ShareKind, given: typeof seeds): boolean =>
    given.some(({ of, share }) => of === dealer && shareCommitment(roster.hash, dealer, index, kind, share) !== leaf[kind]);
  return misfits("seed", seeds) || misfits("key", keys) ? evidence.release.site : undefined;
}

/**
 * Third party: the dealer, where t shares that fit its commitments give another secret than it committed to; undefined
 * where this proves nothing. `opened` are the holders' parts of one deal with the shares that they released.
 */
export function crookedDealer(
  directory: Directory,
  roster: Roster,
  kind: ShareKind,
  opened: readonly { readonly holder: number; readonly part: DealPart; readonly share: Uint8Array }[],
): SiteName | undefined {
  const { threshold } = roster.numbers;
  const some = opened.slice(0, threshold);
  if (some.length < threshold || new Set(some.map(({ holder }) => holder)).size < threshold) return undefined;
  const dealers = new Set<string>();
  const roots = new Set<string>();
  for (const { holder, part, share } of some) {
    const read = readPart(directory, roster, holder, part);
    if (isRefusal(read)) return undefined;
    const { index, root, leaf } = read.value;
    if (shareCommitment(roster.hash, index, holder, kind, share) !== leaf[kind]) return undefined;
    dealers.add(part.statement.site);
    roots.add(root);
  }
  const first = some[0]?.part;
  if (first === undefined || dealers.size !== 1 || roots.size !== 1) return undefined;
  const dealer = roster.members.find(({ site }) => site === first.statement.site)?.index ?? 0;
  const shares = some.map(({ holder, share }) => ({ x: holder, bytes: share }));
  const { secret } = recoverSecret(shares, threshold, (one) => isDealersSecret(roster, dealer, kind, first.seedCommitment, one));
  return secret === undefined ? memberAt(roster, dealer).site : undefined;
}
