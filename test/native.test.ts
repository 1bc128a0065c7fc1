/** TensorFlow's native engine, where it is installed: it trains, says so, and agrees with plain JavaScript. And what a site does with a plan that it cannot train. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Manifest } from "@engraft/core/models/manifest";
import { flatten, trainedTensors } from "@engraft/core/models/tensors";
import { readWeights } from "@engraft/engine/import/base";
import { architectureOf } from "@engraft/engine/ir/architecture";
import { inputShape, sizeOfShape } from "@engraft/engine/ir/layers";
import { tensorsOf } from "@engraft/engine/ir/parameters";
import { chooseTrainer, type Backend } from "@engraft/engine/train/backends";
import { lossOf } from "@engraft/engine/train/label-loss";
import { startState } from "@engraft/engine/train/optimizer";
import { randomFrom } from "@engraft/engine/base/random";
import { exampleFile } from "../examples/heart-disease/files.ts";
import { propose } from "./bench/constant.ts";
import { Heart, heartPlan, shortPlan } from "./support/heart.ts";
import { requireOrSkip, type Probe } from "./support/require.ts";

const VARIABLE = "ENGRAFT_TEST_ENGINES";

/** A folder that `engine install` has filled; .ci/run names it. */
function findNative(): Probe<string> {
  const folder = process.env[VARIABLE];
  if (folder === undefined) return { missing: `fill a folder by "engraft-site engine install" and name it by ${VARIABLE}` };
  return existsSync(folder) ? { found: folder } : { missing: `${VARIABLE} names a folder that is not there` };
}

const STEPS = 50;

/** Losses of the example's base trained as its plan says, on random patients. */
async function lossesOn(backend: Backend): Promise<readonly number[]> {
  const manifest = Manifest.parse(JSON.parse(await readFile(exampleFile("base/manifest.json"), "utf8")));
  const tensors = readWeights(manifest, await readFile(exampleFile("base/weights.safetensors")));
  const architecture = architectureOf(manifest);
  const { batch, optimizer, weightDecay } = (await heartPlan()).training;
  const options = { batch, optimizer, weightDecay, trainable: { part: "all" }, loss: lossOf(manifest.label) } as const;
  const trainer = await chooseTrainer(architecture, tensors, options, [backend]);
  expect(trainer.name).toBe(`tfjs ${backend}`);
  const model = trainer.compile(architecture, tensors, options);
  const state = startState(flatten(trainedTensors(tensorsOf(architecture), options.trainable), tensors), options);
  const random = randomFrom(["native"]);
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const x = Float32Array.from({ length: options.batch * sizeOfShape(inputShape(architecture)) }, () => random.uniform());
    const y = Float32Array.from({ length: options.batch }, () => random.below(2));
    losses.push(await model.step(x, y, state));
  }
  model.dispose();
  return losses;
}

requireOrSkip("the native engine", findNative).describe("the native engine", (folder) => {
  beforeAll(() => {
    process.env["ENGRAFT_ENGINE_CACHE"] = folder;
  });
  afterAll(() => {
    delete process.env["ENGRAFT_ENGINE_CACHE"];
  });

  it("has the losses of plain JavaScript, step by step", async () => {
    const native = await lossesOn("native");
    const cpu = await lossesOn("cpu");
    expect(native).toHaveLength(STEPS);
    for (const [step, loss] of native.entries()) expect(loss).toBeCloseTo(cpu[step] ?? Number.NaN, 4);
    expect(new Set(native).size).toBeGreaterThan(STEPS / 2);
  });

  it("trains at a site, and the update says so", async () => {
    const heart = await Heart.start({
      sites: ["cleveland", "va"],
      plan: shortPlan(1),
      agentEnv: { va: { ENGRAFT_ENGINE_CACHE: folder, ENGRAFT_ENGINE: "native" } },
    });
    try {
      const view = await heart.until(await heart.startRun(), ({ phase }) => phase === "finished");
      const engines = Object.fromEntries(view.rounds[0]?.answers.map(({ site, engine }) => [site, engine]) ?? []);
      expect(engines["va"]).toBe("tfjs native");
    } finally {
      await heart.federation.stop();
    }
  });
});

describe("a steward's review", () => {
  let heart: Heart;
  beforeAll(async () => {
    heart = await Heart.start({ sites: ["cleveland"] });
  });
  afterAll(() => heart.federation.stop());

  it("[P7] keeps the engine that an approval chose, and every round is trained on it", async () => {
    const { federation } = heart;
    const path = join(federation.siteDir("cleveland"), "decisions", `${heart.plan}.json`);
    const decision = JSON.parse(await readFile(path, "utf8")) as object;
    expect(decision).toMatchObject({ engine: "onnx" });
    // As on a machine where the other engine was the quicker one.
    await writeFile(path, JSON.stringify({ ...decision, engine: "wasm" }));
    const view = await heart.until(await heart.startRun(), ({ phase }) => phase === "finished");
    expect(view.rounds.map(({ answers }) => answers.map(({ engine }) => engine))).toEqual([["tfjs wasm"], ["tfjs wasm"], ["tfjs wasm"]]);
  });

  it("[P6] says how long a round takes, and refuses a plan that no engine here can train", async () => {
    const { federation } = heart;
    const { digest } = await federation.coordinatorCommandOk("plan", "propose", await changedPlan(heart.dir));
    await federation.agents.get("cleveland")?.line((line) => line.event === "plan.offered" && line["plan"] === digest);
    const good = (await federation.siteCommandOk("cleveland", "review", String(digest)))["plans"];
    expect(good).toMatchObject([
      { standing: "waiting", training: { can: true, backend: "onnx", others: [{ backend: "wasm" }], steps: 7 } },
    ]);

    const strange = await propose(federation, { values: 8, agents: 1, rounds: 1, aggregation: { method: "plain" } });
    await federation.agents.get("cleveland")?.line((line) => line.event === "plan.offered" && line["plan"] === strange);
    const bad = (await federation.siteCommandOk("cleveland", "review", strange))["plans"];
    expect(bad).toMatchObject([{ training: { can: false, reason: expect.stringContaining("architecture") } }]);
    const approved = await federation.siteCommand("cleveland", "approve", strange, "--steward", "Dr. A", "--data", "main");
    expect(approved.code).toBe(52);
    expect(approved.stderr).toContain("cannot be trained on this machine");
    const after = (await federation.siteCommandOk("cleveland", "review", strange))["plans"];
    expect(after).toMatchObject([{ standing: "waiting" }]);
  });
});

async function changedPlan(dir: string): Promise<string> {
  const plan = shortPlan(2, 7)(await heartPlan());
  const path = join(dir, "second.json");
  await writeFile(path, JSON.stringify({ ...plan, version: plan.version + 1, cohort: { ...plan.cohort, minSites: 1 } }));
  return path;
}
