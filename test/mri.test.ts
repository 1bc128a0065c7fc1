/** The brain-MRI example through the real binaries: a frozen network in front of a federated head, and what of it is kept where. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256 } from "@engraft/core/crypto/digest";
import { Manifest } from "@engraft/core/models/manifest";
import { readSafetensors } from "@engraft/core/models/safetensors";
import { runView, type RunView } from "@engraft/core/rounds/view";
import { loadModel } from "@engraft/engine/train/model";
import { featuresOf } from "@engraft/engine/trunk/features";
import { FeatureCache } from "@engraft/engine/trunk/feature-cache";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DemoResult } from "../examples/demo/run.ts";
import { TABLE } from "../examples/brain-mri/files.ts";
import { Federation } from "../tools/federation/federation.ts";
import { freePort } from "../tools/federation/ports.ts";
import { leaked } from "./support/capture.ts";
import { findAll, findLite0 } from "./support/real-weights.ts";
import { findShared, requireOrSkip } from "./support/require.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const SITES = ["cs", "du", "fg", "ht"] as const;

/** Programs in which one engine cannot be used. */
const without = (what: "native" | "native,inference") => ({
  NODE_OPTIONS: `--require ${fileURLToPath(new URL("support/forbid.cjs", import.meta.url))}`,
  ENGRAFT_TEST_FORBID: what,
});

/** Opens the base, which is checked with one sample, and asks for the features of two. */
const TWO_SAMPLES = `
import { readFileSync } from "node:fs";
import { loadModel } from "@engraft/engine/train/model";
const [manifest, weights] = ["manifest.json", "weights.safetensors"].map((name) => readFileSync(process.argv[1] + "/" + name));
const { encoder } = await loadModel(JSON.parse(manifest), weights, undefined, { trainable: { part: "head" } });
const running = await encoder.open();
await running.run(new Float32Array(2 * running.inputSize), 2);`;

/** A script of the repository, to its end; its stdout. */
function script(path: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", path, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    encoding: "utf8",
    timeout: 280_000,
  });
  expect({ path, status, stderr: status === 0 ? "" : stderr }).toEqual({ path, status: 0, stderr: "" });
  return stdout;
}

const bytesIn = (values: Float32Array = new Float32Array()): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** The one file of encrypted features at a site. */
async function cacheOf(home: string): Promise<{ readonly name: string; readonly path: string; readonly key: Buffer }> {
  const names = await readdir(join(home, "features"));
  expect(names).toHaveLength(1);
  const [name = ""] = names;
  return { name, path: join(home, "features", name), key: await readFile(join(home, "features.key")) };
}

const blobAt = (home: string, digest: string): string => join(home, "blobs", digest.slice(0, 2), digest);

const wanted = findAll({ weights: findLite0, slices: findShared("data/lgg-mri") });
requireOrSkip("EfficientNet-Lite0 and the brain MRI slices", wanted).describe("the brain MRI example", (found) => {
  let data: string;
  let result: DemoResult;
  /** The demo's own folder. */
  let dir: string;
  let manifest: Manifest;
  let weights: Buffer;
  const made: string[] = [];

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), "engraft-mri-"));
    made.push(data);
    script("examples/brain-mri/prepare.ts", ["--from", found.slices, "--weights", found.weights, "--to", data]);
    const args = ["--example", "mri", "--data", data, "--once", "--json", "--port", String(await freePort())];
    result = JSON.parse(script("examples/demo/main.ts", args, without("native"))) as DemoResult;
    dir = dirname(result.model.path);
    made.push(dir);
    manifest = Manifest.parse(JSON.parse(await readFile(join(dir, "base", "manifest.json"), "utf8")));
    weights = await readFile(join(dir, "base", "weights.safetensors"));
  });
  afterAll(async () => {
    for (const folder of made) await rm(folder, { recursive: true, force: true });
  });

  const homeOf = (site: string): string => join(dir, "sites", site);
  const frozenDigest = (): string => manifest.weights.digest;
  const frozen = (): Promise<readonly string[]> =>
    Promise.all(SITES.map(async (site) => sha256(await readFile(blobAt(join(homeOf(site), "store"), frozenDigest())))));

  it("ends well under secure aggregation, with a head that knows a tumour", () => {
    expect(result.aggregation).toBe("secure");
    expect(result.sites.map(({ site }) => site)).toEqual(SITES);
    expect(result.killed.inNextSum).toEqual(SITES);
    expect(result.pooled.base["auroc"]).toBe(0.5);
    expect(result.pooled.federated["auroc"]).toBeGreaterThan(0.8);
    for (const { federated } of result.sites) expect(federated["auroc"]).toBeGreaterThan(0.65);
  });

  it("[B4] leaves the frozen network as it was at every site, and trains the head alone", async () => {
    expect(sha256(weights)).toBe(frozenDigest());
    expect(await frozen()).toEqual(SITES.map(() => frozenDigest()));
    const released = readSafetensors(await readFile(result.model.path)).tensors;
    const base = readSafetensors(weights).tensors;
    expect([...released.keys()].toSorted()).toEqual([...base.keys()].toSorted());
    const changed = [...base].filter(([name, values]) => !Buffer.from(bytesIn(values)).equals(bytesIn(released.get(name))));
    expect(changed.map(([name]) => name).toSorted()).toEqual(["head/bias", "head/kernel"]);
  });

  it("keeps the features encrypted: the file holds no piece of them, and its key opens all", async () => {
    for (const site of SITES) {
      const lines = (await readFile(join(data, site, TABLE), "utf8")).trimEnd().split("\n").slice(1);
      const files = lines.slice(0, 5).map((line) => join(data, site, line.split(",")[0] ?? ""));
      const { encoder } = await loadModel(manifest, weights, undefined, { trainable: { part: "head" } });
      if (encoder === undefined) throw new Error("the base has no frozen part");
      const features = await featuresOf({
        encoder,
        files: files.map((path) => ({ path, folder: data })),
        cache: undefined,
        progress: () => undefined,
        aborted: () => false,
      });
      if (features === undefined) throw new Error("aborted");
      const { name, path, key } = await cacheOf(homeOf(site));
      const kept = await FeatureCache.open({ folder: dirname(path), key }, name, features.width);
      expect(kept.size).toBe(new Set(await Promise.all(lines.map(async (line) => digestOf(site, line)))).size);
      const stored = await readFile(path);
      for (const [index, file] of files.entries()) {
        const one = kept.get(sha256(await readFile(file)));
        const again = features.values.subarray(index * features.width, (index + 1) * features.width);
        // The batch that a picture was in moves the last digits.
        expect(Math.max(...again.map((value, at) => Math.abs(value - (one?.[at] ?? Number.NaN))))).toBeLessThan(1e-3);
        expect(leaked(stored, Buffer.from((one ?? again).slice().buffer))).toBe(0);
      }
    }
  });
  const digestOf = async (site: string, line: string): Promise<string> =>
    sha256(await readFile(join(data, site, line.split(",")[0] ?? "")));

  describe("a second run", () => {
    let federation: Federation;
    afterAll(() => federation.stop());

    it("sends no picture through the network and needs no native TensorFlow: features come from the cache, WebAssembly trains", async () => {
      const before = await Promise.all(SITES.map(async (site) => stat((await cacheOf(homeOf(site))).path)));
      federation = await Federation.start({ dir });
      for (const site of SITES) {
        const path = join(homeOf(site), "federation.json");
        await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), url: federation.url }));
        await federation.startAgent(site, without("native,inference"));
      }
      const view = await secondRun(federation);
      const answers = view.rounds.flatMap((round) => round.answers);
      expect(answers.length).toBeGreaterThanOrEqual(SITES.length);
      // Where ONNX Runtime may not run, it does not train either.
      expect(new Set(answers.map(({ engine }) => engine))).toEqual(new Set(["tfjs wasm"]));
      const after = await Promise.all(SITES.map(async (site) => stat((await cacheOf(homeOf(site))).path)));
      expect(after.map(({ ino, mtimeMs }) => [ino, mtimeMs])).toEqual(before.map(({ ino, mtimeMs }) => [ino, mtimeMs]));
      expect(await frozen()).toEqual(SITES.map(() => frozenDigest()));
    });

    it("would have failed where a picture had to go through the network", async () => {
      const hook = spawnSync(process.execPath, ["--input-type=module", "-e", TWO_SAMPLES, join(dir, "base")], {
        cwd: join(ROOT, "packages/engine"),
        env: { ...process.env, ...without("native,inference") },
        encoding: "utf8",
      });
      expect(hook.stderr).toContain("forbidden by the test: inference");
    });
  });

  /** One round under another plan on the same base; approvals serve one run. */
  async function secondRun(federation: Federation): Promise<RunView> {
    const path = join(dir, "second.json");
    const plan = JSON.parse(await readFile(join(dir, "plan.json"), "utf8")) as object;
    await writeFile(path, JSON.stringify({ ...plan, version: 2, rounds: { count: 1, stop: null } }));
    const { digest } = (await federation.coordinatorCommandOk("plan", "propose", path)) as { digest: string };
    await federation.compareAll(digest, SITES);
    await Promise.all(SITES.map((site) => federation.approve(site, digest, "--data", "main", "--site-metrics")));
    const api = await federation.api();
    const { run } = await api.runs.start.mutate({ plan: digest });
    for (;;) {
      const { events } = await api.runs.get.query({ run });
      const view = runView(events.map(({ event }) => event));
      if (view?.phase === "finished") return view;
      if (view?.end !== null && view?.end !== undefined) throw new Error(`the run ended: ${view.end.text}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
});
