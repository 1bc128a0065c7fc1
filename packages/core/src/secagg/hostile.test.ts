/** A coordinator, and sites, that cheat: each ends in its named refusal, and nobody honest is blamed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRefusal } from "../base/errors.ts";
import type { SiteName } from "../base/ids.ts";
import { identityFromSeed, signBytes } from "../crypto/identity.ts";
import { advertise, agreeOnRoster, attemptSecrets, wipeSecrets, type Roster } from "./advertise.ts";
import { answer, complain, crookedDealer, readAnswer, readComplaint, withAnswer, wrongRelease } from "./complaint.ts";
import {
  acceptAll,
  advertiseAll,
  ask,
  contextOf,
  dealAll,
  directoryOf,
  echoOne,
  keyFor,
  maskOne,
  must,
  openSum,
  releaseOne,
  rosterOf,
  siteOf,
  survivorsOf,
  value,
  type Dealt,
  type Masked,
} from "./federation.fixture.ts";
import { acceptMasked } from "./mask-input.ts";
import { acceptDeal, openShareSet, partFor, type AcceptedDeal, type Deal } from "./share.ts";
import { readStatement, state, type Statement } from "./statement.ts";
import { agreeOnSurvivors, readEchoes } from "./survivors.ts";
import { acceptRelease, recoverSecrets, type AcceptedRelease } from "./unmask.ts";
import { dealWith, sharesInBox } from "./crooked.fixture.ts";

const directory = directoryOf(5);
const context = contextOf(directory);
const WORDS = 20;

function sitesOf(seed: string) {
  return Array.from({ length: 5 }, (_, at) => siteOf(at, context, new Uint32Array(WORDS).fill(at + 1), seed));
}

function adverts(seed = "hostile") {
  return advertiseAll(directory, context, 1, sitesOf(seed));
}

interface Table {
  readonly roster: Roster;
  readonly dealt: readonly Dealt[];
  readonly deals: readonly AcceptedDeal[];
}

/** Up to the deals; `forge` may change a dealt site's deal. */
function table(seed: string, forge: (one: Dealt, roster: Roster) => Deal = (one) => one.deal): Table {
  const made = adverts(seed);
  const roster = value(rosterOf(directory, made));
  const dealt = dealAll(directory, roster, made).map((one) => ({ ...one, deal: forge(one, roster) }));
  return { roster, dealt, deals: acceptAll(directory, roster, dealt) };
}

/** To the echoes. */
function seated(from: Table, present: readonly number[] = [0, 1, 2, 3, 4]) {
  const masked = present.map((at) => {
    const one = from.dealt[at] as Dealt;
    return maskOne(directory, one, value(keyFor(directory, from.roster, from.deals, one)));
  });
  const survivors = value(survivorsOf(directory, masked));
  const echoes = masked.map((one) => echoOne(directory, one, survivors));
  return { masked, survivors, echoes, opening: { roster: from.roster, deals: from.deals, survivors } };
}

const statementOf = (one: Statement<"release"> | { readonly ok: false }): Statement<"release"> => {
  if ("ok" in one) throw new Error("no release");
  return one;
};

describe("a coordinator that cheats with the roster", () => {
  const made = adverts();
  const statements = made.map(({ statement }) => statement);
  const attempt = value(rosterOf(directory, made)).attempt;
  const [first, second] = made as [(typeof made)[number], (typeof made)[number]];
  const mallory = identityFromSeed(new Uint8Array(32).fill(99));
  const replaced = (statement: Statement): readonly Statement[] => [statement, ...statements.slice(1)];

  it.each([
    [
      "a swapped key",
      replaced(advertise({ site: first.site.by.site, identity: mallory, sign: signBytes }, attempt, second.secrets)),
      "bad-signature",
    ],
    [
      "an invented site",
      [...statements, advertise({ site: "zz-top" as SiteName, identity: mallory, sign: signBytes }, attempt, first.secrets)],
      "roster-wrong",
    ],
    ["a site twice", [...statements, statements[0] as Statement], "roster-wrong"],
    ["one site's keys under another name", replaced(advertise(first.site.by, attempt, second.secrets)), "roster-wrong"],
    ["keys of another attempt", replaced(advertise(first.site.by, context.base, first.secrets)), "attempt-stale"],
    ["too few sites", statements.slice(0, 3), "too-few-sites"],
    [
      "a box key of small order",
      replaced(
        state(first.site.by, "advert", { attempt, boxKey: new Uint8Array(32), maskKey: first.secrets.mask, nonce: first.secrets.nonce }),
      ),
      "roster-wrong",
    ],
    [
      "one changed bit",
      replaced({ ...(statements[0] as Statement), body: (statements[0] as Statement).body.with(40, 1) }),
      "bad-signature",
    ],
  ])("[K4] by %s is refused", (_what, list, code) => {
    expect(agreeOnRoster(directory, attempt, list)).toMatchObject({ ok: false, code });
  });

  it("[K4] without this site's own keys, though signed by it, is refused", () => {
    const other = advertise(first.site.by, attempt, { ...first.secrets, nonce: new Uint8Array(32) });
    expect(agreeOnRoster(directory, attempt, replaced(other))).toMatchObject({ ok: true });
    expect(agreeOnRoster(directory, attempt, replaced(other), first.statement)).toMatchObject({ code: "roster-wrong" });
    expect(agreeOnRoster(directory, attempt, statements.slice(1), first.statement)).toMatchObject({ code: "roster-wrong" });
    expect(agreeOnRoster(directory, attempt, statements.toReversed(), first.statement)).toMatchObject({ ok: true });
  });

  it("[G1] two rosters to one site: it deals under the first only", () => {
    const roster = value(agreeOnRoster(directory, attempt, statements));
    const smaller = value(agreeOnRoster(directory, attempt, statements.slice(0, 4)));
    expect(smaller.hash).not.toBe(roster.hash);
    const request = { kind: "deal", now: 0, attemptHash: attempt, index: 1 } as const;
    must(first.site, directory, { ...request, roster: roster.hash });
    expect(ask(first.site, directory, { ...request, roster: smaller.hash })).toMatchObject({ code: "second-set" });
  });
});

describe("statements", () => {
  it("[K9] are read only under their kind, place, roster and key", () => {
    const { roster, dealt, deals } = table("statements");
    const other = table("statements elsewhere");
    const [one, two] = dealt as [Dealt, Dealt];
    expect(acceptDeal(directory, other.roster, one.deal)).toMatchObject({ code: "attempt-stale" });
    expect(readStatement(directory, "echo", one.deal.statement)).toMatchObject({ code: "bad-message" });
    expect(readStatement(directory, "echo", { ...one.deal.statement, kind: "echo" })).toMatchObject({ code: "bad-signature" });
    expect(readStatement(directory, "deal", { ...one.deal.statement, site: two.site.by.site })).toMatchObject({ code: "bad-signature" });
    const elsewhere = state(one.site.by, "deal", { roster: roster.hash, index: 2, root: deals[0]?.root ?? roster.hash });
    expect(acceptDeal(directory, roster, { ...one.deal, statement: elsewhere })).toMatchObject({ code: "roster-wrong" });
  });
});

describe("a coordinator that cheats with shares", () => {
  const made = table("shares");
  const me = made.dealt[0] as Dealt;
  const parts = made.deals.map((each) => partFor(each, 1));
  const swapped = (change: object): readonly (typeof parts)[number][] =>
    parts.map((part, at) => (at === 1 ? { ...part, ...change } : part));

  it.each([
    ["another site's leaf", swapped({ leaf: partFor(made.deals[1] as AcceptedDeal, 3).leaf }), "inputs-wrong"],
    ["another seed commitment", swapped({ seedCommitment: made.roster.hash }), "inputs-wrong"],
    ["a path cut short", swapped({ path: parts[1]?.path.slice(1) }), "inputs-wrong"],
    ["a changed box", swapped({ leaf: parts[1]?.leaf.with(5, 0).with(6, 0) }), "inputs-wrong"],
    ["another order", [parts[1], parts[0], ...parts.slice(2)], "inputs-wrong"],
    ["one dealer twice", [parts[0], parts[1], parts[1], ...parts.slice(2)], "inputs-wrong"],
    ["this site left out", parts.slice(1), "inputs-wrong"],
    ["too few dealers", parts.slice(0, 3), "too-few-sites"],
    ["a deal of another roster", [parts[0], partFor(table("shares2").deals[1] as AcceptedDeal, 1), ...parts.slice(2)], "attempt-stale"],
  ])("[K6] by %s is refused as its own fault", (_what, list, code) => {
    expect(openShareSet(directory, made.roster, me, list as typeof parts)).toMatchObject({ ok: false, code });
    expect(openShareSet(directory, made.roster, me, parts)).toMatchObject({ ok: true, value: { wrong: [] } });
  });
});

describe("a coordinator that cheats with survivors", () => {
  const made = table("survivors");
  const { masked, survivors } = seated(made);
  const [me] = masked as [Masked];
  const headers = masked.map(({ header }) => header);

  it("[G4] [K6] leaves this site out, shows too few, strangers or other headers: refused", () => {
    const agree = (list: readonly Statement[]) => agreeOnSurvivors(directory, made.roster, me.keyed, list, me.header);
    expect(agree(headers)).toMatchObject({ ok: true, value: survivors });
    expect(agree(headers.slice(1))).toMatchObject({ code: "inputs-wrong" });
    expect(agree(headers.slice(0, 3))).toMatchObject({ code: "too-few-sites" });
    expect(agree(headers.toReversed())).toMatchObject({ code: "inputs-wrong" });
    const second = masked[1] as Masked;
    const elsewhere = state(second.site.by, "masked", {
      roster: made.roster.hash,
      index: 2,
      shares: made.roster.hash,
      words: WORDS,
      body: made.roster.hash,
    });
    expect(agree([headers[0] as Statement, elsewhere, ...headers.slice(2)])).toMatchObject({ code: "inputs-wrong" });
    expect(acceptMasked(directory, made.roster, me.keyed, WORDS, elsewhere)).toMatchObject({ code: "inputs-wrong" });
    expect(acceptMasked(directory, made.roster, me.keyed, WORDS + 1, headers[0] as Statement)).toMatchObject({ code: "wrong-shape" });
    const shorter = { hash: me.keyed.hash, dealers: [1, 2, 3, 4] };
    expect(agreeOnSurvivors(directory, made.roster, shorter, headers)).toMatchObject({ code: "inputs-wrong" });
  });

  it("[G1] [G3] two sets of survivors: whoever echoed one releases for no other, and echoes from elsewhere count for nothing", () => {
    const four = value(agreeOnSurvivors(directory, made.roster, me.keyed, headers.slice(0, 4)));
    const request = { kind: "echo", now: 0, roster: made.roster.hash, inputs: four.hash, survivors: four.members } as const;
    expect(ask(me.site, directory, request)).toMatchObject({ code: "second-set" });
    const other = seated(table("survivors elsewhere"));
    expect(readEchoes(directory, made.roster, other.echoes)).toMatchObject({ code: "attempt-stale" });
    expect(releaseOne(directory, me, survivors, [])).toMatchObject({ code: "echoes-missing" });
    expect(releaseOne(directory, me, four, [])).toMatchObject({ code: "second-set" });
  });
});

describe("a site that cheats", () => {
  it("[K6] with garbage in a box is complained about; its answer heals the sum or proves its lie", () => {
    const made = table("garbage", (one, roster) => (one.index === 2 ? dealWith(one, roster, { garbageFor: 1 }) : one.deal));
    const [me, dealer] = made.dealt as [Dealt, Dealt];
    const keyed = value(keyFor(directory, made.roster, made.deals, me));
    expect(keyed.wrong).toEqual([2]);
    const complaint = complain(me.site.by, keyed, 2);
    expect(readComplaint(directory, made.roster, 3, complaint)).toMatchObject({ code: "release-refused" });
    expect(readComplaint(directory, made.roster, 2, complaint)).toMatchObject({ value: { complainer: 1 } });
    must(dealer.site, directory, { kind: "answer", now: 0, roster: made.roster.hash, complainer: 1 });
    const part = partFor(made.deals[1] as AcceptedDeal, 1);
    const lie = answer(dealer.site.by, made.roster, 2, 1, dealer.own);
    expect(readAnswer(directory, made.roster, 1, part, lie)).toMatchObject({ code: "share-wrong", site: "hospital-b" });
    const good = answer(dealer.site.by, made.roster, 2, 1, sharesInBox(dealer, made.roster, 1));
    const { shares } = value(readAnswer(directory, made.roster, 1, part, good));
    const healed = withAnswer(keyed, 2, shares);
    expect(maskOne(directory, me, healed).body).toHaveLength(WORDS);
  });

  it("[K6] with a wrong released share is named, and others can check it; the sum opens without it", () => {
    const made = table("wrong release");
    const { masked, survivors, echoes, opening } = seated(made, [0, 1, 2, 3, 4]);
    const honest = masked.map((one) => statementOf(releaseOne(directory, one, survivors, echoes)));
    const liar = masked[3] as Masked;
    const body = value(readStatement(directory, "release", honest[3] as Statement));
    const forged = state(liar.site.by, "release", {
      ...body,
      seeds: body.seeds.map((one) => (one.of === 2 ? { of: 2, share: new Uint8Array(32) } : one)),
    });
    expect(acceptRelease(directory, opening, forged)).toMatchObject({ code: "share-wrong", site: "hospital-d" });
    const part = partFor(made.deals[1] as AcceptedDeal, 4);
    expect(wrongRelease(directory, made.roster, { release: forged, part })).toBe("hospital-d");
    expect(wrongRelease(directory, made.roster, { release: honest[3] as Statement, part })).toBeUndefined();
    // The lie is about dealer 2 only: another dealer's part proves nothing, nor does a part for another holder.
    expect(wrongRelease(directory, made.roster, { release: forged, part: partFor(made.deals[0] as AcceptedDeal, 4) })).toBeUndefined();
    expect(wrongRelease(directory, made.roster, { release: forged, part: partFor(made.deals[1] as AcceptedDeal, 3) })).toBeUndefined();
    const releases = honest.filter((_, at) => at !== 3).map((one) => value(acceptRelease(directory, opening, one)));
    expect(openSum(opening, masked, releases)).toEqual(new Uint32Array(WORDS).fill(15));
  });

  it("[K6] with shares of no polynomial is named by t of them, though each fits its commitment", () => {
    const made = table("crooked", (one, roster) => (one.index === 2 ? dealWith(one, roster, { crookedFor: 1 }) : one.deal));
    const { masked, survivors, echoes, opening } = seated(made);
    const releases: AcceptedRelease[] = masked.map((one) =>
      value(acceptRelease(directory, opening, statementOf(releaseOne(directory, one, survivors, echoes)))),
    );
    // The first four releases hold the crooked share; a fifth gives a subset that fits.
    expect(recoverSecrets(opening, releases.slice(0, 4))).toMatchObject({ code: "sum-unrecoverable", site: "hospital-b" });
    expect(value(recoverSecrets(opening, releases)).crooked).toEqual(["hospital-b"]);
    expect(openSum(opening, masked, releases)).toEqual(new Uint32Array(WORDS).fill(15));
    // One site's release twice is one.
    expect(recoverSecrets(opening, [...releases.slice(1, 4), releases[1] as AcceptedRelease])).toMatchObject({ code: "too-few-sites" });
    expect(value(recoverSecrets(opening, [...releases, ...releases])).crooked).toEqual(["hospital-b"]);
    const opened = (dealer: number) =>
      releases
        .slice(0, 4)
        .map((one) => ({
          holder: one.index,
          part: partFor(made.deals[dealer - 1] as AcceptedDeal, one.index),
          share: one.seeds.find(({ of }) => of === dealer)?.share as Uint8Array,
        }));
    expect(crookedDealer(directory, made.roster, "seed", opened(2))).toBe("hospital-b");
    for (const dealer of [1, 3, 4, 5]) expect(crookedDealer(directory, made.roster, "seed", opened(dealer))).toBeUndefined();
    expect(crookedDealer(directory, made.roster, "seed", opened(2).slice(1))).toBeUndefined();
    expect(
      crookedDealer(
        directory,
        made.roster,
        "seed",
        opened(2).map((one) => ({ ...one, share: new Uint8Array(32) })),
      ),
    ).toBeUndefined();
  });

  it("[K6] with leaves that do not fit its root, shares that are not due, or another set is refused", () => {
    const made = table("misfit");
    const one = made.dealt[0] as Dealt;
    expect(acceptDeal(directory, made.roster, { ...one.deal, leaves: one.deal.leaves.slice(1) })).toMatchObject({ code: "share-wrong" });
    expect(acceptDeal(directory, made.roster, { ...one.deal, seedCommitment: made.roster.hash })).toMatchObject({ code: "share-wrong" });
    const { masked, survivors, echoes, opening } = seated(made, [0, 1, 2, 3]);
    const honest = statementOf(releaseOne(directory, masked[0] as Masked, survivors, echoes));
    const body = value(readStatement(directory, "release", honest));
    expect(body.seeds.map(({ of }) => of)).toEqual([1, 2, 3, 4]);
    expect(body.keys.map(({ of }) => of)).toEqual([5]);
    const by = (masked[0] as Masked).site.by;
    const both = state(by, "release", { ...body, keys: [...body.keys, { of: 2, share: new Uint8Array(32) }] });
    expect(acceptRelease(directory, opening, both)).toMatchObject({ code: "bad-message" });
    const other = state(by, "release", { ...body, inputs: made.roster.hash });
    expect(acceptRelease(directory, opening, other)).toMatchObject({ code: "second-set" });
    const outsider = state((made.dealt[4] as Dealt).site.by, "release", { ...body, index: 5 });
    expect(acceptRelease(directory, opening, outsider)).toMatchObject({ code: "release-refused" });
  });
});

describe("an attempt's secrets", () => {
  it("are overwritten when they are wiped, and never shorter than they should be", () => {
    const secrets = attemptSecrets(new Uint8Array(128).fill(7));
    wipeSecrets(secrets);
    expect(Object.values(secrets)).toEqual([32, 32, 32, 32].map((length) => new Uint8Array(length)));
    expect(() => attemptSecrets(new Uint8Array(127))).toThrow("128 random bytes");
  });
});

describe("a masked vector", () => {
  it("[K7] of zeros looks uniform byte by byte, and no two sites' or attempts' look alike", () => {
    const zeros = Array.from({ length: 5 }, (_, at) => siteOf(at, context, new Uint32Array(50_000), "zeros"));
    const bodies = [1, 2].flatMap((attempt) => {
      const made = advertiseAll(directory, context, attempt, zeros);
      const roster = value(rosterOf(directory, made));
      const dealt = dealAll(directory, roster, made);
      const deals = acceptAll(directory, roster, dealt);
      return dealt.map((one) => maskOne(directory, one, value(keyFor(directory, roster, deals, one))).body);
    });
    for (const body of bodies) {
      const counts = new Float64Array(256);
      for (const byte of new Uint8Array(body.buffer)) counts[byte] = (counts[byte] ?? 0) + 1;
      const expected = (4 * body.length) / 256;
      const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      // 255 degrees of freedom: mean 255, standard deviation 22.6; seven of them either way.
      expect(Math.abs(chiSquare - 255)).toBeLessThan(7 * 22.6);
    }
    fc.assert(
      fc.property(fc.nat(9), fc.nat(9), (a, b) => {
        fc.pre(a !== b);
        const [one, two] = [bodies[a] as Uint32Array, bodies[b] as Uint32Array];
        expect(one.filter((word, i) => word === two[i]).length).toBeLessThan(4);
      }),
      { numRuns: 20 },
    );
    expect(bodies.some((body) => isRefusal(body))).toBe(false);
  });
});
