/** Keras and TensorFlow.js models through the real `base add`, and a MobileNetV2 that Keras makes here. */
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Manifest } from "@engraft/core/models/manifest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { byOnnx, byTensorFlow, distance, samplesOf, type Figures } from "../packages/engine/src/import/keras/converted.fixture.ts";
import { readKeras } from "../packages/engine/src/import/keras/keras-file.ts";
import { Federation } from "../tools/federation/federation.ts";
import { findPython, requireOrSkip, type Probe } from "./support/require.ts";

const vectors = resolve(import.meta.dirname, "vectors");
let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "engraft-keras-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe("base add", () => {
  let federation: Federation;
  beforeAll(async () => {
    federation = await Federation.start({ dir: join(dir, "federation") });
  });
  afterAll(() => federation.stop());

  const add = (name: string, file: string, ...more: readonly string[]) =>
    ["base", "add", resolve(vectors, file), "--name", name, "--title", "A", "--licence", "none", "--origin", "a test"].concat(
      "--label",
      "ill",
      "--out",
      join(dir, name),
      ...more,
    );
  const manifestOf = async (name: string): Promise<Manifest> =>
    JSON.parse(await readFile(join(dir, name, "manifest.json"), "utf8")) as Manifest;

  it("[B9] brings in a Keras file and a TensorFlow.js model, with the normalisation of their first layers", async () => {
    await federation.coordinatorCommandOk(...add("keras", "keras-models/residual.keras"));
    expect((await manifestOf("keras")).inputs).toMatchObject([{ width: 6, height: 6, channels: 3, mean: [100, 110, 120] }]);
    await federation.coordinatorCommandOk(...add("tfjs", "tfjs-model/model.json"));
    expect((await manifestOf("tfjs")).inputs).toMatchObject([{ width: 6, height: 6, channels: 3, mean: [127.5, 127.5, 127.5] }]);
    await federation.coordinatorCommandOk(...add("grey", "keras-models/transfer.keras", "--mean", "120", "--sd", "60"));
    expect((await manifestOf("grey")).inputs).toMatchObject([{ channels: 1, mean: [120], sd: [60] }]);
  });

  it("[B9] refuses in words what it cannot bring in", async () => {
    const refused = async (...words: readonly string[]) => (await federation.coordinatorCommand(...words)).stderr;
    expect(await refused(...add("one", "keras-models/signal.keras"))).toContain("2 lead(s) and 24 points");
    expect(await refused(...add("two", "keras-models/residual.keras", "--mean", "1,2,3"))).toContain("leave out --mean and --sd");
    expect(await refused(...add("three", "keras-models/residual.keras", "--architecture", "resnet18"))).toContain(
      "leave out --architecture",
    );
    await writeFile(join(dir, "cut.keras"), (await readFile(join(vectors, "keras-models/residual.keras"))).subarray(0, 2000));
    expect(await refused(...add("four", join(dir, "cut.keras")))).toContain("cut off. Copy it again");
  });
});

const keras = (): Probe<string> => {
  process.env["KERAS_BACKEND"] ??= "jax";
  return findPython("numpy", process.env["KERAS_BACKEND"], "keras")();
};

requireOrSkip("Python with Keras", keras).describe("MobileNetV2 of keras.applications", (python) => {
  it("[B9] gives Keras's logits in both engines", async () => {
    execFileSync(python, [join(vectors, "keras-models.py"), dir, "mobilenet"], { timeout: 240_000, stdio: "ignore" });
    const given = (JSON.parse(await readFile(join(dir, "figures.json"), "utf8")) as { readonly mobilenet: Figures }).mobilenet;
    const converted = await readKeras(await readFile(join(dir, "mobilenet.keras")), undefined);
    const [x, rows] = [samplesOf(converted, given), given.shape[0] as number];
    expect(Math.max(...given.logits.map(Math.abs))).toBeGreaterThan(0.01);
    expect(distance(await byOnnx(converted, x, rows), given.logits)).toBeLessThan(1e-5);
    const { architecture, tensors } = converted;
    expect(distance(await byTensorFlow(converted, x, rows), given.logits)).toBeLessThan(1e-5);
    expect(architecture.layers.length).toBeGreaterThan(140);
    expect(tensors.size).toBeGreaterThan(250);
  });
});
