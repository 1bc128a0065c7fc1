/** Whole attempts in one process, with any pattern of dropouts and retries. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRefusal } from "../base/errors.ts";
import { contextOf, directoryOf, PHASES, playAttempt, siteOf, type Phase, type Site } from "./federation.fixture.ts";

const WORDS = 37;

const vectorOf = (at: number): Uint32Array =>
  Uint32Array.from({ length: WORDS }, (_, i) => Math.imul(at * WORDS + i + 1, 0x9e3779b1) >>> 0);

function plainSum(vectors: readonly Uint32Array[]): Uint32Array {
  return Uint32Array.from({ length: WORDS }, (_, i) => Number(vectors.reduce((sum, one) => sum + BigInt(one[i] ?? 0), 0n) % 2n ** 32n));
}

const gonePhase = fc.option(fc.constantFrom<Phase>(...PHASES), { nil: undefined, freq: 2 });
const pattern = fc
  .integer({ min: 3, max: 9 })
  .chain((sites) => fc.record({ gone: fc.array(gonePhase, { minLength: sites, maxLength: sites }), seed: fc.string({ maxLength: 4 }) }));

const sitesFor = (count: number, seed: string): readonly Site[] =>
  Array.from({ length: count }, (_, at) => siteOf(at, contextOf(directoryOf(count)), vectorOf(at), seed));

const isThere = (phase: Phase | undefined, at: Phase): boolean => phase === undefined || PHASES.indexOf(phase) > PHASES.indexOf(at);

describe("a secure sum", () => {
  it("[K8] [V11] is bit-exact over exactly the survivors with enough of them, and below that nothing decodes", () => {
    fc.assert(
      fc.property(pattern, ({ gone, seed }) => {
        const directory = directoryOf(gone.length);
        const { threshold } = directory.numbers;
        const sites = sitesFor(gone.length, seed);
        const result = playAttempt(directory, contextOf(directory), 1, sites, (at) => gone[at]);
        if (gone.filter((phase) => isThere(phase, "release")).length < threshold) {
          expect(isRefusal(result)).toBe(true);
          if (isRefusal(result)) expect(["too-few-sites", "echoes-missing"]).toContain(result.code);
          return;
        }
        if (isRefusal(result)) throw new Error(result.text);
        const inSum = sites.filter((_, at) => isThere(gone[at], "mask"));
        expect(result.survivors).toEqual(inSum.map(({ by }) => by.site));
        expect(result.sum).toEqual(plainSum(inSum.map(({ vector }) => vector)));
      }),
      { numRuns: 60 },
    );
  });

  it("[N5] of compact vectors is the plain integer sum mod 2^20, and mod 2^32 of weight and totals, whoever survives", () => {
    const layout = { front: 1, narrow: 32, back: 4 };
    fc.assert(
      fc.property(pattern, ({ gone, seed }) => {
        const directory = directoryOf(gone.length);
        const context = contextOf(directory);
        const sites = gone.map((_, at) => siteOf(at, context, vectorOf(at), seed, layout));
        const result = playAttempt(directory, context, 1, sites, (at) => gone[at]);
        fc.pre(!isRefusal(result));
        if (isRefusal(result)) return;
        const plain = plainSum(sites.filter((_, at) => isThere(gone[at], "mask")).map(({ vector }) => vector));
        const inWidth = (sum: Uint32Array): number[] => [...sum].map((word, i) => (i >= 1 && i < 33 ? word % 2 ** 20 : word));
        expect(inWidth(result.sum)).toEqual(inWidth(plain));
      }),
      { numRuns: 25 },
    );
  });

  it("[G5] [V3] at most one attempt of a round ever opens, whoever drops out of which", () => {
    const goneIn = fc.array(fc.array(gonePhase, { minLength: 5, maxLength: 5 }), { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(goneIn, (attempts) => {
        const directory = directoryOf(5);
        const sites = sitesFor(5, "retry");
        let opened = 0;
        attempts.forEach((gone, at) => {
          // A site that released is refused by its own rules: it is not there for the attempts after.
          const able = sites.filter((site) => !site.journal.some(({ kind }) => kind === "released"));
          const phase = (place: number): Phase | undefined => gone[sites.indexOf(able[place] as Site)];
          if (!isRefusal(playAttempt(directory, contextOf(directory), at + 1, able, phase))) opened += 1;
        });
        expect(opened).toBeLessThanOrEqual(1);
        for (const { journal } of sites) expect(journal.filter(({ kind }) => kind === "released").length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 15 },
    );
  });

  it("[G6] a retry masks the same stored vector under fresh keys, and its sum is the same", () => {
    const directory = directoryOf(4);
    const sites = sitesFor(4, "again");
    const first = playAttempt(directory, contextOf(directory), 1, sites, (at) => (at < 2 ? "echo" : undefined));
    expect(first).toMatchObject({ code: "echoes-missing" });
    const second = playAttempt(directory, contextOf(directory), 2, sites, () => undefined);
    expect(second).toMatchObject({ sum: plainSum(sites.map(({ vector }) => vector)) });
    for (const { journal } of sites) {
      expect(new Set(journal.flatMap((record) => (record.kind === "masked" ? [record.vector] : []))).size).toBe(1);
    }
  });
});
