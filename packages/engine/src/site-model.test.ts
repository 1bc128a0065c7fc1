import { nextHead } from "@engraft/core/aggregation/head";
import type { Plan } from "@engraft/core/models/plan";
import { pooledFigures, totalsOf } from "@engraft/core/models/tally";
import { afterAll, describe, expect, it } from "vitest";
import { partOf } from "./data/split.ts";
import { initialVector } from "./import/base.ts";
import { manifest, plan, tableOf, tableText, weights } from "./model.fixture.ts";
import { openSiteModel, type SiteModel, type SiteModelOptions, type TrainingProgress } from "./site-model.ts";

const opened: SiteModel[] = [];
afterAll(async () => {
  await Promise.all(opened.map((model) => model.close()));
});

const training = (changes: Partial<Plan["training"]>): Plan => ({ ...plan, training: { ...plan.training, ...changes } });
async function open(changes: Partial<SiteModelOptions> = {}): Promise<SiteModel> {
  const model = await openSiteModel({ manifest, weights, plan, table: tableOf(tableText()), backends: ["wasm", "cpu"], ...changes });
  opened.push(model);
  return model;
}
/** One for all tests that change nothing about it: a thread takes a third of a second to start. */
const usual = open();
const base = initialVector(manifest, weights, plan.training.trainable);
const seed = { run: "small.1", round: 1, site: "here" };

describe("a site's model", () => {
  it("names its engine and counts its patients", async () => {
    const { engine, counts } = await usual;
    expect(engine).toBe("tfjs wasm");
    expect(counts.train.patients + counts.validation.patients + counts.test.patients).toBe(120);
  });

  it("falls back to plain JavaScript", async () => expect((await open({ backends: ["cpu"] })).engine).toBe("tfjs cpu"));

  it("trains: an update from the start, over its training samples, that lowers the loss there", async () => {
    const model = await open({ plan: training({ amount: { unit: "epochs", count: 5 } }) });
    const start = base.slice();
    const { update, sampleCount, norm } = await model.train(start, seed);
    expect(start).toEqual(base);
    expect(update).toHaveLength(base.length);
    expect(sampleCount).toBe(model.counts.train.rows);
    expect(norm).toBeCloseTo(Math.hypot(...update), 5);
    const before = await model.evaluate(base, "validation");
    const after = await model.evaluate(
      base.map((value, index) => value + (update[index] as number)),
      "validation",
    );
    expect(after?.values.loss?.value).toBeLessThan(before?.values.loss?.value ?? 0);
  });

  it("equal parts give an equal update to the bit, in another thread too; another round, site or run another one", async () => {
    const [one, other] = [await usual, await open()];
    const { update } = await one.train(base, seed);
    expect((await one.train(base, seed)).update).toEqual(update);
    expect((await other.train(base, seed)).update).toEqual(update);
    for (const changed of [
      { ...seed, round: 2 },
      { ...seed, site: "there" },
      { ...seed, run: "small.2" },
    ]) {
      expect((await one.train(base, changed)).update).not.toEqual(update);
    }
  });

  it("[R27] under SCAFFOLD sends the change of its control variate behind the update, and goes on from what it kept", async () => {
    const optimizer = { name: "sgd", learningRate: 0.1, momentum: 0 } as const;
    const plain = { optimizer, amount: { unit: "updates", count: 20 } } as const;
    const model = await open({ plan: { ...training(plain), strategy: { name: "scaffold", serverRate: 1 } } });
    const n = base.length;
    const checkpoint = Float32Array.from([...base, ...base.map(() => 0)]);
    const first = await model.train(checkpoint, seed);
    // Nothing is known yet: plain steps, whose way is the site's control variate with its sign turned.
    const { update } = await (await open({ plan: training(plain) })).train(base, seed);
    expect(first.update.slice(0, n)).toEqual(update);
    expect(Array.from(first.update.subarray(n))).toEqual(Array.from(update, (value) => expect.closeTo(-value, 6)));
    expect(first.variate).toEqual(first.update.slice(n));
    // The server's equals the site's own: the correction is nothing.
    const same = Float32Array.from([...base, ...first.variate]);
    const second = await model.train(same, seed, undefined, undefined, undefined, first.variate);
    expect(second.update.slice(0, n)).toEqual(update);
    expect(Math.hypot(...second.update.slice(n))).toBeLessThan(1e-6);
    // Without its own, the site is pushed along the server's: about as far again as it would go by itself.
    const pushed = await model.train(same, seed);
    expect(pushed.update.slice(0, n)).not.toEqual(update);
    // It is evaluated as the model alone.
    expect(await model.evaluate(same, "validation")).toEqual(await model.evaluate(base, "validation"));
  });

  it("[R28] under FedProx stays closer to where the round began, and a model trained alone is not drawn to anything", async () => {
    const [free, drawn] = [await usual, await open({ plan: { ...plan, strategy: { name: "fedprox", mu: 5 } } })];
    expect((await drawn.train(base, seed)).norm).toBeLessThan(0.7 * (await free.train(base, seed)).norm);
    expect(await drawn.trainAlone(2)).toEqual(await free.trainAlone(2));
  });

  it("[D4] patients outside the training part have no say in an update", async () => {
    const [header, ...rows] = tableText().trimEnd().split("\n");
    const others = rows.map((row) =>
      partOf(plan.data.split, row.split(",")[0] ?? "") === "train" ? row : row.replace(/,\d+,\d,\d$/, ",99,0,0"),
    );
    expect(others).not.toEqual(rows);
    const model = await open({ table: tableOf([header, ...others].join("\n")) });
    expect((await model.train(base, seed)).update).toEqual((await (await usual).train(base, seed)).update);
  });

  it("an update is no longer than the plan's clip, and keeps its direction", async () => {
    const free = await (await usual).train(base, seed);
    const clip = free.norm / 3;
    const { update, norm } = await (await open({ plan: training({ clip }) })).train(base, seed);
    expect(norm).toBeCloseTo(free.norm, 6);
    expect(Math.hypot(...update)).toBeCloseTo(clip, 6);
    expect(update[0]).toBeCloseTo((free.update[0] as number) / 3, 6);
  });

  it("trains alone as long as the rounds together, and reports how far it is", async () => {
    const model = await usual;
    const reports: TrainingProgress[] = [];
    const alone = await model.trainAlone(7, (progress) => reports.push(progress));
    expect(alone.vector).toHaveLength(base.length);
    expect(reports.at(-1)).toMatchObject({ unit: "updates", done: 140, total: 140 });
    expect(await model.trainAlone(7)).toEqual(alone);
    expect(await model.trainAlone(8)).not.toEqual(alone);
  });

  it("reports epochs where the plan counts epochs", async () => {
    const model = await open({ plan: training({ amount: { unit: "epochs", count: 3 } }) });
    const reports: TrainingProgress[] = [];
    await model.train(base, seed, (progress) => reports.push(progress));
    expect(reports.at(-1)).toMatchObject({ unit: "epochs", done: 3, total: 3 });
  });

  it("stops when aborted, with the signal's reason, and can be used again", async () => {
    const model = await open({ plan: training({ amount: { unit: "updates", count: 1_000_000 } }) });
    const controller = new AbortController();
    const reason = new Error("stopped by the steward");
    await expect(model.train(base, seed, () => controller.abort(reason), controller.signal)).rejects.toBe(reason);
    await expect(model.train(base, seed, undefined, controller.signal)).rejects.toBe(reason);
    expect((await model.evaluate(base, "test"))?.n).toBe(model.counts.test.patients);
  });

  it("sums what enters the head, at the head it is given or at one of zeros; augmented by nothing but its own samples", async () => {
    const model = await open({ plan: training({ analytic: { method: "newton", rounds: 2, penalty: 1, bound: 8 } }) });
    const zero = await model.statistics(base, true);
    const rows = model.counts.train.rows;
    expect(zero.samples).toBe(rows);
    expect(zero.sums).toHaveLength(3);
    // At zeros every probability is a half.
    expect(zero.curvature.at(-1)).toBeCloseTo(rows / 4, 9);
    expect(zero.curvature[0]).toBeCloseTo((zero.squares[0] as number) / 4, 6);
    expect(await model.statistics(base, false)).not.toEqual(zero);
    const headless = base.map((value, index) => (index >= base.length - 4 ? 0 : value));
    expect(await model.statistics(headless, false)).toEqual(zero);
    // Behind a ReLU.
    expect([...zero.sums].every((sum) => sum >= 0)).toBe(true);
  });

  it("alone, too, solves first and trains then, and leaves the rest of the base as it is while it solves", async () => {
    const analytic = (rounds: number) => open({ plan: training({ analytic: { method: "newton", rounds, penalty: 1, bound: 8 } }) });
    const model = await analytic(2);
    const { vector } = await model.trainAlone(2);
    expect(vector.slice(0, -4)).toEqual(base.slice(0, -4));
    const settings = { method: "newton", rounds: 2, penalty: 1, bound: 8 } as const;
    const first = nextHead(await model.statistics(base, true), new Float32Array(4), settings);
    expect((await model.trainAlone(1)).vector.slice(-4)).toEqual(first.ok && first.value);
    expect(vector.slice(-4)).not.toEqual(first.ok && first.value);
    expect((await (await analytic(1)).trainAlone(2)).vector.slice(0, -4)).not.toEqual(base.slice(0, -4));
  });

  it("[Q4] sums nothing of fewer training patients than the plan's minimum count", async () => {
    const few = {
      ...training({ analytic: { method: "ridge", rounds: 1, penalty: 1, bound: 8 } }),
      metrics: { ...plan.metrics, minCount: 200 },
    };
    await expect((await open({ plan: few })).statistics(base, true)).rejects.toMatchObject({ code: "data-invalid" });
  });

  it("[M1] reports the plan's metrics only, and nothing about too few patients", async () => {
    const metrics = await (await usual).evaluate(base, "test");
    expect(Object.keys(metrics?.values ?? {})).toEqual(plan.metrics.names);
    const strict = await open({ plan: { ...plan, metrics: { ...plan.metrics, minCount: (metrics?.n ?? 0) + 1 } } });
    expect(await strict.evaluate(base, "test")).toBeNull();
  });

  it("[M3] what it counts of a model, summed and read again, is what it reports of that model, between the bounds", async () => {
    const model = await usual;
    const [tally, metrics] = [await model.tally(base, "test"), await model.evaluate(base, "test")];
    const read = pooledFigures(plan, "train", totalsOf(plan, "train", { validation: tally }), 1);
    const figures = read.ok ? read.value.validation : null;
    expect(figures).toMatchObject({ n: model.counts.test.patients });
    for (const name of plan.metrics.names) {
      const [{ low = 1, high = 0 }, { value = 2 }] = [figures?.values[name] ?? {}, metrics?.values[name] ?? {}];
      expect([name, low <= value && value <= high]).toEqual([name, true]);
    }
  });

  it("[B18] fits an intercept of its own on its training patients: on test patients it is the head with its bias moved by that", async () => {
    const model = await usual;
    const own = await model.ownIntercept(base);
    const shift = own?.shift[0] ?? Number.NaN;
    expect(Math.abs(shift)).toBeGreaterThan(0.01);
    const moved = base.map((value, index) => (index === base.length - 1 ? value + shift : value));
    const expected = await model.evaluate(moved, "test");
    for (const [name, estimate] of Object.entries(own?.metrics.values ?? {}))
      expect(estimate?.value).toBeCloseTo(expected?.values[name as "loss"]?.value ?? Number.NaN, 5);
    // Test and validation patients have no say in it.
    const [header, ...rows] = tableText().trimEnd().split("\n");
    const foreign = rows.map((row) =>
      partOf(plan.data.split, row.split(",")[0] ?? "") === "train" ? row : row.replace(/,\d+,\d,\d$/, ",99,0,0"),
    );
    const other = await open({ table: tableOf([header, ...foreign, ""].join("\n")) });
    expect((await other.ownIntercept(base))?.shift).toEqual(own?.shift);
    const strict = await open({ plan: { ...plan, metrics: { ...plan.metrics, minCount: model.counts.test.patients + 1 } } });
    expect(await strict.ownIntercept(base)).toBeNull();
  });

  it("[M1] counts nothing of too few patients", async () => {
    const minCount = (await usual).counts.test.patients + 1;
    const strict = await open({ plan: { ...plan, metrics: { ...plan.metrics, minCount } } });
    expect(await strict.tally(base, "test")).toBeNull();
  });

  it("refuses a vector of another length", async () => {
    const model = await usual;
    await expect(model.train(new Float32Array(3), seed)).rejects.toMatchObject({ code: "wrong-shape" });
    await expect(model.evaluate(new Float32Array(3), "test")).rejects.toMatchObject({ code: "wrong-shape" });
    await expect(model.tally(new Float32Array(3), "test")).rejects.toMatchObject({ code: "wrong-shape" });
  });

  it("says so when training diverges", async () => {
    const model = await open({
      plan: training({
        optimizer: { name: "sgd", learningRate: 10, momentum: 0.99 },
        weightDecay: 1,
        amount: { unit: "updates", count: 300 },
      }),
    });
    await expect(model.train(base, seed)).rejects.toMatchObject({
      code: "training-failed",
      message: expect.stringContaining("learning rate"),
    });
  });

  it("rejects what is under way when it is closed, and everything after", async () => {
    const model = await open({ plan: training({ amount: { unit: "updates", count: 1_000_000 } }) });
    const running = model.train(base, seed).catch((error: unknown) => error);
    await model.close();
    expect(await running).toMatchObject({ code: "training-failed" });
    await expect(model.evaluate(base, "test")).rejects.toMatchObject({ code: "training-failed" });
  });
});

describe("opening fails", () => {
  it("without the table", () =>
    expect(open({ table: { ...tableOf("x"), path: "/nowhere.csv" } })).rejects.toMatchObject({
      name: "EngraftError",
      code: "data-missing",
    }));
  it("without a needed column", () =>
    expect(open({ table: tableOf("id,age,sick\np,1,1\n") })).rejects.toMatchObject({
      code: "data-invalid",
      message: expect.stringContaining("missing-column"),
    }));
  it("without a usable row", () =>
    expect(open({ table: tableOf("id,age,sex,sick\np,1,1,\n") })).rejects.toMatchObject({ code: "data-invalid" }));
  it("with other weights than the manifest names", () =>
    expect(open({ weights: weights.slice(1) })).rejects.toMatchObject({ code: "digest-mismatch" }));
  it("with input rules that do not fit the first layer", () =>
    expect(open({ manifest: { ...manifest, inputs: manifest.inputs.slice(1) } })).rejects.toMatchObject({
      code: "bad-input",
      message: expect.stringContaining("first layer"),
    }));
});
