import { describe, expect, it } from "vitest";
import type { PublicKey, RunId } from "../base/ids.ts";
import { sha256 } from "../crypto/digest.ts";
import { addVector } from "../crypto/mask.ts";
import { agreementKey } from "../crypto/x25519.ts";
import type { Roster } from "./advertise.ts";
import {
  acceptAll,
  advertiseAll,
  contextOf,
  dealAll,
  directoryOf,
  entriesOf,
  keyFor,
  maskOne,
  openSum,
  releaseOne,
  echoOne,
  rosterOf,
  siteOf,
  survivorsOf,
  value,
} from "./federation.fixture.ts";
import { maskInput, pairMaskKey, selfMaskKey } from "./mask-input.ts";
import { attemptHash, inputsHash, rosterHash, roundHash, sharesHash, type RoundContext } from "./transcript.ts";
import { acceptRelease, type AcceptedRelease } from "./unmask.ts";

const directory = directoryOf(4);
const context = contextOf(directory);
const nonce = new Uint8Array(32);
const secret = agreementKey(new Uint8Array(32).fill(7));

/** The keys that a site would derive if its transcript were this one. */
function keysUnder(hash: ReturnType<typeof sha256>): string {
  const roster = { hash, attempt: hash, numbers: directory.numbers, members: [] } satisfies Roster;
  const theirs = new Uint8Array(32).fill(9);
  return [pairMaskKey(roster, secret, 1, 2, theirs), selfMaskKey(roster, 1, nonce)].map((key) => Buffer.from(key).toString("hex")).join();
}

const hashFor = (change: Partial<RoundContext>, attempt = 1, fresh = nonce, adverts = [nonce], threshold = 3) =>
  rosterHash(attemptHash(roundHash({ ...context, ...change }), attempt, fresh), threshold, adverts);

describe("the transcript", () => {
  it("[K3] one changed thing anywhere gives other masks", () => {
    const all = [
      hashFor({}),
      hashFor({ run: "heart.2" as RunId }),
      hashFor({ round: 2 }),
      hashFor({ plan: sha256("another plan") }),
      hashFor({ base: sha256("another base") }),
      hashFor({ directory: directoryOf(5).hash }),
      hashFor({ coordinator: entriesOf(2)[1]?.publicKey as PublicKey }),
      hashFor({}, 2),
      hashFor({}, 1, new Uint8Array(32).fill(1)),
      hashFor({}, 1, nonce, [nonce, nonce]),
      hashFor({}, 1, nonce, [new Uint8Array(31), new Uint8Array(1)]),
      hashFor({}, 1, nonce, [nonce], 4),
    ];
    expect(new Set(all.map(keysUnder)).size).toBe(all.length);
    const roster = hashFor({});
    const [a, b] = [sha256("a"), sha256("b")];
    const sets = [
      sharesHash(roster, [{ index: 1, root: a }]),
      sharesHash(roster, [{ index: 2, root: a }]),
      sharesHash(roster, [{ index: 1, root: b }]),
      sharesHash(a, [{ index: 1, root: a }]),
      inputsHash(roster, a, [{ index: 1, header: a }]),
      inputsHash(roster, b, [{ index: 1, header: a }]),
      inputsHash(roster, a, [{ index: 1, header: b }]),
      inputsHash(roster, a, []),
    ];
    expect(new Set(sets).size).toBe(sets.length);
  });

  it("[K3] the mask of a site that saw another base model does not cancel", () => {
    const sites = [0, 1, 2, 3].map((at) => siteOf(at, context, new Uint32Array(5000).fill(at + 1), "base"));
    const adverts = advertiseAll(directory, context, 1, sites);
    const roster = value(rosterOf(directory, adverts));
    const dealt = dealAll(directory, roster, adverts);
    const deals = acceptAll(directory, roster, dealt);
    const masked = dealt.map((one) => maskOne(directory, one, value(keyFor(directory, roster, deals, one))));
    const survivors = value(survivorsOf(directory, masked));
    const opening = { roster, deals, survivors };
    const echoes = masked.map((one) => echoOne(directory, one, survivors));
    const releases: AcceptedRelease[] = masked.map((one) => {
      const statement = releaseOne(directory, one, survivors, echoes);
      if ("ok" in statement) throw new Error(statement.text);
      return value(acceptRelease(directory, opening, statement));
    });
    expect(openSum(opening, masked, releases)).toEqual(new Uint32Array(5000).fill(10));
    // The last site masks under the hash of what *it* saw; everything else is as above.
    const last = masked[3] as (typeof masked)[number];
    const other = { ...roster, hash: hashFor({ base: sha256("another base") }) };
    const astray = { ...last, body: maskInput({ ...last.keyed, roster: other }, last.secrets, last.site.vector) };
    const noise = openSum(opening, [...masked.slice(0, 3), astray], releases);
    if ("ok" in noise) throw new Error(noise.text);
    expect(noise.filter((word) => word === 10).length).toBeLessThan(3);
    const honest = new Uint32Array(5000);
    for (const { body } of masked) addVector(honest, body);
    expect(noise).not.toEqual(honest);
  });
});
