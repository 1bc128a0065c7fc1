/** The frozen example of test/vectors/secagg.json: four sites, one of which vanishes after the masks are agreed. */
import { isRefusal } from "../base/errors.ts";
import { fromHex, toHex } from "../base/bytes.ts";
import type { Digest, PublicKey, RunId, SiteName } from "../base/ids.ts";
import { sha256 } from "../crypto/digest.ts";
import { identityFromSeed, signBytes } from "../crypto/identity.ts";
import { applyMask } from "../crypto/mask.ts";
import { agreementKey } from "../crypto/x25519.ts";
import { advertise, agreeOnRoster, attemptSecrets, memberAt } from "./advertise.ts";
import { directoryWords, makeDirectory } from "./directory.ts";
import { chanceOf, openSum, value, type Masked } from "./federation.fixture.ts";
import { announceMasked, maskInput, pairMaskKey, selfMaskKey, vectorBytes } from "./mask-input.ts";
import { acceptDeal, deal, openShareSet, partFor } from "./share.ts";
import { agreeOnSurvivors, echo } from "./survivors.ts";
import { attemptHash, roundHash } from "./transcript.ts";
import { acceptRelease, release } from "./unmask.ts";

/** Everything that goes in, as JSON. */
export interface VectorInput {
  readonly run: string;
  readonly round: number;
  readonly plan: Digest;
  readonly base: Digest;
  readonly coordinatorSeed: string;
  readonly attempt: number;
  readonly nonce: string;
  readonly sites: readonly {
    readonly site: string;
    readonly operator: string;
    readonly identitySeed: string;
    readonly secrets: string;
    readonly dealing: string;
    readonly vector: readonly number[];
    readonly dropped: boolean;
  }[];
}

export function exampleInput(): VectorInput {
  const chance = chanceOf("engraft frozen vectors");
  const hex = (count: number): string => toHex(chance(count));
  return {
    run: "heart-head.3",
    round: 7,
    plan: sha256("plan"),
    base: sha256("base"),
    coordinatorSeed: hex(32),
    attempt: 2,
    nonce: hex(32),
    sites: ["aarau", "basel", "chur", "davos"].map((site, at) => ({
      site,
      operator: `Hospital of ${site}`,
      identitySeed: hex(32),
      secrets: hex(128),
      dealing: hex(64 * 2 + 12 * 4),
      vector: Array.from({ length: 21 }, (_, i) => (i === 0 ? 30 * (at + 1) : Math.imul(i + 1, 0x9e3779b1 * (at + 1)) >>> 0)),
      dropped: site === "chur",
    })),
  };
}

const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array();

/** To the accepted deals. */
function exampleDeals(input: VectorInput) {
  const signings = input.sites.map(({ site, identitySeed }) => ({
    site: site as SiteName,
    identity: identityFromSeed(bytes(identitySeed)),
    sign: signBytes,
  }));
  const directory = makeDirectory(
    input.sites.map(({ site, operator }, at) => ({
      site: site as SiteName,
      operator,
      publicKey: signings[at]?.identity.publicKey as PublicKey,
      withCoordinator: false,
    })),
  );
  if (isRefusal(directory)) throw new Error(directory.text);
  const coordinator = identityFromSeed(bytes(input.coordinatorSeed)).publicKey;
  const { run, round, plan, base } = input;
  const r0 = roundHash({ run: run as RunId, round, plan, base, directory: directory.hash, coordinator });
  const t0 = attemptHash(r0, input.attempt, bytes(input.nonce));
  const secrets = input.sites.map((one) => attemptSecrets(bytes(one.secrets)));
  const adverts = signings.map((by, at) => advertise(by, t0, secrets[at] as (typeof secrets)[number]));
  const roster = value(agreeOnRoster(directory, t0, adverts));
  const dealt = signings.map((by, at) => ({
    index: at + 1,
    secrets: secrets[at] as (typeof secrets)[number],
    ...deal(by, roster, at + 1, secrets[at] as (typeof secrets)[number], bytes(input.sites[at]?.dealing ?? "")),
  }));
  const deals = dealt.map((one) => value(acceptDeal(directory, roster, one.deal)));
  return { signings, directory, round: r0, attempt: t0, adverts, roster, dealt, deals };
}

/** What the protocol makes of it, as JSON. */
export function exampleOutput(input: VectorInput) {
  const { signings, directory, round, attempt, adverts, roster, dealt, deals } = exampleDeals(input);
  const keyed = dealt.map((one) =>
    value(
      openShareSet(
        directory,
        roster,
        one,
        deals.map((each) => partFor(each, one.index)),
      ),
    ),
  );
  const masked = dealt.flatMap((one, at) => {
    if (input.sites[at]?.dropped === true) return [];
    const mine = keyed[at] as (typeof keyed)[number];
    const body = maskInput(mine, one.secrets, Uint32Array.from(input.sites[at]?.vector ?? []));
    return [
      {
        ...one,
        site: { layout: { front: body.length, narrow: 0, back: 0 } },
        by: signings[at] as (typeof signings)[number],
        keyed: mine,
        body,
        header: announceMasked(signings[at] as (typeof signings)[number], mine, body),
      },
    ];
  });
  const shared = keyed[0] as (typeof keyed)[number];
  const survivors = value(
    agreeOnSurvivors(
      directory,
      roster,
      shared,
      masked.map(({ header }) => header),
    ),
  );
  const opening = { roster, deals, survivors };
  const given = shared.dealers.map((index) => ({ index, kind: survivors.members.includes(index) ? ("seed" as const) : ("key" as const) }));
  const releases = masked.map((one) => release(one.by, roster, one.index, survivors, given, one.keyed.held));
  const sum = openSum(
    opening,
    masked as unknown as readonly Masked[],
    releases.map((one) => value(acceptRelease(directory, opening, one))),
  );
  if ("ok" in sum) throw new Error(sum.text);
  const first = dealt[0] as (typeof dealt)[number];
  const pair = pairMaskKey(roster, agreementKey(first.secrets.mask), 1, 2, memberAt(roster, 2).maskKey);
  const stream = new Uint32Array(16);
  applyMask(stream, pair, 1);
  return {
    directory: directory.hash,
    words: directoryWords(directory).join(" "),
    round,
    attempt,
    adverts: adverts.map(({ body, signature }) => ({ body: toHex(body), signature })),
    roster: roster.hash,
    roots: deals.map(({ root }) => root),
    firstLeaf: toHex(deals[0]?.leaves[1] ?? new Uint8Array()),
    shares: shared.hash,
    pairMask: toHex(pair),
    selfMask: toHex(selfMaskKey(roster, 1, first.secrets.seed)),
    stream: toHex(vectorBytes(stream)),
    masked: masked.map(({ body }) => toHex(vectorBytes(body))),
    headers: masked.map(({ header }) => toHex(header.body)),
    inputs: survivors.hash,
    echo: toHex(echo(signings[0] as (typeof signings)[number], roster, 1, survivors).body),
    releases: releases.map(({ body }) => toHex(body)),
    sum: [...sum],
  };
}
