/**
 * Every engine of this machine that can train a family gives the same losses: five steps from one start, dropout included, beside those of the
 * first engine that can.
 */
import { env, InferenceSession } from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import { ARCHITECTURES } from "../architectures/untrained.ts";
import type { Architecture } from "../ir/layers.ts";
import { blockHere } from "../onnx/blocked/probe.ts";
import { expectSame, familyOf, lossesOn, tfjs, type Open } from "./families.fixture.ts";
import { onnxTrainer } from "./onnx/trainer.ts";

const native = process.env["ENGRAFT_TEST_ENGINES"];
if (native !== undefined) process.env["ENGRAFT_ENGINE_CACHE"] = native;

const ONNX: Readonly<Record<string, Open>> = {
  "onnx standard": async () => onnxTrainer({ block: 0 }),
  // Threads would be workers of the test's own.
  "onnx in WebAssembly": async () => {
    env.wasm.numThreads = 1;
    return onnxTrainer({ block: 0, create: (file, options) => InferenceSession.create(file, options) });
  },
  "onnx as this machine has it": async () => onnxTrainer({ block: await blockHere() }),
};
const CPU: Readonly<Record<string, Open>> = { ...(native === undefined ? {} : { native: tfjs("native") }), cpu: tfjs("cpu") };
const WASM: Readonly<Record<string, Open>> = { wasm: tfjs("wasm") };

/** Wasm lacks the gradients of convolutions, ONNX recurrent layers. */
const enginesFor = ({ layers }: Architecture): Readonly<Record<string, Open>> => {
  const has = (kind: string): boolean => layers.some((layer) => layer.kind === kind);
  return { ...(has("gru") ? {} : ONNX), ...CPU, ...(has("conv") ? {} : WASM) };
};

describe.each(ARCHITECTURES)("%s", (name) => {
  it("has the same losses on every engine", async () => {
    const [[, first] = [], ...others] = Object.entries(enginesFor(familyOf(name)));
    const expected = await lossesOn(first as Open, name);
    expect(others.length).toBeGreaterThan(0);
    for (const [engine, open] of others) expectSame(await lossesOn(open, name), expected, engine);
  });
});
