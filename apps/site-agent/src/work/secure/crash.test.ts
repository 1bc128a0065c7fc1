/** Sites that die at every boundary of writing and sending: what leaves later is what would have left, and never two of it. */
import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { SecaggReply } from "@engraft/core/protocol/messages";
import { isEnded } from "@engraft/core/rounds/state";
import { SecureJournal } from "../../vault/secure/journal.ts";
import type { KeptAttempt } from "../../vault/secure/kept.ts";
import { Lab } from "./lab.fixture.ts";
import { securePlan } from "./secure-plan.fixture.ts";
import type { LabSite } from "./site.fixture.ts";

const labs: Lab[] = [];
afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.stop();
});

/** One round of training, and the evaluation after it. */
const oneRound = (sites = 4) => securePlan(sites, (plan) => ({ ...plan, rounds: { count: 1, stop: null } }));

async function start(plan = oneRound()): Promise<Lab> {
  const lab = await Lab.start(plan);
  labs.push(lab);
  return lab;
}

/** Dies at the nth time that it comes to this point. */
function dieAt(point: string, nth = 1): (at: string) => boolean {
  let left = nth;
  return (at) => at === point && --left === 0;
}

const statementsOf = ({ sent }: LabSite, phase: SecaggReply["phase"], round?: number): readonly string[] =>
  sent.flatMap((reply) =>
    reply.phase === phase && reply.phase !== "refused" && (round === undefined || reply.round === round) ? [JSON.stringify(reply)] : [],
  );

/** G1, G5 and G6 on what left: one of each in an attempt, one release in a round. */
function expectOneOfEach(site: LabSite): void {
  for (const phase of ["advert", "deal", "masked", "echo", "release"] as const) {
    const distinct = [...new Set(statementsOf(site, phase))].map((text) => JSON.parse(text) as SecaggReply);
    const places = distinct.map(({ round, attempt }) => (phase === "release" ? `${round}` : `${round}.${attempt}`));
    expect({ site: site.name, phase, places: new Set(places).size }).toEqual({ site: site.name, phase, places: places.length });
  }
}

function expectExactSums(lab: Lab): void {
  for (const { found, plain } of lab.sums) expect(found).toEqual(plain);
}

const stored = (kept: KeptAttempt | undefined): Readonly<Record<string, SecaggReply | undefined>> => ({
  advert: kept?.advert,
  deal: kept?.deal,
  masked: kept?.masked,
  echo: kept?.echo,
  release: kept?.release,
});

const PHASE_OF: Readonly<Record<string, string>> = {
  advertised: "advert",
  dealt: "deal",
  masked: "masked",
  echoed: "echo",
  released: "release",
};
const KINDS = ["approved", "stored", "advertised", "dealt", "charged", "masked", "echoed", "released", "finished", "compacted"];
const POINTS = [...KINDS.map((kind) => `journal.${kind}`), ...["advert", "deal", "masked", "echo", "release"].map((one) => `send.${one}`)];

describe("a run of real sites", () => {
  it("[K8] [V11] ends with sums that are bit-exact, and says each thing once", async () => {
    const lab = await start(securePlan(4));
    await lab.play();
    expect(lab.state.phase).toBe("finished");
    expect(lab.sums.map(({ round, sites }) => [round, sites])).toEqual([
      [1, 4],
      [2, 4],
      [3, 4],
    ]);
    expectExactSums(lab);
    for (const site of lab.sites) {
      expectOneOfEach(site);
      expect(site.trained).toBe(2);
    }
  });

  it("[K8] [V11] goes on without a site that vanishes between its vector and its release", async () => {
    const lab = await start();
    await lab.untilPhase("unmasking");
    lab.away.add(lab.site(3).name);
    await lab.play(() => lab.sums.length > 0);
    expect(lab.sums.map(({ round, sites }) => [round, sites])).toEqual([[1, 4]]);
    expectExactSums(lab);
  });
});

describe("killed at", () => {
  it.each(POINTS)("[V14] [S5] %s: what leaves afterwards is what was written down, and the sum has every site in it", async (point) => {
    // All three are needed to the end.
    const lab = await start(oneRound(3));
    const site = lab.site(1);
    await site.restart(dieAt(point));
    await lab.play(() => site.crashed !== undefined);
    expect(site.crashed).toBe(point);
    const before = site.sent.length;
    const [, kind = ""] = point.split(".");
    const phase = PHASE_OF[kind] ?? kind;
    const memory = await SecureJournal.peek(site.home);
    const kept = stored(Object.values(memory?.attempts ?? {}).at(-1))[phase];
    await lab.play();
    expect(lab.state.phase).toBe("finished");
    expect(lab.sums.map(({ sites }) => sites)).toEqual([3, 3]);
    expectExactSums(lab);
    expectOneOfEach(site);
    expect(site.trained).toBe(1);
    if (PHASE_OF[kind] === undefined && !point.startsWith("send.")) return;
    // It had not left before, and then left as it was stored.
    expect(site.sent.slice(0, before).filter((reply) => reply.phase === phase)).toEqual([]);
    expect(kept).toBeDefined();
    expect(statementsOf(site, phase as SecaggReply["phase"], 1)[0]).toBe(JSON.stringify(kept));
  });

  it.each(["advertised", "dealt", "masked", "echoed", "released"])(
    "[V14] [G11] journal.%s before the counter was written: that is a crash, not an older copy",
    async (kind) => {
      const lab = await start(oneRound(3));
      const site = lab.site(1);
      await site.restart(dieAt(`journal.${kind}`));
      await lab.play(() => site.crashed !== undefined);
      await counterBack(site, 1);
      await lab.play();
      expect(site.logged.join()).not.toContain("older copy");
      expect(lab.sums.map(({ sites }) => sites)).toEqual([3, 3]);
      expectExactSums(lab);
      expectOneOfEach(site);
    },
  );

  it.each(["dealt", "masked", "echoed", "released"])(
    "[V14] journal.%s in the middle of the record: it is made anew, because it had not left",
    async (kind) => {
      const lab = await start(oneRound(3));
      const site = lab.site(1);
      await site.restart(dieAt(`journal.${kind}`));
      await lab.play(() => site.crashed !== undefined);
      await counterBack(site, 1);
      const path = join(site.home, "secure", "journal.bin");
      await truncate(path, (await readFile(path)).length - 7);
      await lab.play();
      expect(site.logged.join()).not.toContain("older copy");
      expect(lab.sums.map(({ sites }) => sites)).toEqual([3, 3]);
      expectExactSums(lab);
      expectOneOfEach(site);
    },
  );

  it("[V2] [V14] [G5] any points, in any order, at several sites: one of each leaves, and what opens is exact", async () => {
    const crash = fc.record({ site: fc.nat(3), point: fc.constantFrom(...POINTS), nth: fc.integer({ min: 1, max: 2 }) });
    let crashes = 0;
    let opened = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(crash, { minLength: 2, maxLength: 6 }), async (plan) => {
        const lab = await start();
        for (const site of lab.sites) {
          const mine = plan.filter((one) => one.site === site.at).map((one) => dieAt(one.point, one.nth));
          lab.crashes.set(site.name, (point) => mine.map((dies) => dies(point)).some(Boolean));
          await site.restart(lab.crashes.get(site.name));
        }
        await lab.play();
        expect(isEnded(lab.state)).toBe(true);
        expectExactSums(lab);
        for (const site of lab.sites) expectOneOfEach(site);
        crashes += lab.deaths;
        opened += lab.sums.length;
      }),
      { numRuns: 4 },
    );
    // The property says nothing where nobody dies, or nothing is ever opened.
    expect(crashes).toBeGreaterThan(3);
    expect(opened).toBeGreaterThan(3);
  });
});

/** As if the power had gone before the counter of the last records was written. */
async function counterBack(site: LabSite, by: number): Promise<void> {
  const path = join(site.home, "secure", "instance.json");
  const instance = JSON.parse(await readFile(path, "utf8")) as { counter: number };
  await writeFile(path, JSON.stringify({ ...instance, counter: instance.counter - by }));
}
