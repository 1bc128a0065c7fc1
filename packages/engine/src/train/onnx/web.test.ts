/**
 * The same graphs in WebAssembly: onnxruntime-web in place of onnxruntime-node, with nothing else changed, beside TensorFlow.js. Recurrent layers
 * are not lowered.
 */
import { beforeAll, describe, expect, it, vi } from "vitest";
import { ARCHITECTURES } from "../../architectures/untrained.ts";
import { expectSame, lossesOn, tfjs } from "../families.fixture.ts";
import { onnxTrainer } from "./trainer.ts";

vi.mock("onnxruntime-node", () => import("onnxruntime-web"));

beforeAll(async () => {
  const { env } = await import("onnxruntime-web");
  // Threads would be workers of the test's own.
  env.wasm.numThreads = 1;
});

it("is WebAssembly that runs", async () => {
  const { env } = await import("onnxruntime-node");
  expect(env.versions).toMatchObject({ web: expect.any(String) });
  expect(env.versions).not.toHaveProperty("node");
});

describe.each(ARCHITECTURES.filter((name) => name !== "gru"))("%s", (name) => {
  it("has the losses of TensorFlow.js", async () => {
    const web = await lossesOn(() => Promise.resolve(onnxTrainer({ block: 0 })), name);
    expectSame(web, await lossesOn(tfjs("cpu"), name), "onnxruntime-web");
  });
});
