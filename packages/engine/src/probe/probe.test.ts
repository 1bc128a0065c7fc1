import { sha256 } from "@engraft/core/crypto/digest";
import { writeSafetensors } from "@engraft/core/models/safetensors";
import { describe, expect, it } from "vitest";
import { intoFold } from "../data/folds.ts";
import { PARTS, partOf } from "../data/split.ts";
import { readTable } from "../data/table.ts";
import { manifest, plan, tableOf, tableText, tensors, weights } from "../model.fixture.ts";
import { probeTransfer, together, type Probe } from "./probe.ts";
import { recommend } from "./recommend.ts";

const silent = { progress: () => undefined, aborted: () => false };
const probe = (text: string, base = { manifest, weights }): Promise<Probe> =>
  probeTransfer({ ...base, plan, table: tableOf(text), backends: ["cpu"] }, silent);

const [head = "", ...rows] = tableText().trim().split("\n");
const isTest = (row: string): boolean => partOf(plan.data.split, row.split(",")[0] ?? "") === "test";

/** A base with other values in some of its tensors. */
function baseWith(change: (name: string, values: Float32Array) => Float32Array): {
  readonly manifest: typeof manifest;
  readonly weights: Uint8Array;
} {
  const changed = writeSafetensors(manifest.tensors, new Map([...tensors].map(([name, values]) => [name, change(name, values)])));
  return { manifest: { ...manifest, weights: { digest: sha256(changed), bytes: changed.byteLength } }, weights: changed };
}

/** The fixture's network by hand. */
function logit([age, sex]: readonly [number, number]): number {
  const dense = (x: readonly number[], name: string): number[] => {
    const [kernel, bias] = [tensors.get(`${name}/kernel`) as Float32Array, tensors.get(`${name}/bias`) as Float32Array];
    return Array.from(bias, (b, out) => x.reduce((sum, value, at) => sum + value * (kernel[at * bias.length + out] as number), b));
  };
  const first = dense([(age - 50) / 10, 0, sex, 0], "dense_1").map(Math.tanh);
  return dense(
    dense(first, "dense_2").map((value) => Math.max(0, value)),
    "dense_3",
  )[0] as number;
}

describe("a transfer probe", () => {
  it("[F8] neither trains on test patients nor looks at them: without them, or with other labels, every figure is the same", async () => {
    const whole = await probe(tableText());
    expect(whole.patients).toBe(rows.filter((row) => !isTest(row)).length);
    expect(await probe([head, ...rows.filter((row) => !isTest(row))].join("\n"))).toEqual(whole);
    const flipped = rows.map((row) => (isTest(row) ? row.replace(/.$/, (last) => (last === "1" ? "0" : "1")) : row));
    expect(await probe([head, ...flipped].join("\n"))).toEqual(whole);
    const trained = rows.map((row, at) => (!isTest(row) && at % 2 === 0 ? row.replace(/.$/, (last) => (last === "1" ? "0" : "1")) : row));
    expect(await probe([head, ...trained].join("\n"))).not.toEqual(whole);
  });

  it("judges the base by the ranking of all its patients, each once, and every model on the same", async () => {
    const { arms, folds, rounds } = await probe(tableText());
    const known = rows.filter((row) => !isTest(row)).map((row) => row.split(",").map(Number));
    const scored = known.map(([, age, sex, sick]) => ({ score: logit([age as number, sex as number]), sick }));
    const [ill, well] = [scored.filter(({ sick }) => sick === 1), scored.filter(({ sick }) => sick === 0)];
    const wins = ill.reduce(
      (sum, one) => sum + well.reduce((won, other) => won + (one.score > other.score ? 1 : one.score === other.score ? 0.5 : 0), 0),
      0,
    );
    expect(arms.base?.values.auroc?.value).toBeCloseTo(wins / (ill.length * well.length), 6);
    // Not the plan's two rounds of twenty steps: too few to train anything from nothing.
    expect([folds, rounds]).toEqual([5, 15]);
    expect([arms.base, arms.probe, arms.scratch].map((one) => one?.n)).toEqual([known.length, known.length, known.length]);
  });

  it("finds features that hold nothing: the same architecture from nothing is better, and all layers are to be trained", async () => {
    const blind = baseWith((name, values) => (name.startsWith("dense_2") ? values.map(() => 0) : values));
    const sick = rows.map((row) => row.replace(/.$/, Number(row.split(",")[1]) > 50 ? "1" : "0"));
    const long = { ...plan, training: { ...plan.training, amount: { unit: "updates", count: 150 } as const } };
    const found = await probeTransfer({ ...blind, plan: long, table: tableOf([head, ...sick].join("\n")), backends: ["cpu"] }, silent);
    expect(found.arms.probe?.values.auroc?.value).toBeCloseTo(0.5, 1);
    expect(found.differences.probeOverScratch?.high).toBeLessThan(0);
    expect(found.recommendation.depth).toBe("all");
  });

  it("recommends by the interval of the difference", () => {
    const between = (low: number, high: number) => recommend({ value: (low + high) / 2, low, high }, true).depth;
    expect([between(0.01, 0.1), between(-0.1, -0.01), between(-0.1, 0.1)]).toEqual(["head", "all", "last block"]);
    expect(recommend(null, true).depth).toBe("head");
    expect(recommend(null, false).depth).toBe("head");
  });

  it("puts folds of any size one behind the other, and no patient of one is one of another", () => {
    const rows = 200_000;
    const fold = {
      label: plan.data.label,
      predictions: new Float64Array(rows),
      y: new Float64Array(rows),
      patients: new Uint32Array(rows).map((_, at) => at >> 1),
    };
    const { patients, y } = together([fold, fold]);
    expect([patients.length, y.length]).toEqual([2 * rows, 2 * rows]);
    expect([patients[rows - 1], patients[rows], patients[2 * rows - 1]]).toEqual([99_999, 100_000, 199_999]);
  });

  it("[F8] deals each patient but those of the test part to one fold, class by class", async () => {
    const { table } = await readTable(tableOf(tableText()), plan.data);
    const folds = [0, 1, 2, 3, 4].map((index) => intoFold(table, plan.data, { index, of: 5, seed: 3 }).parts);
    const named = (parts: Uint8Array, patient: number) => PARTS[parts[patient] as number];
    for (let patient = 0; patient < table.parts.length; patient++) {
      const seen = folds.map((parts) => named(parts, patient));
      if (named(table.parts, patient) === "test") expect(seen).toEqual(Array.from({ length: 5 }, () => "test"));
      else expect(seen.filter((part) => part === "validation")).toHaveLength(1);
    }
    const ill = folds.map(
      (parts) =>
        [...table.labels.keys()].filter((row) => table.labels[row] === 1 && named(parts, table.patientOf[row] as number) === "validation")
          .length,
    );
    expect(Math.max(...ill) - Math.min(...ill)).toBeLessThanOrEqual(1);
  });
});
