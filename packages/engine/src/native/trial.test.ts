import { afterEach, describe, expect, it, vi } from "vitest";
import type { Layer } from "../ir/layers.ts";
import { tensorsOf } from "../ir/parameters.ts";
import { architecture, manifest, plan } from "../model.fixture.ts";
import type { Backend } from "../train/trainer.ts";
import type { ProbeRequest } from "./probe.ts";
import { tryPlan, type TrialMachine } from "./trial.ts";

const GB = 1024 ** 3;
const step = (backend: Backend, stepMs: number, peakBytes = GB) =>
  ({ ok: true, backend, engine: backend === "onnx" ? "onnx standard" : `tfjs ${backend}`, stepMs, peakBytes }) as const;
const missing = { ok: false, reason: "not here" } as const;

const machine = (changes: Partial<TrialMachine> = {}): { readonly machine: TrialMachine } => ({
  machine: { probe: () => Promise.resolve(step("wasm", 600)), available: () => 8 * GB, ...changes },
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
    const probe = () => Promise.resolve(step("wasm", 1, 9 * GB));
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

describe("the engine of a plan", () => {
  afterEach(() => vi.unstubAllEnvs());

  const amount = (count: number) => ({ ...plan, training: { ...plan.training, amount: { unit: "updates" as const, count } } });
  /** Answers as the engines do, the usual one where a request names none. */
  const answers = (steps: Partial<Record<Backend, ReturnType<typeof step>>>, usual: Backend = "onnx") => {
    const asked: (readonly Backend[] | undefined)[] = [];
    const probe = (request: ProbeRequest) => {
      const backends = request.what === "plan" ? request.backends : undefined;
      asked.push(backends);
      return Promise.resolve(steps[backends?.[0] ?? usual] ?? missing);
    };
    return { asked, ...machine({ probe }) };
  };

  it("is the quickest of those that can, and the others are told", async () => {
    const { asked, machine } = answers({ onnx: step("onnx", 100), native: step("native", 60, 2 * GB), wasm: step("wasm", 300) });
    const trial = await tryPlan(manifest, amount(1200), null, { machine });
    expect(trial).toMatchObject({ backend: "native", engine: "tfjs native", stepMs: 60, minutes: 1.2, memoryBytes: 2 * GB });
    expect(trial).toMatchObject({ others: [{ backend: "onnx", stepMs: 100 }, { backend: "wasm" }] });
    expect(asked).toEqual([undefined, ["native"], ["wasm"]]);
  });

  it("stays the usual one where another is not clearly quicker, or does not fit into memory", async () => {
    const near = answers({ onnx: step("onnx", 100), native: step("native", 85) });
    expect(await tryPlan(manifest, amount(1200), null, near)).toMatchObject({ backend: "onnx", others: [{ backend: "native" }] });
    const large = answers({ onnx: step("onnx", 100), native: step("native", 10, 9 * GB) });
    expect(await tryPlan(manifest, amount(1200), null, large)).toMatchObject({ can: true, backend: "onnx" });
  });

  it("is not looked for where a round takes less than a minute, but all are timed for a reader", async () => {
    const steps = { onnx: step("onnx", 100), native: step("native", 10) };
    const short = answers(steps);
    expect(await tryPlan(manifest, amount(500), null, short)).toMatchObject({ backend: "onnx", others: [] });
    expect(short.asked).toEqual([undefined]);
    const read = await tryPlan(manifest, amount(500), null, { ...answers(steps), every: true });
    expect(read).toMatchObject({ backend: "onnx", others: [{ backend: "native", stepMs: 10 }] });
  });

  it("is the one that the site's people have set, whatever its speed", async () => {
    vi.stubEnv("ENGRAFT_ENGINE", "wasm");
    const set = answers({ onnx: step("onnx", 1), wasm: step("wasm", 100) }, "wasm");
    expect(await tryPlan(manifest, amount(1200), null, set)).toMatchObject({ backend: "wasm", others: [] });
  });
});
