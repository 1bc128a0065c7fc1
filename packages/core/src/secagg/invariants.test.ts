/** Invariants of the protocol as properties: of hashes, keys, rules and blame, whoever sends what in which order. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode } from "../base/binary.ts";
import { concat, utf8 } from "../base/bytes.ts";
import { isRefusal } from "../base/errors.ts";
import { bySite, type Digest, type PublicKey, type RunId, type SiteName } from "../base/ids.ts";
import { openBox } from "../crypto/box.ts";
import { sha256 as h } from "../crypto/digest.ts";
import { applyMask } from "../crypto/mask.ts";
import { agree, agreementKey, deriveKey } from "../crypto/x25519.ts";
import { numbersOf } from "../models/directory-numbers.ts";
import { memberAt, rosterAgain, type Roster } from "./advertise.ts";
import { answer, crookedDealer, readAnswer, wrongRelease } from "./complaint.ts";
import { dealWith } from "./crooked.fixture.ts";
import { makeDirectory } from "./directory.ts";
import {
  acceptAll,
  advertiseAll,
  contextOf,
  dealAll,
  directoryOf,
  echoOne,
  entriesOf,
  keyFor,
  maskOne,
  releaseOne,
  rosterOf,
  siteOf,
  survivorsOf,
  value,
  type Dealt,
  type Masked,
  type Site,
} from "./federation.fixture.ts";
import { pairMaskKey, pairSign, selfMaskKey } from "./mask-input.ts";
import { mayLeave, type Decision, type JournalRecord, type Request } from "./release-rules.ts";
import { acceptDeal, dealtShares, partFor, readLeaf, type AcceptedDeal, type ShareKind } from "./share.ts";
import { BODIES, readStatement, state, type Statement, type StatementKind } from "./statement.ts";
import { attemptHash, digestBytes, inputsHash, rosterHash, roundHash, sharesHash, type RoundContext } from "./transcript.ts";

const directory = directoryOf(5);
const context = contextOf(directory);
const WORDS = 12;
const sitesOf = (seed: string): readonly Site[] =>
  Array.from({ length: 5 }, (_, at) => siteOf(at, context, new Uint32Array(WORDS).fill(at + 1), seed));

interface Table {
  readonly roster: Roster;
  readonly dealt: readonly Dealt[];
  readonly deals: readonly AcceptedDeal[];
}

function table(sites: readonly Site[], attempt = 1, forge: (one: Dealt, roster: Roster) => Dealt["deal"] = (one) => one.deal): Table {
  const adverts = advertiseAll(directory, context, attempt, sites);
  const roster = value(rosterOf(directory, adverts));
  const dealt = dealAll(directory, roster, adverts).map((one) => ({ ...one, deal: forge(one, roster) }));
  return { roster, dealt, deals: acceptAll(directory, roster, dealt) };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("the numbers", () => {
  it("[V1] come from the directory's size alone, and hold at every size with any minimum that a plan asks for", () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 100 }), fc.integer({ min: 0, max: 100 }), (sites, asked) => {
        const { liars: c, threshold: t, minCohort } = numbersOf(sites, asked);
        expect([2 * t > sites + c, c + 2 <= t, t <= sites, 2 * c < t, 2 * (t - c) > sites - c, minCohort >= t]).toEqual(
          Array(6).fill(true),
        );
        expect([c, t]).toEqual([numbersOf(sites).liars, numbersOf(sites).threshold]);
      }),
      { numRuns: 5000 },
    );
    // Rosters of any allowed size have the directory's.
    for (const count of [4, 5]) {
      const adverts = advertiseAll(directory, context, 1, sitesOf("numbers").slice(0, count));
      expect(value(rosterOf(directory, adverts)).numbers).toEqual(numbersOf(5));
    }
    expect(makeDirectory(entriesOf(5), 6)).toMatchObject({ code: "directory-wrong" });
  });
});

describe("the rules, over any requests in any order", () => {
  const numbers = numbersOf(5);
  const inRound = (round: number) => ({ run: "heart.1", round, roundHash: h(`round ${round}`) });
  const at = (round: number, attempt: number) => ({ now: 0, roster: h(`roster ${round}.${attempt}`) });
  const sets = fc.constantFrom([1, 2, 3, 4], [2, 3, 4, 5], [1, 2, 3, 4, 5], [1, 2, 3], [1, 3, 4, 5]);
  const inputs = fc.constantFrom(h("i"), h("j"));
  const echoes = fc.oneof(
    inputs.map((same) => [1, 2, 3, 4, 5].map((index) => ({ index, inputs: same }))),
    fc.array(fc.record({ index: fc.integer({ min: 1, max: 6 }), inputs }), { maxLength: 8 }),
  );
  const place = fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 3 }));
  const request = (round: number, attempt: number): fc.Arbitrary<readonly Request[]> => {
    const attemptHash_ = h(`attempt ${round}.${attempt}`);
    const advertise: Request = {
      kind: "advertise",
      now: 0,
      ...inRound(round),
      plan: h("plan"),
      directory: h("directory"),
      attempt,
      maxAttempts: 3,
      attemptHash: attemptHash_,
      until: 100,
    };
    const deal: Request = { kind: "deal", now: 0, attemptHash: attemptHash_, roster: at(round, attempt).roster, index: 2 };
    const mask = sets.map((dealers): Request => ({
      kind: "mask",
      ...at(round, attempt),
      shares: h(dealers.join()),
      dealers,
      vector: h("x"),
    }));
    const echo = fc
      .tuple(inputs, sets)
      .map(([same, survivors]): Request => ({ kind: "echo", ...at(round, attempt), inputs: same, survivors }));
    const release = fc
      .tuple(inputs, echoes)
      .map(([same, seen]): Request => ({ kind: "release", ...at(round, attempt), inputs: same, echoes: seen }));
    const answered = fc.integer({ min: 1, max: 5 }).map((complainer): Request => ({ kind: "answer", ...at(round, attempt), complainer }));
    const one = fc.oneof(fc.constant(advertise), fc.constant(deal), mask, echo, release, answered);
    const whole = fc.tuple(mask, echo, release, release).map(([m, e, r, again]) => [advertise, deal, m, e, r, again]);
    const everybody = [1, 2, 3, 4, 5];
    const good = fc
      .tuple(inputs, sets)
      .map(([same, survivors]): readonly Request[] => [
        advertise,
        deal,
        { kind: "mask", ...at(round, attempt), shares: h(everybody.join()), dealers: everybody, vector: h("x") },
        { kind: "echo", ...at(round, attempt), inputs: same, survivors },
        { kind: "release", ...at(round, attempt), inputs: same, echoes: everybody.map((index) => ({ index, inputs: same })) },
      ]);
    return fc.oneof(
      { weight: 3, arbitrary: one.map((single) => [single]) },
      { weight: 1, arbitrary: whole },
      { weight: 1, arbitrary: good },
    );
  };

  it("[V2] [V4] [V5] [V17] release at most once in a round, only for enough sites that saw the same, one kind of share of each, and charge first", () => {
    let released = 0;
    let refused = 0;
    let charged = 0;
    fc.assert(
      fc.property(
        fc.array(
          place.chain(([round, attempt]) => request(round, attempt)),
          { maxLength: 30 },
        ),
        (list) => {
          const journal: JournalRecord[] = [
            { kind: "approved", run: "heart.1", plan: h("plan"), directory: h("directory"), rounds: 3, compared: true },
            ...[1, 2].map((round): JournalRecord => ({ kind: "stored", ...inRound(round), vector: h("x") })),
          ];
          const kinds = new Map<string, ShareKind>();
          for (const one of list.flat()) {
            const decision = mayLeave(journal, numbers, one);
            if (isRefusal(decision)) {
              refused += 1;
              continue;
            }
            if (one.kind === "release" && !decision.repeat) {
              released += 1;
              expectRelease(journal, one, decision, kinds);
            }
            journal.push(...decision.records);
          }
          const of = <K extends JournalRecord["kind"]>(kind: K) =>
            journal.filter((record): record is Extract<JournalRecord, { kind: K }> => record.kind === kind);
          const once = (keys: readonly string[]): void => expect(new Set(keys).size).toBe(keys.length);
          once(of("released").map(({ run, round }) => `${run} ${round}`));
          once(of("echoed").map(({ roster }) => roster));
          once(of("masked").map(({ roster }) => roster));
          for (const { roster } of of("answered")) {
            expect(of("answered").filter((one) => one.roster === roster).length).toBeLessThanOrEqual(numbers.liars);
          }
          once(of("charged").map(({ roundHash: round }) => round));
          charged += of("charged").length;
          for (const { roster } of of("masked")) {
            const dealt = of("dealt").find((one) => one.roster === roster);
            const round = of("advertised").find((one) => one.attemptHash === dealt?.attemptHash)?.roundHash;
            const charge = journal.findIndex((one) => one.kind === "charged" && one.roundHash === round);
            expect(charge).toBeGreaterThan(-1);
            expect(charge).toBeLessThan(journal.findIndex((one) => one.kind === "masked" && one.roster === roster));
          }
        },
      ),
      { numRuns: 3000 },
    );
    // The property says nothing where nothing is released, refused or charged.
    expect([released > 200, refused > 1000, charged > 500]).toEqual([true, true, true]);
  });

  /** What must have been so when shares leave. */
  function expectRelease(
    journal: readonly JournalRecord[],
    asked: Extract<Request, { kind: "release" }>,
    { given, records }: Decision,
    kinds: Map<string, ShareKind>,
  ): void {
    const echoed = journal.find((one) => one.kind === "echoed" && one.roster === asked.roster);
    if (echoed?.kind !== "echoed") throw new Error("a release without an echo");
    expect(echoed.inputs).toBe(asked.inputs);
    const { survivors } = echoed;
    const witnesses = new Set(
      asked.echoes.filter((one) => one.inputs === asked.inputs && survivors.includes(one.index)).map((one) => one.index),
    );
    expect(witnesses.size).toBeGreaterThanOrEqual(numbers.threshold);
    expect(survivors.length).toBeGreaterThanOrEqual(numbers.minCohort);
    expect(records.map(({ kind }) => kind)).toEqual(["released"]);
    for (const { index, kind } of given) {
      const before = kinds.get(`${asked.roster} ${index}`);
      expect(before === undefined || before === kind).toBe(true);
      kinds.set(`${asked.roster} ${index}`, kind);
      expect(kind).toBe(survivors.includes(index) ? "seed" : "key");
    }
    expect(new Set(given.map(({ index }) => index)).size).toBe(given.length);
  }
});

const digestOf = fc.nat(5).map((n) => h(`${n}`));
const indexed = fc
  .uniqueArray(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 })
  .map((list) => list.toSorted((a, b) => a - b));

describe("the hashes that sites agree on", () => {
  it("[V6] are equal exactly for equal shares, and for equal inputs", () => {
    const deals = fc
      .tuple(digestOf, indexed, fc.array(digestOf, { minLength: 5, maxLength: 5 }))
      .map(([roster, indices, roots]) => ({
        roster,
        list: indices.map((index, at) => ({ index, root: roots[at] as Digest, header: roots[at] as Digest })),
      }));
    let equal = 0;
    fc.assert(
      fc.property(deals, fc.oneof(deals, fc.constant(undefined)), digestOf, digestOf, (one, maybe, shares, others) => {
        const other = maybe ?? one;
        const same = JSON.stringify(one) === JSON.stringify(other);
        equal += same ? 1 : 0;
        expect(sharesHash(one.roster, one.list) === sharesHash(other.roster, other.list)).toBe(same);
        const inputs = [inputsHash(one.roster, shares, one.list), inputsHash(other.roster, others, other.list)];
        expect(inputs[0] === inputs[1]).toBe(same && shares === others);
      }),
      { numRuns: 3000 },
    );
    expect(equal).toBeGreaterThan(500);
  });

  const bit = fc.nat(255);
  const flip = (digest: Digest, at: number): Digest => {
    const bytes = Buffer.from(digest, "hex");
    bytes[at >> 3] = (bytes[at >> 3] as number) ^ (1 << (at & 7));
    return bytes.toString("hex") as Digest;
  };
  const flipBytes = (bytes: Uint8Array, at: number): Uint8Array =>
    bytes.with((at >> 3) % bytes.length, (bytes[(at >> 3) % bytes.length] as number) ^ (1 << (at & 7)));
  interface Seen {
    readonly context: RoundContext;
    readonly attempt: number;
    readonly nonce: Uint8Array;
    readonly adverts: readonly Uint8Array[];
  }
  const changes: Readonly<Record<string, (seen: Seen, at: number) => Seen>> = {
    run: (seen, at) => ({ ...seen, context: { ...seen.context, run: `heart.${2 + at}` as RunId } }),
    round: (seen, at) => ({ ...seen, context: { ...seen.context, round: seen.context.round ^ (1 << (at & 15)) } }),
    plan: (seen, at) => ({ ...seen, context: { ...seen.context, plan: flip(seen.context.plan, at) } }),
    base: (seen, at) => ({ ...seen, context: { ...seen.context, base: flip(seen.context.base, at) } }),
    directory: (seen, at) => ({ ...seen, context: { ...seen.context, directory: flip(seen.context.directory, at) } }),
    coordinator: (seen, at) => ({ ...seen, context: { ...seen.context, coordinator: entriesOf(12)[at % 11]?.publicKey as PublicKey } }),
    attempt: (seen, at) => ({ ...seen, attempt: seen.attempt ^ (1 << (at & 15)) }),
    nonce: (seen, at) => ({ ...seen, nonce: flipBytes(seen.nonce, at) }),
    advert: (seen, at) => ({ ...seen, adverts: seen.adverts.map((one, place) => (place === at % 5 ? flipBytes(one, 7 * at) : one)) }),
  };
  const hashOf = (seen: Seen): Digest =>
    rosterHash(attemptHash(roundHash(seen.context), seen.attempt, seen.nonce), directory.numbers.threshold, seen.adverts);

  it("[V8] change with one bit of run, round, plan, base, directory, coordinator, attempt, nonce or any advert; and with them every box and mask", () => {
    const adverts = advertiseAll(directory, context, 1, sitesOf("bits"));
    const bodies = adverts.map(({ statement }) => statement.body);
    const seen: Seen = { context, attempt: 1, nonce: new Uint8Array(32).fill(1), adverts: bodies };
    const roster = value(rosterOf(directory, adverts));
    expect(hashOf(seen)).toBe(roster.hash);
    const dealt = dealAll(directory, roster, adverts);
    const masksUnder = (hash: Digest): readonly string[] => {
      const other = { ...roster, hash };
      return dealt.flatMap((one) => [
        hex(selfMaskKey(other, one.index, one.secrets.seed)),
        ...dealt.flatMap(({ index }) => (index > one.index ? [hex(maskBetween(other, one, index))] : [])),
      ]);
    };
    const honest = masksUnder(roster.hash);
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(changes)), bit, (what, place) => {
        const hash = hashOf((changes[what] as (typeof changes)[string])(seen, place));
        expect(hash).not.toBe(roster.hash);
        const others = masksUnder(hash);
        expect(new Set([...honest, ...others]).size).toBe(2 * honest.length);
        // No box opens for whoever saw something else, not even for its own dealer.
        const [one, other] = [dealt[place % 5] as Dealt, ((place + 1) % 5) + 1];
        expect(dealtShares(roster, one.index, one.secrets, one.deal, other)).toBeDefined();
        expect(dealtShares({ ...roster, hash }, one.index, one.secrets, one.deal, other)).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  });
});

const maskBetween = (roster: Roster, one: Dealt, other: number): Uint8Array =>
  pairMaskKey(roster, agreementKey(one.secrets.mask), one.index, other, memberAt(roster, other).maskKey);

describe("keys and masks of several attempts", () => {
  it("[V7] [V9] every masked vector without its masks is the stored one, and no key is ever used twice", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 6 }), (seed) => {
        const sites = sitesOf(seed);
        const streams: string[] = [];
        const boxes: string[] = [];
        for (const attempt of [1, 2, 3]) {
          const { roster, dealt, deals } = table(sites, attempt);
          for (const one of dealt) {
            const { body, keyed } = maskOne(directory, one, value(keyFor(directory, roster, deals, one)));
            const own = selfMaskKey(roster, one.index, one.secrets.seed);
            const plain = Uint32Array.from(body);
            applyMask(plain, own, -1);
            streams.push(hex(own));
            for (const other of keyed.dealers.filter((index) => index !== one.index)) {
              const key = maskBetween(roster, one, other);
              applyMask(plain, key, pairSign(one.index, other) === 1 ? -1 : 1);
              // Both ends make the same stream; it is one.
              if (other > one.index) streams.push(hex(key));
              boxes.push(hex(boxKeyOf(roster, one, other)));
            }
            expect(plain).toEqual(one.site.vector);
          }
        }
        expect(streams).toHaveLength(3 * (5 + 10));
        expect(boxes).toHaveLength(3 * 20);
        expect(new Set([...streams, ...boxes]).size).toBe(streams.length + boxes.length);
      }),
      { numRuns: 20 },
    );
  });

  /** By the protocol's own words; that it is the key in use, the box says by opening. */
  function boxKeyOf(roster: Roster, dealer: Dealt, holder: number): Uint8Array {
    const shared = agree(agreementKey(dealer.secrets.box), memberAt(roster, holder).boxKey);
    const direction = Uint8Array.of(dealer.index, holder);
    const salt = digestBytes(roster.hash);
    const key = deriveKey(shared as Uint8Array, salt, concat([utf8("box"), direction]));
    const leaf = readLeaf(dealer.deal.leaves[holder - 1] ?? new Uint8Array());
    expect(openBox(key, concat([salt, direction]), leaf?.box ?? new Uint8Array())).toHaveLength(64);
    return key;
  }
});

describe("blame", () => {
  const lie = fc.constantFrom("garbage", "crooked", "release", "answer", "none");

  it("[V12] never falls on an honest site, whatever liars and a coordinator put together out of signed bytes; and a proof holds only of the liar", () => {
    let proved = 0;
    fc.assert(
      fc.property(
        fc.nat(4),
        lie,
        fc.nat(3),
        fc.string({ maxLength: 4 }),
        fc.infiniteStream(fc.nat(4)),
        (liarAt, what, shift, seed, dice) => {
          const pick = (): number => dice.next().value as number;
          const liar = liarAt + 1;
          const victim = ((liarAt + 1 + shift) % 5) + 1;
          const made = table(sitesOf(`blame ${seed}`), 1, (one, roster) => {
            if (one.index !== liar) return one.deal;
            if (what === "crooked") return dealWith(one, roster, { crookedFor: victim });
            return one.deal;
          });
          const { roster, dealt, deals } = made;
          const name = memberAt(roster, liar).site;
          const masked = dealt.map((one): Masked => maskOne(directory, one, value(keyFor(directory, roster, deals, one))));
          const survivors = value(survivorsOf(directory, masked));
          const seen = masked.map((one) => echoOne(directory, one, survivors));
          const releases = masked.map((one) => {
            const honest = releaseOne(directory, one, survivors, seen);
            if ("ok" in honest) throw new Error(honest.text);
            return what === "release" && one.index === liar ? withWrongShare(one, honest, victim) : honest;
          });
          const blamed = new Set<SiteName>();
          const note = (site: SiteName | undefined): void => void (site === undefined || blamed.add(site));
          // The coordinator mixes: any release with any part, any shares with any dealer, any answer with any complaint.
          for (let tries = 0; tries < 12; tries++) {
            const part = partFor(deals[pick()] as AcceptedDeal, pick() + 1);
            note(wrongRelease(directory, roster, { release: releases[pick()] as Statement, part }));
          }
          for (const dealer of dealt) {
            const deal = deals[dealer.index - 1] as AcceptedDeal;
            for (const release of releases) {
              const { index } = readOk(readStatement(directory, "release", release));
              note(wrongRelease(directory, roster, { release, part: partFor(deal, index) }));
            }
            const mixed = [pick(), pick(), pick(), pick()];
            for (const order of [[0, 1, 2, 3], [1, 2, 3, 4], [4, 3, 2, 0], mixed]) {
              const opened = order.map((at) => {
                const { index, seeds } = readOk(readStatement(directory, "release", releases[at] as Statement<"release">));
                const share = seeds.find(({ of }) => of === dealer.index)?.share as Uint8Array;
                return { holder: index, part: partFor(deals[order === mixed ? pick() : dealer.index - 1] as AcceptedDeal, index), share };
              });
              note(crookedDealer(directory, roster, "seed", opened));
            }
            const complainer = ((dealer.index + shift) % 5) + 1;
            const given = dealtShares(roster, dealer.index, dealer.secrets, dealer.deal, complainer);
            if (given === undefined) continue;
            const told = what === "answer" && dealer.index === liar ? { ...given, key: new Uint8Array(32) } : given;
            const said = answer(dealer.site.by, roster, dealer.index, complainer, told);
            for (const [of, holder] of [
              [dealer.index, complainer],
              [pick() + 1, complainer],
              [dealer.index, pick() + 1],
            ] as const) {
              const read = readAnswer(directory, roster, holder, partFor(deals[of - 1] as AcceptedDeal, holder), said);
              if (isRefusal(read) && "site" in read) note(read.site);
            }
          }
          proved += blamed.size;
          expect([...blamed].filter((site) => site !== name)).toEqual([]);
          if (what === "release" || what === "answer" || what === "crooked") expect([...blamed]).toEqual([name]);
          if (what === "none") expect([...blamed]).toEqual([]);
          for (const one of dealt) expect(isRefusal(acceptDeal(directory, roster, one.deal))).toBe(false);
        },
      ),
      { numRuns: 40 },
    );
    // The property says nothing where nobody is ever proved to have lied.
    expect(proved).toBeGreaterThan(10);
  });

  const readOk = <T>(read: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly text: string }): T => {
    if (!read.ok) throw new Error(read.text);
    return read.value;
  };
  function withWrongShare(one: Masked, release: Statement<"release">, of: number): Statement<"release"> {
    const body = readOk(readStatement(directory, "release", release));
    const seeds = body.seeds.map((share) => (share.of === of ? { of, share: share.share.with(3, (share.share[3] as number) ^ 1) } : share));
    return state(one.site.by, "release", { ...body, seeds });
  }
});

describe("statements", () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const index = fc.integer({ min: 1, max: 100 });
  const hash = fc.nat().map((n) => h(`${n}`));
  const site = fc.constantFrom(...entriesOf(5).map((one) => one.site));
  const shares = fc.array(fc.record({ of: index, share: bytes(32) }), { maxLength: 6 });
  const values: Readonly<Record<StatementKind, fc.Arbitrary<object>>> = {
    advert: fc.record({ attempt: hash, site, boxKey: bytes(32), maskKey: bytes(32), nonce: bytes(32) }),
    deal: fc.record({ roster: hash, site, index, root: hash }),
    masked: fc.record({ roster: hash, site, index, shares: hash, words: fc.integer({ min: 0, max: 2 ** 32 - 1 }), body: hash }),
    echo: fc.record({ roster: hash, site, index, inputs: hash }),
    release: fc.record({ roster: hash, site, index, inputs: hash, seeds: shares, keys: shares }),
    complaint: fc.record({ roster: hash, site, index, dealer: index }),
    answer: fc.record({ roster: hash, site, index, complainer: index, seed: bytes(32), key: bytes(32) }),
  };
  const kinds = Object.keys(BODIES) as StatementKind[];
  const some = fc.constantFrom(...kinds).chain((kind) => fc.tuple(fc.constant(kind), values[kind]));
  const write = (kind: StatementKind, one: object): Uint8Array =>
    (BODIES[kind] as { write: (value: never) => Uint8Array }).write(one as never);

  it("[V13] [K9] have one encoding: what is read is what was written, and other bytes are read as themselves or not at all", () => {
    let altered = 0;
    fc.assert(
      fc.property(some, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.uint8Array({ maxLength: 3 }), ([kind, one], at, mask, more) => {
        const written = write(kind, one);
        expect(decode(BODIES[kind] as never, written)).toEqual(one);
        const place = at % written.length;
        for (const changed of [
          written.with(place, (written[place] as number) ^ mask),
          concat([written, more]),
          written.subarray(0, place),
          concat([written.subarray(0, place), more, written.subarray(place)]),
        ]) {
          const read = decode<object>(BODIES[kind] as never, changed);
          if (read === undefined) continue;
          altered += 1;
          expect(write(kind, read)).toEqual(Uint8Array.from(changed));
        }
      }),
      { numRuns: 3000 },
    );
    expect(altered).toBeGreaterThan(500);
  });

  it("[V13] [K9] count under their own kind only, and with none of their bits changed", () => {
    const { by } = siteOf(0, context, new Uint32Array(1), "kinds");
    fc.assert(
      fc.property(some, fc.constantFrom(...kinds), fc.nat(), ([kind, one], other, at) => {
        const made = state(by, kind, one as never);
        expect(isRefusal(readStatement(directory, kind, made))).toBe(false);
        if (other !== kind) {
          expect(readStatement(directory, other, made)).toMatchObject({ code: "bad-message" });
          expect(readStatement(directory, other, { ...made, kind: other })).toMatchObject({ code: "bad-signature" });
        }
        const bit = at % (8 * made.body.length);
        const body = made.body.with(bit >> 3, (made.body[bit >> 3] as number) ^ (1 << (bit & 7)));
        expect(readStatement(directory, kind, { ...made, body })).toMatchObject({ code: "bad-signature" });
        expect(readStatement(directory, kind, { ...made, site: "hospital-b" as SiteName })).toMatchObject({ code: "bad-signature" });
      }),
      { numRuns: 300 },
    );
  });

  it("[V13] sites are ordered by bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme", maxLength: 6 })), (names) => {
        const sorted = names.toSorted(bySite);
        sorted
          .slice(1)
          .forEach((one, at) => expect(Buffer.compare(Buffer.from(sorted[at] as string), Buffer.from(one))).toBeLessThanOrEqual(0));
      }),
    );
    const adverts = advertiseAll(directory, context, 1, sitesOf("order").toReversed());
    const roster = value(rosterOf(directory, adverts));
    expect(roster.members.map(({ site: name }) => name)).toEqual(entriesOf(5).map((one) => one.site));
    const bodies = adverts.toReversed().map(({ statement }) => statement);
    expect(rosterAgain(directory, roster.attempt, bodies)).toEqual(roster);
  });
});
