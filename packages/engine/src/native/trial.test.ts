import { describe, expect, it } from "vitest";
import type { Layer } from "../ir/layers.ts";
import { tensorsOf } from "../ir/parameters.ts";
import { architecture, manifest, plan } from "../model.fixture.ts";
import { tryPlan, type TrialMachine } from "./trial.ts";

const GB = 1024 ** 3;
const machine = (changes: Partial<TrialMachine> = {}): TrialMachine => ({
  probe: () => Promise.resolve({ ok: true, engine: "tfjs wasm", stepMs: 600, peakBytes: GB }),
  available: () => 8 * GB,
  ...changes,
});

it("really trains the plan's model on a batch, in a process of its own", async () => {
  const trial = await tryPlan(manifest, plan, { train: 60, all: 120 });
  expect(trial).toMatchObject({ can: true, engine: expect.stringMatching(/^onnx /), steps: 20 });
  if (!trial.can) return;
  expect(trial.stepMs).toBeGreaterThan(0);
  expect(trial.memoryBytes).toBeGreaterThan(10 * 1024 ** 2);
});

it("says which operation or form is not there", async () => {
  const strange = { ...manifest, architecture: { format: "engraft.layers/1", layers: [{ kind: "quantum" }] } };
  expect(await tryPlan(strange, plan, null)).toMatchObject({ can: false, reason: expect.stringContaining("architecture") });
});

describe("memory", () => {
  const layers: Layer[] = [
    { kind: "dense", name: "dense_1", in: 4, out: 60_000 },
    { kind: "dense", name: "dense_2", in: 60_000, out: 60_000 },
    { kind: "dense", name: "dense_3", in: 60_000, out: 1 },
  ];
  const huge = { ...manifest, architecture: { ...architecture, layers }, tensors: [...tensorsOf({ layers })] };

  it("a model that cannot fit is not even tried", async () => {
    const probe = () => Promise.reject(new Error("tried"));
    const trial = await tryPlan(huge, plan, null, machine({ probe }));
    expect(trial).toMatchObject({ can: false, reason: expect.stringMatching(/about [\d,]+ MB of memory, and 8,192 MB are free/) });
  });

  it("a step that took more than is free is refused, and so is one that ended its process", async () => {
    const probe = () => Promise.resolve({ ok: true, engine: "tfjs wasm", stepMs: 1, peakBytes: 9 * GB } as const);
    expect(await tryPlan(manifest, plan, null, machine({ probe }))).toMatchObject({
      can: false,
      reason: expect.stringContaining("9,216 MB"),
    });
    const died = () => Promise.resolve({ ok: false, reason: "the system ended it" } as const);
    expect(await tryPlan(manifest, plan, null, machine({ probe: died }))).toEqual({ can: false, reason: "the system ended it" });
  });
});

describe("time of a round", () => {
  const epochs = { ...plan, training: { ...plan.training, amount: { unit: "epochs" as const, count: 4 }, batch: 8 } };

  it("follows from the steps of the plan's own unit", async () => {
    expect(await tryPlan(manifest, plan, null, machine())).toMatchObject({ can: true, steps: 20, minutes: 0.2, late: false });
    expect(await tryPlan(manifest, epochs, { train: 100, all: 120 }, machine())).toMatchObject({ steps: 50, minutes: 0.5 });
    const augmentation = { of: "pictures", copies: 2, flip: true, rotate: 0, brightness: 0 } as const;
    const copied = { ...epochs, training: { ...epochs.training, augmentation } };
    expect(await tryPlan(manifest, copied, { train: 100, all: 120 }, machine())).toMatchObject({ steps: 150 });
    expect(await tryPlan(manifest, epochs, null, machine())).toMatchObject({ steps: null, minutes: null, late: false });
  });

  it("is marked where it is longer than the coordinator waits", async () => {
    expect(await tryPlan(manifest, epochs, { train: 1000, all: 1200 }, machine())).toMatchObject({ can: true, late: true });
  });
});
