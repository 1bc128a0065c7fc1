/** Each strategy beside numbers that a script of its own works out from the papers (test/vectors/strategies.py), and what robust means are for. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Strategy } from "../models/strategy-schema.ts";
import { addDistances, krumChoice, noDistances } from "./krum.ts";
import { addScaled } from "./mean.ts";
import { median } from "./median.ts";
import { correctionOf, variateChange } from "./scaffold.ts";
import { initialState, serverStep } from "./server-step.ts";
import { trimmedMean } from "./trimmed-mean.ts";

type Vector = readonly number[];
interface Numbers {
  readonly counts: Vector;
  readonly start: Vector;
  readonly updates: readonly (readonly Vector[])[];
  readonly curve: readonly Vector[];
  readonly target: readonly Vector[];
  readonly servers: readonly { readonly strategy: unknown; readonly checkpoints: readonly Vector[] }[];
  readonly median: Readonly<Record<"odd" | "even", Vector>>;
  readonly trimmed: Readonly<Record<"one" | "three", Vector>>;
  readonly krum: Readonly<Record<"one" | "three", { readonly chosen: Vector; readonly mean: Vector }>>;
  readonly scaffold: {
    readonly steps: number;
    readonly rate: number;
    readonly serverRate: number;
    readonly rounds: readonly { readonly cohort: Vector; readonly x: Vector; readonly c: Vector }[];
  };
}
const known = JSON.parse(readFileSync(new URL("../../../../test/vectors/strategies.json", import.meta.url), "utf8")) as Numbers;

const off = (got: ArrayLike<number>, expected: Vector): number =>
  expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (got[i] as number))), 0);
const firstRound = (known.updates[0] as readonly Vector[]).map((values) => Float32Array.from(values));
const total = known.counts.reduce((sum, count) => sum + count, 0);

function meanOf(vectors: readonly ArrayLike<number>[], shares: readonly number[]): Float64Array {
  const mean = new Float64Array((vectors[0] as ArrayLike<number>).length);
  for (const [site, values] of vectors.entries()) addScaled(mean, Float32Array.from(values), shares[site] as number);
  return mean;
}

describe("server optimizers", () => {
  it.each(known.servers.map(({ strategy, checkpoints }) => [Strategy.parse(strategy), checkpoints] as const))(
    "[R25] follows its paper: $name",
    (strategy, checkpoints) => {
      const values = known.start.length;
      const step = serverStep(strategy, { values, share: 1 });
      const checkpoint = Float32Array.from(known.start);
      const state = initialState(step, values);
      for (const [round, expected] of checkpoints.entries()) {
        const mean = meanOf(
          known.updates[round] as readonly Vector[],
          known.counts.map((count) => count / total),
        );
        // In two slices, as large models are.
        for (const [from, to] of [
          [0, 2],
          [2, values],
        ] as const) {
          const { length } = step.initial;
          const slice = { checkpoint: checkpoint.subarray(from, to), state: state.subarray(length * from, length * to) };
          step.apply({ from, mean: mean.subarray(from, to), ...slice });
        }
        expect(off(checkpoint, expected)).toBeLessThan(2e-6);
      }
    },
  );
});

describe("robust means", () => {
  it("[R26] are those of their papers", () => {
    const into = new Float64Array(known.start.length);
    median(into, firstRound);
    expect(off(into, known.median.odd)).toBeLessThan(1e-7);
    median(into, firstRound.slice(0, 6));
    expect(off(into, known.median.even)).toBeLessThan(1e-7);
    trimmedMean(into, firstRound, 1);
    expect(off(into, known.trimmed.one)).toBeLessThan(1e-7);
    trimmedMean(into, firstRound, 3);
    expect(off(into, known.trimmed.three)).toBeLessThan(1e-7);
    const distances = noDistances(firstRound.length);
    addDistances(
      distances,
      firstRound.map((values) => values.subarray(0, 3)),
    );
    addDistances(
      distances,
      firstRound.map((values) => values.subarray(3)),
    );
    expect(krumChoice(distances, 2, 1)).toEqual(known.krum.one.chosen);
    expect(krumChoice(distances, 2, 3)).toEqual(known.krum.three.chosen);
  });

  const VALUES = 4;
  const vectors = (count: number, bound: number) =>
    fc.array(
      fc.float32Array({
        minLength: VALUES,
        maxLength: VALUES,
        noNaN: true,
        noDefaultInfinity: true,
        min: -Math.fround(bound),
        max: Math.fround(bound),
      }),
      { minLength: count, maxLength: count },
    );
  /** Fewer than half of all sites lie, and say anything at all, in any place. */
  const mixed = (least: (liars: number) => number) =>
    fc
      .record({ liars: fc.integer({ min: 1, max: 4 }), more: fc.integer({ min: 0, max: 4 }) })
      .chain(({ liars, more }) =>
        fc.record({
          liars: fc.constant(liars),
          honest: vectors(least(liars) - liars + more, 10),
          lies: fc.oneof(vectors(liars, 1e30), vectors(liars, 20)),
          order: fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        }),
      )
      .map(({ liars, honest, lies, order }) => {
        const all = [...honest.map((values) => ({ values, lie: false })), ...lies.map((values) => ({ values, lie: true }))];
        const placed = all
          .map((one) => ({ one, at: order.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ one }) => one);
        return { liars, honest, all: placed };
      });

  it("[R26] median and trimmed mean stay between the honest sites' values, whatever fewer than half of the sites send", () => {
    fc.assert(
      fc.property(
        mixed((liars) => 2 * liars + 1),
        ({ liars, honest, all }) => {
          const [middle, trimmed] = [new Float64Array(VALUES), new Float64Array(VALUES)];
          const values = all.map((one) => one.values);
          median(middle, values);
          trimmedMean(trimmed, values, liars);
          for (let i = 0; i < VALUES; i++) {
            const said = honest.map((vector) => vector[i] as number);
            const slack = 1e-12 * Math.max(...said.map(Math.abs));
            for (const value of [middle[i] as number, trimmed[i] as number]) {
              expect(value).toBeGreaterThanOrEqual(Math.min(...said) - slack);
              expect(value).toBeLessThanOrEqual(Math.max(...said) + slack);
            }
          }
        },
      ),
    );
  });

  const distance = (a: Float32Array, b: Float32Array): number => Math.hypot(...a.map((value, i) => value - (b[i] as number)));

  it("[R26] Krum picks an update near an honest one; liars that are farther from all of them than the honest from one another are not picked", () => {
    fc.assert(
      fc.property(
        mixed((liars) => 2 * liars + 3),
        ({ liars, honest, all }) => {
          const distances = noDistances(all.length);
          addDistances(
            distances,
            all.map((one) => one.values),
          );
          const [picked] = krumChoice(distances, liars, 1);
          const chosen = all[picked as number] as (typeof all)[number];
          const spread = Math.max(...honest.flatMap((a) => honest.map((b) => distance(a, b))));
          // An honest score is at most (n - f - 2) spread^2; a liar's holds at least n - 2 f - 1 honest neighbours.
          const n = all.length;
          const bound = spread * Math.sqrt((n - liars - 2) / (n - 2 * liars - 1));
          expect(Math.min(...honest.map((vector) => distance(vector, chosen.values)))).toBeLessThanOrEqual(bound * (1 + 1e-6));
          if (all.every(({ values, lie }) => !lie || honest.every((vector) => distance(vector, values) > bound * (1 + 1e-6)))) {
            expect(chosen.lie).toBe(false);
          }
        },
      ),
    );
  });
});

describe("SCAFFOLD", () => {
  it("[R27] follows its paper over rounds with all sites and with some", () => {
    const { steps, rate, serverRate, rounds } = known.scaffold;
    const sites = known.curve.length;
    const values = known.start.length;
    const reach = steps * rate;
    const checkpoint = Float32Array.from([...known.start, ...known.start.map(() => 0)]);
    const own = known.curve.map(() => new Float32Array(values));
    for (const { cohort, x, c } of rounds) {
      const updates = cohort.map((site) => {
        const [start, server] = [checkpoint.slice(0, values), checkpoint.slice(values)];
        const variates = { server, own: own[site] as Float32Array };
        const correction = correctionOf(variates, reach);
        const y = start.slice();
        for (let step = 0; step < steps; step++) {
          for (let j = 0; j < values; j++) {
            const gradient = (known.curve[site]?.[j] as number) * ((y[j] as number) - (known.target[site]?.[j] as number));
            y[j] = (y[j] as number) - rate * (gradient + (correction[j] as number));
          }
        }
        const moved = y.map((value, j) => value - (start[j] as number));
        const change = variateChange(variates, moved, 100);
        own[site] = variates.own.map((value, j) => value + (change[j] as number));
        return Float32Array.from([...moved, ...change]);
      });
      const mean = meanOf(
        updates,
        cohort.map(() => 1 / cohort.length),
      );
      const step = serverStep({ name: "scaffold", serverRate }, { values: 2 * values, share: cohort.length / sites });
      step.apply({ from: 0, checkpoint, mean, state: new Float32Array() });
      expect(off(checkpoint.subarray(0, values), x)).toBeLessThan(5e-6);
      expect(
        off(
          checkpoint.subarray(values).map((value) => value / reach),
          c,
        ),
      ).toBeLessThan(2e-5);
    }
  });

  it("[R27] a change is cut to the clip and to the largest value, so that what is kept is what was sent", () => {
    const variates = { server: Float32Array.of(3, -4, 0), own: new Float32Array(3) };
    const change = variateChange(variates, Float32Array.of(0, 0, 0), 2.5, 1.75);
    expect([...change]).toEqual([-1.5, 1.75, 0].map((value) => expect.closeTo(value, 6)));
  });
});
