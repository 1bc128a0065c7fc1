/** Analytic rounds through the real binaries: the head that comes out is the one of all patients of the sites in the sum. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256 } from "@engraft/core/crypto/digest";
import { Manifest } from "@engraft/core/models/manifest";
import type { Plan } from "@engraft/core/models/plan";
import { writeSafetensors } from "@engraft/core/models/safetensors";
import { sizeOf } from "@engraft/core/models/tensors";
import { RoundRecord } from "@engraft/core/secagg/record";
import { inputWidth, samplesOf, type Samples } from "@engraft/engine/data/samples";
import { readTable } from "@engraft/engine/data/table";
import type { Architecture } from "@engraft/engine/ir/layers";
import { tensorsOf } from "@engraft/engine/ir/parameters";
import type { Part } from "@engraft/engine/data/split";
import { afterAll, expect, it } from "vitest";
import { HOSPITALS } from "../examples/heart-disease/definition.ts";
import { exampleFile, siteTable } from "../examples/heart-disease/files.ts";
import { Heart } from "./support/heart.ts";
import { findPython, requireOrSkip } from "./support/require.ts";

const CHECK = fileURLToPath(new URL("../tools/check-record/check_record.py", import.meta.url));
const PENALTY = 3;

/** scikit-learn's ridge regression of the label on standardised inputs, as logits of four times its distance from a half. */
const SKLEARN = `
import json, sys, numpy as np
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler
given = json.load(sys.stdin)
y = np.array(given["y"])
x = np.array(given["x"]).reshape(len(y), -1)
scaler = StandardScaler().fit(x)
ridge = Ridge(alpha=given["penalty"], solver="cholesky").fit(scaler.transform(x), y)
w = 4 * ridge.coef_ / scaler.scale_
print(json.dumps([*w, 4 * ridge.intercept_ - 2 - w @ scaler.mean_]))`;

const hearts: Heart[] = [];
afterAll(async () => {
  for (const heart of hearts) await heart.stop();
});

/** A logistic regression of zeros on the example's inputs. */
async function linearBase(folder: string): Promise<{ readonly manifest: Manifest; readonly digest: ReturnType<typeof sha256> }> {
  const example = Manifest.parse(JSON.parse(await readFile(join(exampleFile("base"), "manifest.json"), "utf8")));
  const inputs = inputWidth(example);
  const head = { kind: "dense", name: "head", in: inputs, out: 1 } as const;
  const architecture: Architecture = { format: "engraft.layers/1", input: inputs, output: "binary-logit", layers: [head] };
  const tensors = tensorsOf(architecture);
  const weights = writeSafetensors(tensors, new Map(tensors.map((spec) => [spec.name, new Float32Array(sizeOf(spec))])));
  const { recipe: _, ...rest } = example;
  const manifest = Manifest.parse({
    ...rest,
    name: "heart-linear",
    architecture,
    tensors,
    weights: { digest: sha256(weights), bytes: weights.byteLength },
  });
  const text = JSON.stringify(manifest);
  await writeFile(join(folder, "manifest.json"), text);
  await writeFile(join(folder, "weights.safetensors"), weights);
  return { manifest, digest: sha256(text) };
}

/** Training samples of these hospitals together, as the engine reads them. */
async function pooled(plan: Plan, manifest: Manifest, sites: readonly string[]): Promise<readonly Samples[]> {
  const hospitals = HOSPITALS.filter((site) => sites.includes(site));
  return Promise.all(
    hospitals.map(async (site) => samplesOf((await readTable(siteTable(site), plan.data)).table, plan.data, manifest, "train")),
  );
}

type Logits = readonly { readonly z: number; readonly y: number }[];

async function logitsOf(plan: Plan | undefined, manifest: Manifest, site: string, part: Part, head: Float32Array): Promise<Logits> {
  if (plan === undefined) throw new Error("no plan");
  const { rows, width, x, y } = samplesOf(
    (await readTable(siteTable(site as (typeof HOSPITALS)[number]), plan.data)).table,
    plan.data,
    manifest,
    part,
  );
  return Array.from({ length: rows }, (_, row) => {
    const weighed = Array.from(x.subarray(row * width, (row + 1) * width), (value, at) => value * (head[at] as number));
    return { z: weighed.reduce((sum, value) => sum + value, head[width] as number), y: y[row] as number };
  });
}

/** Where the derivative of the log likelihood with a normal prior of standard deviation 2 is zero. */
function bisected(samples: Logits): number {
  let [low, high] = [-50, 50];
  for (let halved = 0; halved < 100; halved++) {
    const d = (low + high) / 2;
    const slope = samples.reduce((sum, { z, y }) => sum + 1 / (1 + Math.exp(-z - d)) - y, d / 4);
    if (slope > 0) high = d;
    else low = d;
  }
  return low;
}

const accuracyOf = (samples: Logits, shift: number): number =>
  samples.filter(({ z, y }) => z + shift >= 0 === (y === 1)).length / samples.length;

requireOrSkip("Python with numpy, scikit-learn and cryptography", findPython("numpy", "sklearn", "cryptography")).describe(
  "an analytic start under masks",
  (python) => {
    it("[Q1] [Q5] is scikit-learn's head of all patients of the survivors, where one site is killed behind the masks", async () => {
      let plan: Plan | undefined;
      const folder = await mkdtemp(join(tmpdir(), "engraft-linear-"));
      const base = await linearBase(folder);
      const { manifest } = base;
      const heart = await Heart.start({
        base: folder,
        aggregation: "secure",
        agentEnv: { va: { ENGRAFT_CRASH_AT: "send.masked:1" } },
        plan: (example) => {
          plan = {
            ...example,
            name: "heart-analytic",
            base: { name: manifest.name, version: manifest.version, manifest: base.digest, weights: manifest.weights.digest },
            training: {
              ...example.training,
              trainable: { part: "head" },
              amount: { unit: "updates", count: 5 },
              analytic: { method: "ridge", rounds: 1, penalty: PENALTY, bound: 32 },
            },
            strategy: { name: "fedprox", mu: 0.1 },
            rounds: { count: 2, stop: null },
            metrics: { ...example.metrics, perSite: true, compareIntercept: true },
            cohort: { ...example.cohort, graceSeconds: 2 },
          };
          return plan;
        },
      });
      hearts.push(heart);
      const run = await heart.startRun();
      await heart.federation.agents.get("va")?.exited;
      await heart.until(run, (view) => view.rounds[0]?.sum !== null && view.rounds[0]?.sum !== undefined);
      await heart.federation.startAgent("va");
      const view = await heart.untilPhase(run, "finished");
      const survivors = view.rounds[0]?.sum?.sites ?? [];
      expect(survivors).toEqual(["cleveland", "hungary", "switzerland"]);

      const samples = await pooled(plan as unknown as Plan, manifest, survivors);
      const given = { penalty: PENALTY, x: samples.flatMap(({ x }) => [...x]), y: samples.flatMap(({ y }) => [...y]) };
      const asked = spawnSync(python, ["-c", SKLEARN], { input: JSON.stringify(given), encoding: "utf8", maxBuffer: 1 << 26 });
      expect(asked.stderr).toBe("");
      const reference = JSON.parse(asked.stdout) as number[];
      const head = await checkpoint(heart, view.rounds[0]?.checkpoint?.digest ?? "");
      expect(head).toHaveLength(reference.length);
      const apart = reference.map((value, index) => Math.abs(value - (head[index] as number)));
      expect(Math.max(...apart)).toBeLessThan(1e-4);

      // The next round trains on from it.
      const next = await checkpoint(heart, view.rounds[1]?.checkpoint?.digest ?? "");
      expect(next).not.toEqual(head);

      // At each site the last head and an intercept of its own: kept there, and only its figures are told.
      for (const site of survivors) {
        const path = join(heart.federation.siteDir(site), "personal", run, "intercept.json");
        const own = JSON.parse(await readFile(path, "utf8")) as { readonly checkpoint: string; readonly shift: readonly [number] };
        expect(own.checkpoint).toBe(view.checkpoint.digest);
        const [train, test] = await Promise.all(["train", "test"].map((part) => logitsOf(plan, manifest, site, part as Part, next)));
        expect(own.shift[0]).toBeCloseTo(bisected(train as Logits), 4);
        const { accuracy } = view.comparisons.find((one) => one.site === site)?.intercept?.values ?? {};
        expect(accuracy?.value).toBeCloseTo(accuracyOf(test as Logits, own.shift[0]), 10);
        expect(JSON.stringify(view)).not.toContain(String(own.shift[0]));
      }

      const out = join(heart.dir, "records");
      const saved = (await heart.federation.coordinatorCommandOk("run", "record", run, "--out", out)) as { rounds?: { folder: string }[] };
      for (const { folder: record } of saved.rounds ?? []) {
        const { status, stdout } = spawnSync(python, [CHECK, record], { encoding: "utf8" });
        expect({ status, record }).toEqual({ status: 0, record });
        expect(stdout).toContain("The sum is rebuilt, bit for bit");
        const kept = RoundRecord.parse(JSON.parse(await readFile(join(record, "record.json"), "utf8")));
        if (kept.purpose === "evaluate") continue;
        const solved = kept.round === 1;
        expect(kept.moments !== undefined).toBe(solved);
        // The sum of a solved round is no update: what a strategy does of one is said of the others only.
        expect(kept.checkpoint?.strategy?.name).toBe(solved ? undefined : "fedprox");
        expect(stdout).toContain(solved ? "not rebuilt: the round solved for a head" : "The checkpoint is");
      }
    });
  },
);

const checkpoint = async (heart: Heart, digest: string): Promise<Float32Array> => {
  const bytes = await readFile(join(heart.federation.coordinatorDir, "blobs", "blobs", digest.slice(0, 2), digest));
  return new Float32Array(Uint8Array.from(bytes).buffer);
};
