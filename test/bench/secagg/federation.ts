/** A federation whose statements are all made, so that one site's part of a round and the coordinator's can be timed alone. */
import { randomBytes } from "node:crypto";
import { isRefusal, type Refusal } from "@engraft/core/base/errors";
import type { RunId, SiteName } from "@engraft/core/base/ids";
import { identityFromSeed, signBytes } from "@engraft/core/crypto/identity";
import { sha256 } from "@engraft/core/crypto/digest";
import { advertise, agreeOnRoster, attemptSecrets } from "@engraft/core/secagg/advertise";
import { makeDirectory } from "@engraft/core/secagg/directory";
import { announceMasked, maskInput } from "@engraft/core/secagg/mask-input";
import { encodeInput, type Encoding } from "@engraft/core/secagg/quantize";
import { acceptDeal, deal, dealEntropy, openShareSet, partsOf } from "@engraft/core/secagg/share";
import type { Signing } from "@engraft/core/secagg/statement";
import { agreeOnSurvivors, echo } from "@engraft/core/secagg/survivors";
import { attemptHash, roundHash } from "@engraft/core/secagg/transcript";
import { release } from "@engraft/core/secagg/unmask";

export interface Size {
  readonly values: number;
  readonly sites: number;
  /** Sites that vanish after the masks are agreed. */
  readonly dropped: number;
}

/** One repetition of a case. */
export interface Measured {
  readonly siteMs: number;
  readonly coordinatorMs: number;
  /** Of one site, up and down, without the model's way down. */
  readonly bytes: { readonly vector: number; readonly rest: number };
  /** Put together from units that were timed, because the case needs too much memory or time. */
  readonly derived: boolean;
}

export function value<T>(result: { readonly ok: true; readonly value: T } | Refusal): T {
  if (isRefusal(result)) throw new Error(`${result.code}: ${result.text}`);
  return result.value;
}

/** Random values with the spread of an update; the same block again and again, because drawing them is not what is timed. */
export function someUpdate(values: number): Float32Array {
  const update = new Float32Array(values);
  const block = new Float32Array(65_536);
  for (let at = 0; at < block.length; at++) block[at] = (Math.random() - 0.5) * 0.01;
  for (let at = 0; at < values; at += block.length) update.set(block.subarray(0, Math.min(block.length, values - at)), at);
  return update;
}

/** Full words do not depend on the round. */
export const ROUND = sha256("round");

export const encodingOf = ({ values, sites }: Size): Encoding => ({
  words: "full",
  sites,
  cap: 10_000,
  clipNorm: 100,
  clip: 0.25,
  values,
  totals: 0,
  noise: 0,
});

export type Federation = ReturnType<typeof federationOf>;

/** All statements of an attempt, and of the survivors the masked vectors. Site 1 is the one that is timed. */
export function federationOf(size: Size) {
  const signings: readonly Signing[] = Array.from({ length: size.sites }, (_, at) => ({
    site: `site-${String(at + 1).padStart(3, "0")}` as SiteName,
    identity: identityFromSeed(randomBytes(32)),
    sign: signBytes,
  }));
  const made = makeDirectory(
    signings.map(({ site, identity }, at) => ({
      site,
      publicKey: identity.publicKey,
      operator: `Operator of the hospital number ${at + 1}`,
      withCoordinator: false,
    })),
  );
  if (isRefusal(made)) throw new Error(made.text);
  const directory = made;
  const coordinator = identityFromSeed(randomBytes(32));
  const context = {
    run: "bench.1" as RunId,
    round: 1,
    plan: sha256("plan"),
    base: sha256("base"),
    directory: directory.hash,
    coordinator: coordinator.publicKey,
  };
  const attempt = attemptHash(roundHash(context), 1, randomBytes(32));
  const secrets = signings.map(() => attemptSecrets(Uint8Array.from(randomBytes(128))));
  const adverts = signings.map((by, at) => advertise(by, attempt, secrets[at] as (typeof secrets)[number]));
  const roster = value(agreeOnRoster(directory, attempt, adverts));
  const dealt = signings.map((by, at) => {
    const mine = secrets[at] as (typeof secrets)[number];
    return { by, index: at + 1, secrets: mine, ...deal(by, roster, at + 1, mine, randomBytes(dealEntropy(roster))) };
  });
  const deals = dealt.map((one) => value(acceptDeal(directory, roster, one.deal)));
  const cut = deals.map(partsOf);
  const survivors = dealt.slice(0, size.sites - size.dropped);
  const keyed = survivors.map((one) =>
    value(
      openShareSet(
        directory,
        roster,
        one,
        cut.map((part) => part(one.index)),
      ),
    ),
  );
  const encoding = encodingOf(size);
  return { size, signings, directory, coordinator, context, attempt, adverts, roster, dealt, deals, cut, survivors, keyed, encoding };
}

export type Announced = ReturnType<typeof announce>;

/** The survivors' masked vectors with all statements about them, and the plain sum that must come out. */
export function announce(federation: Federation, update: Float32Array) {
  const { survivors, keyed, encoding, directory, roster } = federation;
  let plain: Uint32Array | undefined;
  const bodies = survivors.map((one, at) => {
    const vector = encodeInput(encoding, ROUND, { weight: 100 + at, update, totals: [] }, randomBytes(32));
    if (plain === undefined) plain = Uint32Array.from(vector);
    // The reference sum, in plain arithmetic.
    else for (let i = 0; i < plain.length; i++) plain[i] = (plain[i] as number) + (vector[i] as number);
    const mine = keyed[at] as (typeof keyed)[number];
    return maskInput(mine, one.secrets, vector);
  });
  const headers = survivors.map((one, at) =>
    announceMasked(one.by, keyed[at] as (typeof keyed)[number], bodies[at] as (typeof bodies)[number]),
  );
  const shared = keyed[0] as (typeof keyed)[number];
  const agreed = value(agreeOnSurvivors(directory, roster, shared, headers));
  const echoes = survivors.map((one) => echo(one.by, roster, one.index, agreed));
  const given = shared.dealers.map((index) => ({ index, kind: agreed.members.includes(index) ? ("seed" as const) : ("key" as const) }));
  const releases = survivors.map((one, at) => release(one.by, roster, one.index, agreed, given, keyed[at]?.held ?? new Map()));
  return { plain: plain ?? new Uint32Array(0), bodies, headers, agreed, echoes, releases, given };
}
