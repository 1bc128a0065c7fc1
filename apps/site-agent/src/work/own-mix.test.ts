import type { MetricName, Plan } from "@engraft/core/models/plan";
import type { SiteMetrics } from "@engraft/core/models/metrics";
import { describe, expect, it } from "vitest";
import { mixed, ownMix } from "./own-mix.ts";
import type { SiteModel } from "./site-model.ts";

const plan = (names: readonly MetricName[], minCount = 10): Plan =>
  ({ metrics: { names, minCount, perSite: true, compareAlone: true, compareMix: true } }) as unknown as Plan;

/** A model whose figure is a function of its only parameter. */
function modelOf(figure: (value: number, part: string) => number | null, metric: MetricName, n = 50) {
  const looked: { part: string; vector: number[]; personal: number[] | undefined }[] = [];
  const evaluate: SiteModel["evaluate"] = async (vector, part, personal) => {
    looked.push({ part, vector: [...vector], personal: personal === undefined ? undefined : [...personal] });
    const value = figure(vector[0] as number, part);
    const metrics: SiteMetrics = { n, positives: null, values: { [metric]: value === null ? null : { value, low: value, high: value } } };
    return n < 10 ? null : metrics;
  };
  return { model: { evaluate } as unknown as SiteModel, looked };
}
const shared = { vector: Float32Array.of(0), personal: undefined };
const own = { vector: Float32Array.of(1), personal: new Float32Array() };
const never = new AbortController().signal;

describe("a model between the site's own and the federation's", () => {
  it("[M7] takes the share that does best on validation patients, and is judged once on test patients", async () => {
    const { model, looked } = modelOf((value, part) => (part === "validation" ? (value - 0.32) ** 2 : value), "loss");
    const mix = await ownMix(plan(["auroc", "loss"]), model, shared, own, never);
    expect(mix).toMatchObject({ weight: 0.3, metrics: { n: 50 } });
    expect(mix?.metrics.values.loss?.value).toBeCloseTo(0.3, 6);
    expect(looked.filter(({ part }) => part === "test")).toHaveLength(1);
  });

  it("[M7] of equally good shares takes the smallest; without a log loss the plan's first metric decides, the right way round", async () => {
    const flat = modelOf(() => 0.7, "auroc");
    expect(await ownMix(plan(["auroc"]), flat.model, shared, own, never)).toMatchObject({ weight: 0 });
    const rising = modelOf((value) => value, "auroc");
    expect(await ownMix(plan(["auroc"]), rising.model, shared, own, never)).toMatchObject({ weight: 1 });
    const falling = modelOf((value) => value, "brier");
    expect(await ownMix(plan(["brier"]), falling.model, shared, own, never)).toMatchObject({ weight: 0 });
  });

  it("mixes what stays at the site likewise, and looks only at the model's part of what travels", async () => {
    const { model, looked } = modelOf((value) => value, "loss");
    const both = { vector: Float32Array.of(0, 77), personal: Float32Array.of(2) };
    await ownMix(plan(["loss"]), model, both, { vector: Float32Array.of(1), personal: Float32Array.of(4) }, never);
    expect(looked[5]).toEqual({ part: "validation", vector: [0.5], personal: [3] });
    expect(mixed(Float32Array.of(1, 2), Float32Array.of(3, 4), 0.25)).toEqual(Float32Array.of(1.5, 2.5));
  });

  it("says nothing of too few patients, and where the federation's model lacks what the site's own has", async () => {
    const few = modelOf((value) => value, "loss", 5);
    expect(await ownMix(plan(["loss"]), few.model, shared, own, never)).toBeNull();
    const some = modelOf(() => null, "auroc");
    expect(await ownMix(plan(["auroc"]), some.model, shared, own, never)).toBeNull();
    const { model } = modelOf((value) => value, "loss");
    expect(await ownMix(plan(["loss"]), model, shared, { ...own, personal: Float32Array.of(1) }, never)).toBeNull();
  });
});
