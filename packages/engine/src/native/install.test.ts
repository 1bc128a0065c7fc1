import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { chooseTrainer } from "../train/backends.ts";
import { architecture, tensors } from "../model.fixture.ts";
import { findToolchain } from "./compile.ts";
import { startSession, threadOptions, wantedBackends, wantedGpu, wantedProviders } from "./wanted.ts";
import { installNative } from "./install.ts";
import { addonIn, cacheFolder } from "./place.ts";
import { engineStatus } from "./status.ts";

let cache: string;
const before = { ...process.env };
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "engraft-engines-"));
  process.env["ENGRAFT_ENGINE_CACHE"] = cache;
});
afterEach(async () => {
  for (const name of ["ENGRAFT_ENGINE_CACHE", "ENGRAFT_ENGINE", "ENGRAFT_GPU"]) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  await rm(cache, { recursive: true, force: true });
});

it.runIf(process.platform === "linux")("a failed installation leaves nothing, and what a killed one left is removed", async () => {
  const gone = spawnSync(process.execPath, ["-e", ""]).pid;
  await mkdir(join(cache, `.part-${gone}-aa`, "half"), { recursive: true });
  await mkdir(join(cache, `.part-${process.pid}-bb`));
  await writeFile(join(cache, "a.whl"), "no wheel");
  const progress = (): void => undefined;
  await expect(installNative({ from: join(cache, "a.whl"), progress })).rejects.toMatchObject({ code: "digest-mismatch" });
  expect((await readdir(cache)).sort()).toEqual([`.part-${process.pid}-bb`, "a.whl"]);
  const stopped = AbortSignal.abort(new Error("stopped"));
  await expect(installNative({ from: cache, progress, signal: stopped })).rejects.toThrow("stopped");
  expect((await readdir(cache)).sort()).toEqual([`.part-${process.pid}-bb`, "a.whl"]);
  await expect(installNative({ sha256: "0".repeat(64), progress })).rejects.toMatchObject({ code: "bad-input" });
});

it("says what to install where there is no compiler, or no header", () => {
  expect(() => findToolchain({ PATH: cache })).toThrow(/apt-get install g\+\+/);
  expect(() => findToolchain({ PATH: process.env["PATH"], CXX: "true", ENGRAFT_NODE_HEADERS: cache }, join(cache, "bin/node"))).toSatisfy(
    (call: () => unknown) => {
      // Where headers lie in the system's own folder, they are found.
      try {
        return (call() as { headers: string }).headers.startsWith("/usr/include");
      } catch (error) {
        return /node_api\.h/.test((error as Error).message);
      }
    },
  );
});

it("takes the newest interface of an addon, from the folder that is named", async () => {
  expect(addonIn(cache)).toBeUndefined();
  for (const level of [3, 10, 8]) {
    await mkdir(join(cache, "lib", `napi-v${level}`), { recursive: true });
    await writeFile(join(cache, "lib", `napi-v${level}`, "tfjs_binding.node"), "");
  }
  expect(addonIn(cache)).toBe(join(cache, "lib/napi-v10/tfjs_binding.node"));
  expect(cacheFolder({ ENGRAFT_ENGINE_CACHE: "/x" })).toBe("/x");
});

it("[Y1] as many threads of the processor are used as the site's people let, and as many as the engine likes where they say nothing", () => {
  expect(threadOptions({ ENGRAFT_THREADS: "2" })).toEqual({ intraOpNumThreads: 2, interOpNumThreads: 1 });
  for (const none of [undefined, "", "0", "-1", "1.5", "many"]) expect(threadOptions({ ENGRAFT_THREADS: none })).toEqual({});
});

it("a graphics processor that is asked for is tried first, and what is there is used without it", async () => {
  expect(() => wantedGpu({ ENGRAFT_GPU: "fast" })).toThrow(/cuda, directml, coreml/);
  expect([wantedBackends("coreml"), wantedProviders("directml")]).toEqual([
    ["onnx", "native", "wasm", "cpu"],
    ["dml", "cpu"],
  ]);
  const tried: unknown[] = [];
  const session = await startSession(
    (options) => {
      tried.push(options.executionProviders?.[0]);
      return tried.length === 1 ? Promise.reject(new Error("no device")) : Promise.resolve("session" as never);
    },
    ["cuda", "cpu"],
  );
  expect([session, tried]).toEqual(["session", ["cuda", "cpu"]]);
});

it("status tries every engine by a real step and says why one does not work", async () => {
  process.env["ENGRAFT_GPU"] = "cuda";
  const { engines, gpu, addon } = await engineStatus();
  const found = new Map(engines.map((one) => [`${one.engine} ${one.name}`, one]));
  expect(gpu).toBe("cuda");
  expect([...found.keys()]).toEqual([
    "tfjs native-gpu",
    "tfjs native",
    "tfjs wasm",
    "tfjs cpu",
    "onnxruntime training",
    "onnxruntime cuda",
    "onnxruntime cpu",
  ]);
  for (const name of ["tfjs wasm", "tfjs cpu", "onnxruntime training", "onnxruntime cpu"])
    expect(found.get(name)).toMatchObject({ works: true, reason: null });
  expect(engines.filter(({ used }) => used)).toHaveLength(3);
  for (const { works, reason } of engines) expect(works).toBe(reason === null);
  if (addon === null) expect(found.get("tfjs native")?.reason).toContain("engine install");
});

it("a library that cannot be loaded is passed over, with its reason", async () => {
  const { nativePlace } = await import("./place.ts");
  await mkdir(join(nativePlace(), "lib/napi-v8"), { recursive: true });
  await writeFile(join(nativePlace(), "lib/napi-v8/tfjs_binding.node"), "no library");
  const options = {
    trainable: { part: "all" },
    batch: 2,
    optimizer: { name: "sgd", learningRate: 0.1, momentum: 0 },
    weightDecay: 0,
    loss: { kind: "sigmoid", outputs: 1 },
  } as const;
  expect((await chooseTrainer(architecture, tensors, options, ["native", "wasm"])).name).toBe("tfjs wasm");
  await expect(chooseTrainer(architecture, tensors, options, ["native"])).rejects.toThrow(/native: .*tfjs_binding\.node/);
});
