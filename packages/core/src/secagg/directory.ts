/**
 * The plan's directory: who the sites are, and so how many of them may lie and how many must stand together. It is the
 * root of all privacy here: a coordinator that hands a site a directory of its own inventions reads everything. So each
 * site pins it, and stewards compare all of it by one code of 16 words, which they read to each other on a call.
 */
import { list, name, record, u8, type Decoded } from "../base/binary.ts";
import { fromBase64url } from "../base/bytes.ts";
import { refuse, type Refusal } from "../base/errors.ts";
import { bySite, type Digest, type PublicKey, type SiteName } from "../base/ids.ts";
import { digestWords } from "../base/words.ts";
import { isIdentityKey } from "../crypto/edwards.ts";
import { MAX_SITES, MIN_SITES, numbersOf, type Numbers } from "../models/directory-numbers.ts";
import { taggedHash } from "./transcript.ts";

/** A site of the directory, whether or not it takes part today. */
export interface DirectorySite {
  readonly site: SiteName;
  /** Ed25519, the key of its enrolment. */
  readonly publicKey: PublicKey;
  /** Who runs it, as people read it on screen; printable ASCII. */
  readonly operator: string;
  /** Run by the coordinator's operator too: counted among the liars. */
  readonly withCoordinator: boolean;
}

export interface Directory {
  /** In byte order of their names. */
  readonly sites: readonly DirectorySite[];
  readonly numbers: Numbers;
  readonly hash: Digest;
}

const Entry = record({ site: name, publicKey: name, operator: name, withCoordinator: u8 });
const Entries = list(Entry);

const isPrintable = (text: string): boolean => /^[ -~]{1,255}$/.test(text);

/** First thing wrong with the entries, in words. */
function flawOf(sites: readonly DirectorySite[]): string | undefined {
  if (sites.length < MIN_SITES) return "A sum of fewer than three sites hides nothing: list at least three.";
  if (sites.length > MAX_SITES) return `At most ${MAX_SITES} sites can add up their updates in one directory.`;
  if (!sites.every(({ site, operator }) => isPrintable(site) && isPrintable(operator))) {
    return "Names and operators must be short and in plain ASCII.";
  }
  const twice = (what: string, values: readonly string[]): string | undefined =>
    new Set(values).size === values.length ? undefined : `Two sites have the same ${what}.`;
  const doubled =
    twice(
      "name",
      sites.map(({ site }) => site),
    ) ??
    twice(
      "key",
      sites.map(({ publicKey }) => publicKey),
    ) ??
    twice(
      "operator",
      sites.map(({ operator }) => operator.trim().toLowerCase()),
    );
  if (doubled !== undefined) return doubled;
  if (!sites.every(({ publicKey }) => isIdentityKey(fromBase64url(publicKey) ?? new Uint8Array()))) {
    return "A site's key is not a sound Ed25519 key: enrol that site again.";
  }
  return sites.filter(({ withCoordinator }) => withCoordinator).length > numbersOf(sites.length).liars
    ? "The coordinator's operator runs more of the sites than may lie."
    : undefined;
}

/** Checks and orders the entries. `directory-wrong` names what is wrong. `minCohort` is the plan's. */
export function makeDirectory(sites: readonly DirectorySite[], minCohort = 0): Directory | Refusal {
  const flaw = flawOf(sites);
  if (flaw !== undefined) return refuse("directory-wrong", flaw);
  const numbers = numbersOf(sites.length, minCohort);
  if (numbers.minCohort > sites.length) return refuse("directory-wrong", "The plan wants more sites in a sum than the directory has.");
  const ordered = sites.toSorted((a, b) => bySite(a.site, b.site));
  const entries: Decoded<typeof Entries> = ordered.map((one) => ({ ...one, withCoordinator: one.withCoordinator ? 1 : 0 }));
  return { sites: ordered, numbers, hash: taggedHash("directory", Entries.write(entries)) };
}

/** The code that stewards read to each other: 16 words, 176 bits. */
export const directoryWords = (directory: Directory): readonly string[] => digestWords(directory.hash, 16);

/** A site's pinned key; undefined for a stranger. */
export const pinnedKey = (directory: Directory, site: string): PublicKey | undefined =>
  directory.sites.find((one) => one.site === site)?.publicKey;
