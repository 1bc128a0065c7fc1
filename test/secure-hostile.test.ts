/** Secure rounds with somebody lying, over real sockets: a site against the real coordinator, a coordinator against the real agent. */
import { digest as digestCodec } from "@engraft/core/base/binary";
import { fromBase64url, toBase64url } from "@engraft/core/base/bytes";
import { sha256 } from "@engraft/core/crypto/digest";
import { identityFromSeed } from "@engraft/core/crypto/identity";
import { packPath, treeRoot } from "@engraft/core/crypto/merkle";
import type { SecaggReply } from "@engraft/core/protocol/messages";
import { advertise, attemptSecrets, type Roster } from "@engraft/core/secagg/advertise";
import { dealtShares, partFor, type Deal, type DealPart, type HeldShares } from "@engraft/core/secagg/share";
import { statementOf, statementText } from "@engraft/core/secagg/signed-text";
import { state } from "@engraft/core/secagg/statement";
import { afterEach, describe, expect, it } from "vitest";
import type { HandAttempt } from "./support/hand-secure.ts";
import { HandSite } from "./support/hand-site.ts";
import { Heart, shortPlan } from "./support/heart.ts";
import { LyingCoordinator } from "./support/lying-coordinator.ts";
import { SecureLiar, type Lie, type Lies } from "./support/secure-liar.ts";

const SITES = ["cleveland", "hungary", "switzerland", "va"];
const HONEST = SITES.slice(0, 3);

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

type Reply<P extends SecaggReply["phase"]> = Extract<SecaggReply, { phase: P }>;

const replaced =
  <P extends SecaggReply["phase"]>(phase: P, change: (honest: Reply<P>, attempt: HandAttempt) => readonly SecaggReply[]): Lie =>
  (honest, attempt) => {
    if (honest.phase !== phase) throw new Error(`expected ${phase}`);
    return change(honest as Reply<P>, attempt);
  };

/** Keys that nobody else has. */
const otherKeys = (seed: number) => attemptSecrets(Uint8Array.from({ length: 128 }, (_, at) => (seed * 37 + at) & 255));

/** The deal with a box that its holder cannot open, under a root that the liar signs. */
const garbageFor = (holder: number): Lie =>
  replaced("deal", (_, attempt) => {
    const { deal, own } = attempt.dealt as NonNullable<typeof attempt.dealt>;
    const leaf = Uint8Array.from(deal.leaves[holder - 1] ?? []);
    leaf[20] = (leaf[20] as number) ^ 1;
    const leaves = deal.leaves.with(holder - 1, leaf);
    const root = treeRoot([digestCodec.write(deal.seedCommitment), ...leaves]);
    const statement = state(attempt.by, "deal", { roster: attempt.roster?.hash ?? sha256(""), index: attempt.index, root });
    attempt.dealt = { deal: { ...deal, statement, leaves }, own };
    return [attempt.dealText(attempt.dealt.deal)];
  });

/** The order of the group, little-endian: a signature with it added verifies where verifying is lax. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
function plusL(signature: string): string {
  const bytes = Buffer.from(signature, "base64url");
  let s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString("hex")}`) + L;
  for (let at = 32; at < 64; at++) {
    bytes[at] = Number(s & 255n);
    s >>= 8n;
  }
  return bytes.toString("base64url");
}

async function liarIn(heart: Heart, lies: Lies): Promise<SecureLiar> {
  const { federation } = heart;
  await federation.agents.get("va")?.stop();
  const home = federation.siteDir("va");
  const hand = await HandSite.connect(federation.url, home, "va");
  const liar = new SecureLiar(hand, home, "va", lies);
  ends.push(async () => {
    await liar.stop();
    hand.link.close("link-lost", "done");
  });
  return liar;
}

async function start(rounds: number, change: { readonly attempts?: number; readonly phaseSeconds?: number } = {}): Promise<Heart> {
  const heart = await Heart.start({
    aggregation: "secure",
    plan: (plan) => {
      const short = shortPlan(rounds, 5)(plan);
      const aggregation = { ...short.aggregation, attempts: 3, phaseSeconds: 20, ...change } as typeof short.aggregation;
      return { ...short, cohort: { ...short.cohort, graceSeconds: 5 }, aggregation };
    },
  });
  ends.push(() => heart.stop());
  return heart;
}

describe("a site that lies to the real coordinator", () => {
  it("[R16] [A2] [K6] [K9] [V11] [V12] is named for each lie, and the honest sites' run goes on to its end", async () => {
    const lies: Lies = {
      // Two different sets of keys.
      "1.1": { advert: replaced("advert", (honest, attempt) => [honest, attempt.advert(otherKeys(9))]) },
      // A vector with a word less.
      "2.1": { masked: replaced("masked", (_, attempt) => [attempt.maskedText(new Uint32Array(attempt.body.length / 4 - 1))]) },
      // Garbage in a box, and the truth when asked.
      "3.1": { deal: garbageFor(1) },
      // Another set than the rest sees.
      "4.1": {
        echo: replaced("echo", (honest, attempt) => [
          { ...honest, statement: attempt.resigned("echo", honest.statement, { inputs: sha256("i") }) },
        ]),
      },
      "5.1": { release: replaced("release", (honest, attempt) => [{ ...honest, statement: wrongShare(honest, attempt) }]) },
      // Both kinds of share of one site.
      "6.1": { release: replaced("release", (honest, attempt) => [{ ...honest, statement: bothKinds(honest, attempt) }]) },
      "7.1": { deal: replaced("deal", (honest) => [{ ...first("deal"), round: honest.round }]) },
      "8.1": { masked: replaced("masked", (honest, attempt) => [{ ...honest, statement: withTrailingByte(honest, attempt) }]) },
      "9.1": {
        advert: replaced("advert", (honest) => [
          { ...honest, statement: { ...honest.statement, signature: plusL(honest.statement.signature) } },
        ]),
      },
      // Shares before anybody asked for them, and a masked vector that was not announced.
      "10.1": {
        masked: replaced("masked", (honest, attempt) => [
          attempt.release({ members: [1, 2, 3, 4], hash: sha256("nobody saw these") }),
          honest,
        ]),
      },
    };
    const heart = await start(10);
    const liar = await liarIn(heart, lies);
    const first = <P extends SecaggReply["phase"]>(phase: P): Reply<P> =>
      liar.attempts.get("1.1")?.said.find((reply) => reply.phase === phase) as Reply<P>;
    const run = await heart.startRun();
    const view = await heart.untilPhase(run, "finished");

    const outcomes = view.rounds.map(({ round, dropped, sum }) => ({
      round,
      named: dropped.map(({ site, code }) => `${site} ${code}`),
      sites: sum?.sites,
    }));
    expect(outcomes).toEqual([
      { round: 1, named: [], sites: SITES },
      { round: 2, named: ["va wrong-shape"], sites: HONEST },
      { round: 3, named: [], sites: SITES },
      { round: 4, named: ["va second-set"], sites: SITES },
      { round: 5, named: ["va share-wrong"], sites: SITES },
      { round: 6, named: ["va bad-message"], sites: SITES },
      { round: 7, named: ["va attempt-stale"], sites: HONEST },
      { round: 8, named: ["va bad-message"], sites: HONEST },
      { round: 9, named: ["va bad-signature"], sites: HONEST },
      { round: 10, named: [], sites: SITES },
    ]);
    const { refusals } = await (await heart.federation.api()).runs.get.query({ run });
    const codes = refusals.map(({ code }) => code);
    expect(codes).toContain("second-answer");
    expect(codes).toContain("attempt-stale");
  });

  it("[K6] [R17] [V11] that answers a complaint with a wrong share is named, and the round is begun anew with fresh keys", async () => {
    const wrong: Lie = replaced("answer", (honest, attempt) => [
      { ...honest, statement: attempt.resigned("answer", honest.statement, { key: new Uint8Array(32) }) },
    ]);
    const heart = await start(1);
    await liarIn(heart, { "1.1": { deal: garbageFor(2), answer: wrong } });
    const run = await heart.startRun();
    const view = await heart.untilPhase(run, "finished");
    const [round] = view.rounds;
    expect(round?.attempts.map(({ number }) => number)).toEqual([1, 2]);
    const dropped = round?.attempts[0]?.sites.flatMap((one) => (one.dropped === null ? [] : [`${one.site} ${one.dropped.code}`]));
    expect(dropped).toEqual(["va share-wrong"]);
    expect(round?.sum?.sites).toEqual(SITES);
  });

  it("[K8] [R17] [V11] that never releases, beside one that dies, leaves fewer than t: no sum is ever opened, and the run ends by name", async () => {
    const silent = { release: () => [] };
    const heart = await start(3, { attempts: 1, phaseSeconds: 4 });
    await liarIn(heart, { "1.1": silent, "2.1": silent, "3.1": silent });
    const { federation } = heart;
    await federation.agents.get("hungary")?.stop();
    await federation.startAgent("hungary", { ENGRAFT_CRASH_AT: "send.release:1" });
    const run = await heart.startRun();
    await federation.agents.get("hungary")?.exited;
    const view = await heart.until(run, ({ end }) => end !== null);
    expect(view.phase).toBe("failed");
    expect(view.rounds.every(({ sum }) => sum === null || sum === undefined)).toBe(true);
    expect(view.rounds[0]?.attempts[0]).toMatchObject({ number: 1 });
    expect(view.end?.text).toMatch(/without a sum|No round/);
  });

  const wrongShare = (honest: Reply<"release">, attempt: HandAttempt) => {
    const seeds = releasedIn(attempt).map((one) => (one.of === 1 ? { of: 1, share: new Uint8Array(32) } : one));
    return attempt.resigned("release", honest.statement, { seeds });
  };
  const bothKinds = (honest: Reply<"release">, attempt: HandAttempt) => {
    const key = attempt.keyed?.held.get(1)?.key as Uint8Array;
    return attempt.resigned("release", honest.statement, { keys: [{ of: 1, share: key }] });
  };
  const releasedIn = ({ keyed, survivors }: HandAttempt) =>
    (survivors?.members ?? []).map((of) => ({ of, share: keyed?.held.get(of)?.seed as Uint8Array }));
  const withTrailingByte = ({ statement }: Reply<"masked">, attempt: HandAttempt) =>
    attempt.signedRaw("masked", Uint8Array.from([...Buffer.from(statement.body, "base64url"), 0]));
});

describe("a coordinator that lies to the real agent, with the keys of all other sites", () => {
  it("[V4] [V5] [V19] [G1] [G2] [G3] [G5] [K4] [K6] is refused by name in each phase, and until the release the wire holds no share", async () => {
    const heart = await start(2);
    const { federation } = heart;
    const liar = await LyingCoordinator.insteadOf(heart, "cleveland");
    ends.push(() => liar.stop());
    await liar.connected();

    const ask = await liar.ask(1);
    await liar.declines({ ...ask, weights: ask.start }, "wrong-plan");
    await liar.declines({ ...ask, run: "heart.2" as typeof ask.run, attempt: null }, "wrong-plan");
    await liar.declines({ ...ask, checkpoint: { ...ask.checkpoint, digest: sha256("no sum came to this") } }, "inputs-wrong");
    const advert = await liar.says("ask", ask, "advert");
    const others = liar.join(ask);
    const adverts = [advert.statement, ...others.map((one) => one.advert().statement)];
    const { at } = (others[0] as HandAttempt).about;

    // The roster: a swapped key, too few sites, this site left out; then one that holds, and no second one.
    const roster = (texts: typeof adverts) => ({ ...at, phase: "roster" as const, adverts: texts });
    const mallory = identityFromSeed(new Uint8Array(32).fill(9));
    const [first] = others as [HandAttempt, ...HandAttempt[]];
    const swapped = advertise({ ...first.by, identity: mallory }, first.about.hash, otherKeys(1));
    await liar.refuses(roster(adverts.with(1, statementText(swapped))), "bad-signature");
    await liar.refuses(roster(adverts.slice(0, 2)), "too-few-sites");
    await liar.refuses(roster(adverts.slice(1)), "roster-wrong");
    await liar.refuses({ ...at, phase: "echoes", echoes: [] }, "echoes-missing");
    const dealt = await liar.says("secagg.step", roster(adverts), "deal");
    await liar.refuses(roster(adverts.with(1, first.advert(otherKeys(2)).statement)), "second-set");
    await liar.refuses(roster(adverts.slice(0, 3)), "second-set");

    // The shares: an altered leaf, this site left out.
    const deals = [dealOf(dealt), ...others.map((one) => (one.deal(adverts), (one.dealt as NonNullable<typeof one.dealt>).deal))];
    const parts = deals.map((one) => partTextOf(partFor(one, 1)));
    const shares = (list: typeof parts) => ({ ...at, phase: "shares" as const, parts: list });
    const bent = parts.map((part, place) => (place === 2 ? { ...part, leaf: `B${part.leaf.slice(1)}` } : part));
    await liar.refuses(shares(bent), "inputs-wrong");
    await liar.refuses(shares(parts.slice(1)), "inputs-wrong");
    await liar.refuses(shares(parts.slice(0, 2)), "too-few-sites");
    const masked = await liar.says("secagg.step", shares(parts), "masked");
    await liar.fetch(masked.body);
    const held = new Map(
      others.flatMap((one) => {
        const { deal } = one.dealt as NonNullable<typeof one.dealt>;
        const { seed, key } = dealtShares(one.roster as Roster, one.index, one.secrets, deal, 1) as HeldShares;
        return [[`${one.index} seed`, seed] as const, [`${one.index} key`, key] as const];
      }),
    );
    expect(held.size).toBe(6);

    // The survivors: this site left out, too few; then one set, and none without a site whose other share is wanted.
    const headers = [masked.statement, ...others.map((one) => one.masked(deals.map((each) => partFor(each, one.index))).statement)];
    const survivors = (texts: typeof headers) => ({ ...at, phase: "survivors" as const, headers: texts });
    await liar.refuses(survivors(headers.slice(1)), "inputs-wrong");
    await liar.refuses(survivors(headers.slice(0, 2)), "too-few-sites");
    const echoed = await liar.says("secagg.step", survivors(headers), "echo");
    await liar.refuses(survivors(headers.slice(0, 3)), "second-set");

    const texts = [echoed.statement, ...others.map((one) => one.echo(headers).statement)];
    const echoes = (list: typeof texts) => ({ ...at, phase: "echoes" as const, echoes: list });
    const elsewhere = first.resigned("echo", texts[1] as (typeof texts)[number], { inputs: sha256("other inputs") });
    await liar.refuses(echoes([texts[0], texts[1], texts[1], texts[1]] as typeof texts), "echoes-missing");
    await liar.refuses(echoes([texts[0], texts[2], elsewhere] as typeof texts), "echoes-missing");
    await liar.refuses(
      echoes([texts[0], texts[2], { ...elsewhere, signature: texts[1]?.signature ?? "" }] as typeof texts),
      "bad-signature",
    );
    expect(liar.onTheWire(held)).toEqual([]);

    // What it would never say before t survivors saw one set: one kind of share of each, and nothing for another set or attempt.
    const released = await liar.says("secagg.step", echoes(texts), "release");
    expect(liar.onTheWire(held)).toEqual(["2 seed", "3 seed", "4 seed"]);
    await liar.refuses(survivors(headers.slice(0, 3)), "second-set");
    expect(await liar.says("secagg.step", echoes(texts), "release")).toEqual(released);
    await liar.declines(await liar.ask(1, 2), "round-released");
    await liar.declines(await liar.ask(1, 3), "round-released");
    const opening = { at, roster: first.roster as Roster };
    const outcome = {
      round: 1,
      attempt: 1,
      roster: opening.roster.hash,
      inputs: sha256("x"),
      sum: sha256("s"),
      survivors: 4,
      totalWeight: 9,
    };
    const told = { ...outcome, checkpoint: ask.checkpoint.digest };
    await liar.refuses({ ...at, phase: "outcome", outcome: told }, "inputs-wrong");
    const next = await liar.ask(2);
    await liar.declines({ ...next, attempt: { ...(next.attempt as NonNullable<typeof next.attempt>), previous: told } }, "inputs-wrong");

    // A step that is longer than its type may be ends the link by name, and the agent comes back to the same refusals.
    const links = liar.links;
    liar.send("secagg.step", roster(Array.from({ length: 100 }, () => ({ ...advert.statement, body: "A".repeat(4000) }))));
    await liar.connected(links + 1);
    await liar.declines(await liar.ask(1, 2), "round-released");
    expect(liar.onTheWire(held)).toEqual(["2 seed", "3 seed", "4 seed"]);
    const agent = federation.agents.get("cleveland");
    expect(agent?.alive).toBe(true);
  });
});

const dealOf = ({ statement, seedCommitment, leaves }: Reply<"deal">): Deal => ({
  statement: statementOf("deal", statement),
  seedCommitment,
  leaves: leaves.map((leaf) => fromBase64url(leaf) ?? new Uint8Array()),
});
const partTextOf = (part: DealPart) => ({
  ...part,
  statement: statementText(part.statement),
  leaf: toBase64url(part.leaf),
  seedPath: packPath(part.seedPath),
  path: packPath(part.path),
});
