/** Filters and rates against scipy; leads, units and windows by the plan's field. */
import { SignalField } from "@engraft/core/models/fields";
import { describe, expect, it } from "vitest";
import { filtered, padOf, sectionsOf } from "./filter.ts";
import { prepare, windowOf } from "./prepare.ts";
import { RecordingFault, type Recording, type RecordingFaultKind } from "./recording.ts";
import { ratioOf, resampled } from "./resample.ts";
import { vector } from "./recordings.fixture.ts";
import { unitFactor } from "./units.ts";

interface Numbers {
  readonly places: readonly number[];
  readonly filters: readonly { above: number | null; below: number | null; order: number; pad: number; values: readonly number[] }[];
  readonly rates: readonly { from: number; to: number; length: number; values: readonly number[] }[];
}
const { places, filters, rates } = vector("numbers.json") as Numbers;
const signal = Float64Array.from({ length: 1000 }, (_, at) => 3 + Math.sin(at / 7) + 0.3 * Math.sin(at * 1.9) + ((at * 7919) % 101) / 101);

const field = (changes: Partial<SignalField> = {}): SignalField =>
  SignalField.parse({ kind: "signal", name: "ecg", title: "ECG", leads: ["II", "V1"], rate: 100, seconds: 0.1, unit: "mV", ...changes });
const recording = (...leads: { name: string; unit?: string; rate?: number; values: readonly number[] }[]): Recording => ({
  leads: leads.map(({ name, unit = "mV", rate = 100, values }) => ({
    name,
    unit,
    rate,
    length: values.length,
    values: async () => Float64Array.from(values),
  })),
  labels: new Map(),
  annotations: async () => [],
});
const twenty = Array.from({ length: 20 }, (_, at) => at);
const fault = (kind: RecordingFaultKind) => expect.objectContaining({ name: "RecordingFault", kind });

describe("[D22] numbers of scipy", () => {
  it.each(filters)("sosfiltfilt: above $above, below $below, order $order", ({ above, below, order, pad, values }) => {
    const band = { above: above ?? undefined, below: below ?? undefined, order };
    const result = filtered(signal, sectionsOf(band, 180), pad);
    places.forEach((place, at) => expect(result[place]).toBeCloseTo(values[at] as number, 9));
  });

  it.each(rates)("resample_poly: $from to $to Hz", ({ from, to, length, values }) => {
    const result = resampled(signal, ratioOf(from, to));
    expect(result).toHaveLength(length);
    places.forEach((place, at) => expect(result[place]).toBeCloseTo(values[at] as number, 9));
  });

  it("what lies above half the new rate does not fold back", () => {
    const high = Float64Array.from({ length: 2000 }, (_, at) => Math.sin(2 * Math.PI * 0.4 * at));
    // Every second point alone would be a wave of full height.
    const result = resampled(high, { up: 1, down: 2 }).slice(50, -50);
    expect(Math.max(...result.map(Math.abs))).toBeLessThan(0.01);
  });

  it("rates without a short ratio are refused, and others are fractions in lowest terms", () => {
    expect(ratioOf(360, 250)).toEqual({ up: 25, down: 36 });
    expect(ratioOf(250, 250)).toEqual({ up: 1, down: 1 });
    expect(ratioOf(128, 128.5)).toEqual({ up: 257, down: 256 });
    for (const [from, to] of [
      [Math.PI, 1],
      [1e6, 1],
      [1, 1e6],
      [Number.MIN_VALUE, 1],
    ] as const)
      expect(() => ratioOf(from, to)).toThrow(RecordingFault);
  });

  it("the ends are prolonged until the filter has settled, and never beyond the recording", () => {
    expect(padOf({ above: 0.5, order: 2 }, 100, 10_000)).toBe(600);
    expect(padOf({ below: 30, order: 2 }, 300, 10)).toBe(9);
    expect(filtered(Float64Array.of(5), sectionsOf({ below: 30, order: 2 }, 300), 0)[0]).toBeCloseTo(5);
  });
});

describe("a field's leads", () => {
  it("are found by name or by a declared alias, whatever their case, and in the field's order", async () => {
    const aliased = field({ aliases: { II: ["MLII"] } });
    const found = recording({ name: "v1", values: twenty }, { name: "mlii", values: twenty.map((value) => -value) });
    const { leads } = await prepare(found, aliased);
    expect(leads.map((lead) => lead?.[7])).toEqual([-7, 7]);
    await expect(prepare(found, field())).rejects.toEqual(fault("missing-lead"));
  });

  it("[D23] a missing lead is refused, or zeros where the plan says so", async () => {
    const found = recording({ name: "V1", values: twenty });
    const prepared = await prepare(found, field({ missingLead: "zeros" }));
    expect(prepared.empty).toEqual(["II"]);
    expect([...windowOf(prepared, 5, 3)]).toEqual([0, 0, 0, 5, 6, 7]);
    await expect(prepare(recording({ name: "aVL", values: twenty }), field({ missingLead: "zeros" }))).rejects.toEqual(
      fault("missing-lead"),
    );
  });

  it("that stand twice are refused", () =>
    expect(
      prepare(recording({ name: "II", values: twenty }, { name: "ii", values: twenty }, { name: "V1", values: twenty }), field()),
    ).rejects.toEqual(fault("unsupported-recording")));

  it("are converted by their unit's prefix", async () => {
    const found = recording({ name: "II", unit: "\u00b5V", values: twenty }, { name: "V1", unit: "V", values: twenty });
    const { leads } = await prepare(found, field());
    expect(leads.map((lead) => lead?.[2])).toEqual([Math.fround(0.002), 2000]);
    await expect(prepare(recording({ name: "II", values: twenty, unit: "Pa" }), field({ leads: ["II"] }))).rejects.toEqual(
      fault("other-unit"),
    );
    await expect(prepare(recording({ name: "II", values: twenty, unit: "" }), field({ leads: ["II"] }))).rejects.toEqual(
      fault("other-unit"),
    );
    expect([
      unitFactor("mmHg", "kPa"),
      unitFactor("cm[H2O]", "m[H2O]"),
      unitFactor("cd", "d"),
      unitFactor("%", "%"),
      unitFactor("mv", "mV"),
      unitFactor("mV", "Mv"),
    ]).toEqual([undefined, 0.01, undefined, 1, 1, undefined]);
  });

  it("[D22] of another rate are resampled", async () => {
    const wave = (rate: number) => Array.from({ length: 3 * rate }, (_, at) => Math.sin((2 * Math.PI * 5 * at) / rate));
    const given = recording({ name: "II", rate: 360, values: wave(360) }, { name: "V1", rate: 100, values: wave(100) });
    const { leads, resampled } = await prepare(given, field());
    expect(resampled).toBe(true);
    const [first, second] = leads as [Float32Array, Float32Array];
    expect(first).toHaveLength(300);
    for (let at = 30; at < 270; at++) expect(first[at]).toBeCloseTo(second[at] as number, 2);
  });

  it("with a gap spoil no more than the gap", async () => {
    const values = Array.from({ length: 400 }, (_, at) => (at >= 200 && at < 204 ? Number.NaN : Math.sin(at / 3)));
    const one = field({ leads: ["II"], rate: 50, band: { below: 15, order: 2 } });
    const prepared = await prepare(recording({ name: "II", values }), one);
    expect([...(prepared.leads[0]?.keys() ?? [])].filter((at) => Number.isNaN(prepared.leads[0]?.[at]))).toEqual([100, 101]);
    expect(() => windowOf(prepared, 96, 5)).toThrow(expect.objectContaining({ kind: "gap-in-recording" }));
    expect(windowOf(prepared, 102, 5).every(Number.isFinite)).toBe(true);
    const nothing = await prepare(recording({ name: "II", values: values.map(() => Number.NaN) }), one);
    expect(() => windowOf(nothing, 0, 5)).toThrow(expect.objectContaining({ kind: "gap-in-recording" }));
  });

  it("give windows inside the recording alone", async () => {
    const prepared = await prepare(recording({ name: "II", values: twenty }), field({ leads: ["II"] }));
    expect([...windowOf(prepared, 10, 10)]).toEqual(twenty.slice(10));
    for (const start of [-1, 11]) expect(() => windowOf(prepared, start, 10)).toThrow(expect.objectContaining({ kind: "short-recording" }));
  });
});

describe("a field", () => {
  it.each([
    { aliases: { V9: ["x"] } },
    { aliases: { II: ["v1"] } },
    { aliases: { II: ["a"], V1: ["A"] } },
    { band: { order: 2 } },
    { band: { above: 40, below: 0.5, order: 2 } },
    { missingLead: "guess" },
  ])("that contradicts itself is refused: %o", (changes) => {
    expect(SignalField.safeParse({ ...field(), ...changes }).success).toBe(false);
  });
});
