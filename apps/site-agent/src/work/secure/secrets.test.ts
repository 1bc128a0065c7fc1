/** Where a site's secrets are, and are not, from the first key to the end of the run; and a folder put back from a backup. */
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Ask, SecaggReply } from "@engraft/core/protocol/messages";
import { SecureJournal } from "../../vault/secure/journal.ts";
import { Lab } from "./lab.fixture.ts";
import { securePlan } from "./secure-plan.fixture.ts";
import { bytesOf, foundIn, type LabSite } from "./site.fixture.ts";

let lab: Lab;
afterEach(() => lab.stop());

const oneRound = securePlan(4, (plan) => ({ ...plan, rounds: { count: 1, stop: null } }));

type Secrets = Map<string, Uint8Array>;

/** Copies of everything secret that the site holds now: the originals are wiped. */
async function gather(site: LabSite, into: Secrets): Promise<void> {
  const { attempts, rounds } = site.secure.memory;
  for (const { round, number, secrets, own, shared } of Object.values(attempts)) {
    const keep = (name: string, bytes: Uint8Array) => into.set(`${round}.${number} ${name}`, Uint8Array.from(bytes));
    for (const what of ["box", "mask", "seed"] as const) keep(what, secrets[what]);
    for (const [dealer, { seed, key }] of [...(own === undefined ? [] : [["me", own] as const]), ...(shared?.held ?? [])]) {
      keep(`share of ${dealer}'s seed`, seed);
      keep(`share of ${dealer}'s key`, key);
    }
  }
  for (const { round, roundHash } of Object.values(rounds)) into.set(`vector ${round}`, (await site.secure.vector(roundHash)).slice(0, 32));
}

const filesOf = async (site: LabSite): Promise<Buffer> => Buffer.concat([...(await site.files()).values()]);

describe("a site's secrets", () => {
  it("[V19] stand in no file in clear at any time, in no log line, event or message but the release, and in nothing at all afterwards", async () => {
    lab = await Lab.start(oneRound);
    const site = lab.site(1);
    const secrets: Secrets = new Map();
    for (const phase of ["dealing", "masking", "unmasking"] as const) {
      await lab.untilPhase(phase);
      await gather(site, secrets);
      expect(foundIn(await filesOf(site), secrets)).toEqual([]);
    }
    // Three of its own, two shares of each of four dealers and of itself once more, and the vector.
    expect(secrets.size).toBe(3 + 2 * 5 + 1);
    await lab.play();
    expect(lab.state.phase).toBe("finished");
    expect(lab.sums).toHaveLength(2);

    // Nothing is left: not in clear, and not for whoever has the key either.
    expect(foundIn(await filesOf(site), secrets)).toEqual([]);
    expect([site.secure.memory.attempts, site.secure.memory.rounds]).toEqual([{}, {}]);
    await site.stop();
    const opened = JSON.stringify(await SecureJournal.peek(site.home));
    expect([...secrets].filter(([, secret]) => opened.includes(JSON.stringify(secret))).map(([name]) => name)).toEqual([]);
    expect([...(await site.files()).keys()].filter((path) => path.includes("vector-"))).toEqual([]);
    expect(foundIn(Buffer.from(site.logged.join("\n")), secrets)).toEqual([]);
    expect(site.logged.length).toBeGreaterThan(10);

    const isRelease = ({ phase }: SecaggReply): boolean => phase === "release";
    expect(foundIn(bytesOf(site.sent.filter((reply) => !isRelease(reply))), secrets)).toEqual([]);
    // One kind of each dealer's shares, and nothing of its own but its own share of its self mask's seed (it is dealer 2).
    const released = foundIn(bytesOf(site.sent.filter((reply) => isRelease(reply) && reply.round === 1)), secrets);
    expect(released.toSorted()).toEqual(["1", "2", "3", "4", "me"].map((one) => `1.1 share of ${one}'s seed`));
  });

  it("[V19] of two attempts: those of the one that failed are gone when the next one has begun, and shares of none leave twice", async () => {
    lab = await Lab.start(oneRound);
    const site = lab.site(1);
    const first: Secrets = new Map();
    await lab.untilPhase("masking");
    await gather(site, first);
    // Two of four vanish before their vectors are there: too few.
    lab.away.add(lab.site(2).name).add(lab.site(3).name);
    await lab.play(() => lab.state.phase === "gathering");
    lab.away.clear();
    await lab.untilPhase("unmasking");
    const second: Secrets = new Map();
    await gather(site, second);
    expect([...second.keys()].some((name) => name.startsWith("1.2 "))).toBe(true);
    for (const [name, secret] of first) if (name.startsWith("1.1 ")) expect([...second.values()]).not.toContainEqual(secret);
    // The vector is the stored one.
    expect(second.get("vector 1")).toEqual(first.get("vector 1"));
    expect(Object.values(site.secure.memory.attempts).map(({ number }) => number)).toEqual([2]);
    await lab.play();
    const old = new Map([...first].filter(([name]) => name.startsWith("1.1 ")));
    expect(foundIn(bytesOf(site.sent), old)).toEqual([]);
    expect(lab.sums.map(({ sites }) => sites)).toEqual([4, 4]);
    for (const { found, plain } of lab.sums) expect(found).toEqual(plain);
    expect(site.trained).toBe(1);
  });
});

describe("a site whose folder was put back from a backup", () => {
  /** The folder as it is now, without the file that no backup holds. */
  async function backedUp(site: LabSite): Promise<string> {
    const copy = `${site.home}-backup`;
    await cp(site.home, copy, { recursive: true, preserveTimestamps: true });
    await rm(join(copy, "secure", "instance.json"));
    return copy;
  }
  async function putBack(site: LabSite, copy: string, withCounter: boolean): Promise<void> {
    await site.stop();
    const instance = join(site.home, "secure", "instance.json");
    if (withCounter) await cp(instance, join(copy, "secure", "instance.json"));
    await rm(site.home, { recursive: true });
    await cp(copy, site.home, { recursive: true, preserveTimestamps: true });
    await site.start();
  }

  it.each([
    ["on the same machine", true],
    ["on another one", false],
  ])(
    "[V16] [G11] %s goes on with nothing: every step and ask is refused by name until its steward approves again",
    async (_where, counter) => {
      lab = await Lab.start(securePlan(4));
      const site = lab.site(1);
      await lab.untilPhase("masking");
      const copy = await backedUp(site);
      const steps = [lab.dueFor(site)];
      await lab.play(() => site.sent.some(({ phase }) => phase === "release"));
      await putBack(site, copy, counter);
      expect(site.logged.join()).toContain("older copy");
      expect(site.secure.memory.attempts).toEqual({});

      const before = site.sent.length;
      for (const step of [...steps, ...site.stepped]) await site.step(step);
      const replies = site.sent.slice(before);
      expect(replies.map((reply) => (reply.phase === "refused" ? reply.code : reply.phase))).toEqual(replies.map(() => "attempt-stale"));
      for (const attempt of [1, 2]) {
        site.declined.length = 0;
        const ask = site.asked[0] as Ask;
        await site.ask({ ...ask, attempt: { number: attempt, nonce: sha256(`n ${attempt}`), previous: null } });
        expect(site.declined).toMatchObject([{ code: "site-restored" }]);
      }
      site.news();
      site.declined.length = 0;

      // The others go on without it; approved again it is in the next round's sum.
      await lab.untilPhase("advertising", 2);
      await site.approve(2);
      await lab.play();
      expect(lab.state.phase).toBe("finished");
      expect(lab.sums.length).toBe(3);
      expect(lab.sums.at(-1)?.sites).toBe(4);
      for (const { found, plain } of lab.sums) expect(found).toEqual(plain);
    },
  );

  it("[V3] [V15] [G5] that was approved again can release twice, but no second sum of the round opens: the others do not", async () => {
    lab = await Lab.start(securePlan(4));
    const site = lab.site(1);
    await lab.untilPhase("masking");
    const copy = await backedUp(site);
    await lab.play(() => lab.sums.length > 0);
    await putBack(site, copy, true);
    await site.approve(2);
    // A coordinator that was put back too opens the round again.
    for (const one of lab.sites) {
      const ask = { ...(one.asked[0] as Ask), attempt: { number: 2, nonce: sha256("again"), previous: null } };
      one.declined.length = 0;
      const before = one.sent.length;
      await one.ask(ask);
      const said = [...one.declined.map(({ code }) => code), ...one.sent.slice(before).map(({ phase }) => phase)];
      expect({ site: one.name, said }).toEqual({ site: one.name, said: [one === site ? "advert" : "round-released"] });
    }
  });
});
