/** Phase 1: each site advertises fresh keys under its pinned identity; all agree on one roster. */
import { decode } from "../base/binary.ts";
import { assert, isRefusal, refuse, type Refusal } from "../base/errors.ts";
import { bySite, type Digest, type SiteName } from "../base/ids.ts";
import { agreementKey, agreementPublic, isAgreementKey } from "../crypto/x25519.ts";
import type { Directory } from "./directory.ts";
import type { Numbers } from "../models/directory-numbers.ts";
import { BODIES, readStatement, state, type Signing, type Statement } from "./statement.ts";
import { rosterHash } from "./transcript.ts";

/** A site's secrets of one attempt; never used in another, never in a log, wiped at its end. 32 bytes each. */
export interface AttemptSecrets {
  readonly box: Uint8Array;
  readonly mask: Uint8Array;
  /** Of the self mask. */
  readonly seed: Uint8Array;
  /** Public; makes the advert fresh. */
  readonly nonce: Uint8Array;
}

/** Cuts 128 fresh random bytes into an attempt's secrets. */
export function attemptSecrets(entropy: Uint8Array): AttemptSecrets {
  assert(entropy.length === 128, "an attempt's secrets take 128 random bytes");
  const [box, mask, seed, nonce] = [0, 32, 64, 96].map((at) => entropy.slice(at, at + 32)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  return { box, mask, seed, nonce };
}

/** Overwrites the secrets: best effort, because copies inside the cryptographic library stay. */
export function wipeSecrets(secrets: AttemptSecrets): void {
  for (const secret of Object.values(secrets) as Uint8Array[]) secret.fill(0);
}

/** Sent only after the encoded vector is stored (SPEC.md, G6). */
export const advertise = (by: Signing, attempt: Digest, secrets: AttemptSecrets): Statement<"advert"> =>
  state(by, "advert", {
    attempt,
    boxKey: agreementPublic(agreementKey(secrets.box)),
    maskKey: agreementPublic(agreementKey(secrets.mask)),
    nonce: secrets.nonce,
  });

export interface Member {
  /** From 1, in byte order of the names; also the x of its Shamir shares. */
  readonly index: number;
  readonly site: SiteName;
  readonly boxKey: Uint8Array;
  readonly maskKey: Uint8Array;
}

export interface Roster {
  readonly hash: Digest;
  readonly attempt: Digest;
  readonly numbers: Numbers;
  /** Ordered by index: the member with index i is at i - 1. */
  readonly members: readonly Member[];
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/**
 * The roster that these adverts make, on both sides by the same rules: pinned keys, this attempt, no key twice or weak,
 * at least the directory's threshold. A site passes its own advert, which must be there byte for byte.
 */
export function agreeOnRoster(
  directory: Directory,
  attempt: Digest,
  adverts: readonly Statement[],
  own?: Statement<"advert">,
): { readonly ok: true; readonly value: Roster } | Refusal {
  const ordered = adverts.toSorted((a, b) => bySite(a.site, b.site));
  const members: Member[] = [];
  for (const advert of ordered) {
    const read = readStatement(directory, "advert", advert);
    if (isRefusal(read)) return read;
    const { value } = read;
    if (value.attempt !== attempt) return refuse("attempt-stale", `The keys of ${advert.site} are of another attempt.`);
    if (!isAgreementKey(value.boxKey) || !isAgreementKey(value.maskKey)) {
      return refuse("roster-wrong", `${advert.site} advertises a key under which nothing would be secret.`);
    }
    members.push({ index: members.length + 1, site: advert.site, boxKey: value.boxKey, maskKey: value.maskKey });
  }
  if (new Set(ordered.map(({ site }) => site)).size !== ordered.length) return refuse("roster-wrong", "A site stands twice in the roster.");
  const keys = members.flatMap(({ boxKey, maskKey }) => [boxKey, maskKey]).map((key) => Buffer.from(key).toString("hex"));
  if (new Set(keys).size !== keys.length) return refuse("roster-wrong", "One key stands twice in the roster.");
  if (own !== undefined && !ordered.some((one) => one.site === own.site && sameBytes(one.body, own.body))) {
    return refuse("roster-wrong", "The roster does not hold the keys that this site advertised.");
  }
  const { numbers } = directory;
  if (members.length < numbers.minCohort) {
    return refuse("too-few-sites", `The roster has ${members.length} sites; this directory needs ${numbers.minCohort}.`);
  }
  return { ok: true, value: assembled(numbers, attempt, ordered, members) };
}

const assembled = (numbers: Numbers, attempt: Digest, ordered: readonly { readonly body: Uint8Array }[], members: readonly Member[]) => ({
  hash: rosterHash(
    attempt,
    numbers.threshold,
    ordered.map(({ body }) => body),
  ),
  attempt,
  numbers,
  members,
});

/** The roster of adverts that were agreed on before, in its order: as `agreeOnRoster` gave it, without verifying anew. */
export function rosterAgain(directory: Directory, attempt: Digest, ordered: readonly { readonly body: Uint8Array }[]): Roster {
  const members = ordered.map(({ body }, at): Member => {
    const advert = decode(BODIES.advert, body);
    assert(advert !== undefined, "an accepted advert cannot be read");
    return { index: at + 1, site: advert.site as SiteName, boxKey: advert.boxKey, maskKey: advert.maskKey };
  });
  return assembled(directory.numbers, attempt, ordered, members);
}

export const memberAt = (roster: Roster, index: number): Member => {
  const member = roster.members[index - 1];
  assert(member !== undefined, "no such place in the roster");
  return member;
};

/** Reads a statement and checks that it belongs to this roster and comes from the member whose index it bears. */
export function readOfRoster<K extends "deal" | "masked" | "echo" | "release" | "complaint" | "answer">(
  directory: Directory,
  roster: Roster,
  kind: K,
  statement: Statement,
): ReturnType<typeof readStatement<K>> {
  const read = readStatement(directory, kind, statement);
  if (isRefusal(read)) return read;
  const { roster: hash, index } = read.value as { readonly roster: Digest; readonly index: number };
  if (hash !== roster.hash) return refuse("attempt-stale", `The ${kind} statement of ${statement.site} is of another roster.`);
  if (roster.members[index - 1]?.site !== statement.site) {
    return refuse("roster-wrong", `The ${kind} statement of ${statement.site} bears another site's place.`);
  }
  return read;
}
