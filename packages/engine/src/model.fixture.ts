/** A small base, its plan and a table, for tests. */
import { sha256 } from "@engraft/core/crypto/digest";
import type { Manifest } from "@engraft/core/models/manifest";
import type { Plan } from "@engraft/core/models/plan";
import { writeSafetensors } from "@engraft/core/models/safetensors";
import { sizeOf } from "@engraft/core/models/tensors";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { randomFrom } from "./base/random.ts";
import type { CsvTable } from "./data/declaration.ts";
import type { Architecture } from "./ir/layers.ts";
import { tensorsOf } from "./ir/parameters.ts";

export const architecture: Architecture = {
  format: "engraft.layers/1",
  input: 4,
  output: "binary-logit",
  layers: [
    { kind: "dense", name: "dense_1", in: 4, out: 5 },
    { kind: "activation", name: "tanh_1", function: "tanh" },
    { kind: "dense", name: "dense_2", in: 5, out: 3 },
    { kind: "activation", name: "relu_2", function: "relu" },
    { kind: "dense", name: "dense_3", in: 3, out: 1 },
  ],
};

const random = randomFrom(["fixture"]);
export const tensors: ReadonlyMap<string, Float32Array> = new Map(
  tensorsOf(architecture).map((spec) => [spec.name, Float32Array.from({ length: sizeOf(spec) }, () => random.uniform() - 0.5)]),
);
export const weights = writeSafetensors(tensorsOf(architecture), tensors);

export const manifest: Manifest = {
  format: "engraft.base/1",
  name: "small",
  version: "1.0",
  title: "Small",
  description: "",
  licence: "CC0",
  origin: "A test",
  fields: [
    { kind: "number", name: "age", title: "Age", unit: "a", min: 0, max: 120 },
    {
      kind: "category",
      name: "sex",
      title: "Sex",
      values: [
        { code: "0", means: "female" },
        { code: "1", means: "male" },
      ],
    },
  ],
  inputs: [
    { kind: "standardise", field: "age", mean: 50, sd: 10, fill: 55, flagMissing: true },
    { kind: "one-hot", field: "sex", codes: ["1"], fill: "0", flagMissing: true },
  ],
  label: { name: "sick", title: "Sick", positive: ["1", "2"], negative: ["0"] },
  split: null,
  architecture,
  tensors: [...tensorsOf(architecture)],
  weights: { digest: sha256(weights), bytes: weights.byteLength },
};

export const plan: Plan = {
  format: "engraft.plan/1",
  name: "small",
  version: 1,
  purpose: "A test",
  base: { name: "small", version: "1.0", manifest: sha256("manifest"), weights: manifest.weights.digest },
  data: { fields: manifest.fields, label: manifest.label, split: { salt: "s", train: 0.5, validation: 0.2 } },
  training: {
    trainable: { part: "last-blocks", blocks: 1 },
    amount: { unit: "updates", count: 20 },
    batch: 8,
    optimizer: { name: "adam", learningRate: 0.01 },
    weightDecay: 0,
    clip: 100,
    seed: 7,
  },
  rounds: { count: 2, stop: null },
  cohort: { minSites: 1, fraction: 1, gatherSeconds: 0, deadlineSeconds: 60, graceSeconds: 0 },
  aggregation: { method: "plain" },
  metrics: { names: ["auroc", "loss"], perSite: true, minCount: 5, compareAlone: true },
};

/** 120 patients, of whom the older are sick more often. */
export function tableText(): string {
  const draw = randomFrom(["table"]);
  const rows = Array.from({ length: 120 }, (_, index) => {
    const age = 20 + draw.below(60);
    return `p${index},${age},${draw.below(2)},${draw.uniform() < age / 100 ? 1 : 0}`;
  });
  return ["id,age,sex,sick", ...rows, ""].join("\n");
}

const folder = mkdtempSync(join(tmpdir(), "engraft-engine-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file and declares it: comma, decimal point, columns by the fields' names. */
export function tableOf(content: string | Uint8Array, changes: Partial<CsvTable> = {}): CsvTable {
  const path = join(folder, `${sha256(content).slice(0, 16)}.csv`);
  writeFileSync(path, content);
  return { path, encoding: "utf-8", delimiter: ",", decimal: ".", missing: [], columns: {}, label: "sick", patient: "id", ...changes };
}

const SIZE: ReadonlySet<string> = new Set(["few-patients", "few-of-class", "class-absent"]);

/** What is found beside the size: a test's table is too small for every plan. */
export const beyondSize = <T extends { readonly kind: string }>(findings: readonly T[]): readonly T[] =>
  findings.filter(({ kind }) => !SIZE.has(kind));
