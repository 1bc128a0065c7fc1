/** A base of each family, trained from nothing and then used as any other base is. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Field } from "@engraft/core/models/fields";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomFrom } from "../base/random.ts";
import { partOf } from "../data/split.ts";
import { initialTensors, untrained } from "../architectures/untrained.ts";
import { architectureOf, Architectures } from "../ir/architecture.ts";
import { tableOf } from "../model.fixture.ts";
import { openSession } from "../train/session.ts";
import { initialVector } from "./base.ts";
import { Recipe } from "./recipe.ts";
import { trainBase } from "./train-base.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "engraft-recipes-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const recipeOf = (architecture: string, fields: Field[], more: Partial<Recipe> = {}): Recipe => ({
  format: "engraft.recipe/1",
  name: "made-here",
  version: "1.0",
  title: "Made here",
  description: "",
  licence: "CC0",
  origin: "A test",
  fields,
  label: { name: "sick", title: "Sick", positive: ["1"], negative: ["0"] },
  split: { salt: "s", train: 0.6, validation: 0.2 },
  architecture,
  training: { epochs: 6, batch: 8, optimizer: { name: "adam", learningRate: 0.01 }, weightDecay: 0, seed: 3 },
  ...more,
});
const control = { progress: () => undefined, aborted: () => false };
const PATIENTS = 48;
const sickOf = (index: number): number => index % 2;

const signalField: Field = { kind: "signal", name: "file", title: "ECG", leads: ["I", "II"], rate: 100, seconds: 0.32, unit: "mV" };

/** The sick beat faster. Columns stand in another order than the field names them, beside one that nobody asks for. */
async function recordings(): Promise<string> {
  const random = randomFrom(["recordings"]);
  const rows = await Promise.all(
    Array.from({ length: PATIENTS }, async (_, index) => {
      const cycles = sickOf(index) === 1 ? 9 : 3;
      const phase = random.uniform() * 6;
      const points = Array.from({ length: 36 }, (_, at) => {
        const value = 2 + Math.sin((2 * Math.PI * cycles * at) / 64 + phase) + 0.2 * random.uniform();
        return `${at},${(0.5 * value).toFixed(4)},${value.toFixed(4)}`;
      });
      await writeFile(join(folder, `${index}.csv`), ["time,ii,I", ...points, ""].join("\n"));
      return `p${index},${index}.csv,${sickOf(index)}`;
    }),
  );
  return ["id,file,sick", ...rows, ""].join("\n");
}

describe("[B15] a base trained by a recipe", () => {
  // Convolutions are slow in plain JavaScript: the large network makes a few steps only.
  it.each([
    { name: "resnet1d", epochs: 1, field: signalField, atLeast: 0 },
    { name: "eegnet", epochs: 6, field: signalField, atLeast: 0.8 },
    { name: "gru", epochs: 12, field: signalField, atLeast: 0.8 },
  ])(
    "of recordings ($name) knows patients that it has not seen, and is a base like any other",
    async ({ name, epochs, field, atLeast }) => {
      const table = tableOf(await recordings(), { files: folder, rate: 100 });
      const settings = recipeOf(name, [field]);
      const recipe = { ...settings, training: { ...settings.training, epochs } };
      const base = await trainBase(recipe, table, control, ["wasm", "cpu"]);
      expect(base.test?.values.auroc?.value).toBeGreaterThanOrEqual(atLeast);
      expect(base.manifest.recipe).toEqual(recipe);
      expect(architectureOf(base.manifest).input).toEqual([2, 100 * field.seconds]);
      // Moments are those of the training patients: the second lead has half the size of the first.
      const [rule] = base.manifest.inputs;
      if (rule?.kind !== "signal") throw new Error("no signal");
      expect(rule.mean[1]).toBeCloseTo(0.5 * (rule.mean[0] as number), 3);
      const plan = {
        data: { fields: recipe.fields, label: recipe.label, split: recipe.split },
        training: { ...recipe.training, trainable: { part: "head" }, amount: { unit: "updates", count: 1 }, clip: 1 },
        metrics: { names: ["loss"], minCount: 1 },
      } as unknown as Parameters<typeof openSession>[0]["plan"];
      const session = await openSession({ ...base, plan, table, backends: ["wasm"] }, control);
      expect(
        (await session.evaluate(initialVector(base.manifest, base.weights, { part: "head" }), "test"))?.values.loss?.value,
      ).toBeCloseTo(base.test?.values.loss?.value ?? 0, 4);
    },
  );

  it("of rows (mlp, logistic) takes its constants from training patients only", async () => {
    const random = randomFrom(["rows"]);
    const recipe = recipeOf("mlp", [
      { kind: "number", name: "age", title: "Age", unit: "a", min: 0, max: 10_000 },
      { kind: "category", name: "sex", title: "Sex", values: ["f", "m"].map((code) => ({ code, means: code })) },
    ]);
    const lines = Array.from({ length: 120 }, (_, index) => {
      const seen = partOf(recipe.split, `p${index}`) === "train";
      // Were one of the unseen patients counted, the mean would be far off.
      return `p${index},${seen ? 40 + 20 * sickOf(index) + random.below(10) : 9000 + 1000 * sickOf(index)},${index % 3 === 0 ? "m" : "f"},${sickOf(index)}`;
    });
    const table = tableOf(["id,age,sex,sick", ...lines, ""].join("\n"));
    for (const architecture of ["mlp", "logistic"]) {
      const { manifest, test } = await trainBase({ ...recipe, architecture }, table, control, ["cpu"]);
      const [age, sex] = manifest.inputs;
      expect(age).toMatchObject({ kind: "standardise", flagMissing: false });
      expect(age?.kind === "standardise" && age.mean > 45 && age.mean < 65).toBe(true);
      expect(sex).toMatchObject({ kind: "one-hot", codes: ["f", "m"], fill: "f" });
      expect(test?.n).toBeGreaterThan(0);
    }
  });

  it("of pictures starts from the same networks whose weights can be brought in", () => {
    const architecture = untrained("mobilenet_v2", [3, 32, 32]);
    expect(Architectures.safeParse(architecture).success).toBe(true);
    const tensors = initialTensors(architecture, 1);
    const kernel = tensors.get("l1/kernel") as Float32Array;
    // He's limit for 3 x 3 x 3 inputs.
    expect(Math.max(...kernel)).toBeLessThanOrEqual(Math.sqrt(6 / 27));
    expect(Math.max(...kernel)).toBeGreaterThan(0.9 * Math.sqrt(6 / 27));
    expect(tensors.get("head/kernel")).toEqual(new Float32Array(1280));
    expect(initialTensors(architecture, 1).get("l1/kernel")).toEqual(kernel);
  });

  it("is the same to the bit for the same seed, and another for another", async () => {
    const table = tableOf(await recordings(), { files: folder, rate: 100 });
    const digest = async (seed: number): Promise<string> => {
      const recipe = recipeOf("eegnet", [signalField]);
      return (await trainBase({ ...recipe, training: { ...recipe.training, epochs: 1, seed } }, table, control, ["cpu"])).manifest.weights
        .digest;
    };
    expect(await digest(1)).toBe(await digest(1));
    expect(await digest(2)).not.toBe(await digest(1));
  });

  it("whose recipe does not fit says what to change", async () => {
    const table = tableOf(await recordings(), { files: folder, rate: 100 });
    const refused = (recipe: Recipe, other = table) => trainBase(recipe, other, control, ["cpu"]);
    await expect(refused(recipeOf("lenet", [signalField]))).rejects.toThrow("There are: logistic, cox, mlp, resnet1d");
    await expect(refused(recipeOf("mlp", [signalField]))).rejects.toThrow(
      '"mlp" takes rows of a table, and the recipe\'s inputs are recordings',
    );
    await expect(refused(recipeOf("eegnet", [{ ...signalField, seconds: 0.02 }]))).rejects.toThrow("window larger than its input");
    await expect(refused(recipeOf("gru", [signalField, { ...signalField, name: "other" }]))).rejects.toThrow("The table cannot be used");
    await expect(refused(recipeOf("gru", [signalField]), tableOf(await recordings(), { files: folder }))).rejects.toThrow(
      "data add --rate",
    );
    await expect(refused(recipeOf("gru", [{ ...signalField, seconds: 3 }]))).rejects.toThrow(
      "no row that the recipe's fields and label fit",
    );
    expect(Recipe.safeParse({ ...recipeOf("gru", [signalField]), surprise: 1 }).success).toBe(false);
  });
});
