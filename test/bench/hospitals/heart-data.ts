/** The four hospitals' tables as FLamby takes them (13 inputs, complete rows), laid out as hospitals have them and read by the engine. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Field, Split } from "@engraft/core/models/fields";
import { Manifest } from "@engraft/core/models/manifest";
import { writeSafetensors } from "@engraft/core/models/safetensors";
import { sizeOf } from "@engraft/core/models/tensors";
import type { CsvTable } from "@engraft/engine/data/declaration";
import { samplesOf } from "@engraft/engine/data/samples";
import { partOf, type Part } from "@engraft/engine/data/split";
import { readTable } from "@engraft/engine/data/table";
import type { Architecture } from "@engraft/engine/ir/layers";
import { tensorsOf } from "@engraft/engine/ir/parameters";
import { parse } from "csv-parse/sync";
import { FIELDS, LABEL } from "../../../examples/heart-disease/definition.ts";
import type { Ward } from "./solving.ts";

export const HOSPITALS = ["cleveland", "hungarian", "switzerland", "va"] as const;
export type Hospital = (typeof HOSPITALS)[number];

/** FLamby leaves these three out. */
const DROPPED = new Set(["slope", "ca", "thal"]);
const COLUMNS = ["age", "sex", "cp", "trestbps", "chol", "fbs", "restecg", "thalach", "exang", "oldpeak", "slope", "ca", "thal", "num"];
/** Round figures that bring inputs near one, whatever hospital they are of: what comes out does not depend on them. */
const UNITS: Readonly<Record<string, readonly [number, number]>> = {
  age: [50, 10],
  trestbps: [130, 20],
  chol: [250, 100],
  thalach: [140, 25],
  oldpeak: [1, 1],
};

/** Cholesterol of 0 is what Switzerland wrote for "not measured", and FLamby takes it as it stands. */
const fields: readonly Field[] = FIELDS.filter(({ name }) => !DROPPED.has(name)).map((field) =>
  field.kind === "number" ? { ...field, min: -1000, max: 10_000 } : field,
);

const SPLIT: Split = { salt: "flamby", train: 0.66, validation: 0.001 };

const architecture: Architecture = {
  format: "engraft.layers/1",
  input: 13,
  output: "binary-logit",
  layers: [{ kind: "dense", name: "head", in: 13, out: 1 }],
};
const tensors = tensorsOf(architecture);
export const weights = writeSafetensors(tensors, new Map(tensors.map((spec) => [spec.name, new Float32Array(sizeOf(spec))])));

/** A logistic regression of zeros. */
export const manifest: Manifest = Manifest.parse({
  format: "engraft.base/1",
  name: "heart-flamby",
  version: "1.0",
  title: "Heart, 13 inputs",
  description: "",
  licence: "CC0",
  origin: "Zeros.",
  fields,
  inputs: fields.map((field) => {
    const [mean = 0, sd = 1] = UNITS[field.name] ?? [];
    if (field.kind === "number") return { kind: "standardise", field: field.name, mean, sd, fill: mean, flagMissing: false };
    // One code is left out, as FLamby does.
    const codes = field.kind === "category" ? field.values.map(({ code }) => code) : [];
    return { kind: "one-hot", field: field.name, codes: codes.slice(1), fill: codes[0], flagMissing: false };
  }),
  label: LABEL,
  split: null,
  architecture,
  tensors,
  weights: { digest: sha256(weights), bytes: weights.byteLength },
});

export const data = { fields: [...fields], label: LABEL, split: SPLIT };

const splits = JSON.parse(await readFile(new URL("heart-splits.json", import.meta.url), "utf8")) as Readonly<
  Record<string, Readonly<Record<Hospital, readonly number[]>>>
>;
export const SEEDS = Object.keys(splits).map(Number);

/** A name that the engine's own split puts into the part: how a table keeps FLamby's. */
function named(hospital: Hospital, row: number, part: Part): string {
  for (let at = 0; ; at++) {
    const name = `${hospital}-${row}-${at}`;
    if (partOf(SPLIT, name) === part) return name;
  }
}

export const tableAt = (folder: string, hospital: Hospital): CsvTable => ({
  path: join(folder, `${hospital}.csv`),
  encoding: "utf-8",
  delimiter: ",",
  decimal: ".",
  missing: [],
  columns: {},
  label: "num",
  patient: "patient",
});

/** Writes each hospital's table under the split of this seed. */
export async function writeTables(shared: string, folder: string, seed: number): Promise<void> {
  for (const hospital of HOSPITALS) {
    const all: readonly string[][] = parse(await readFile(join(shared, `processed.${hospital}.data`)));
    const kept = COLUMNS.map((name, at) => ({ name, at })).filter(({ name }) => !DROPPED.has(name));
    const rows = all.map((row) => kept.map(({ at }) => row[at] ?? "?")).filter((row) => !row.includes("?"));
    const test = new Set(splits[String(seed)]?.[hospital]);
    // Numbers as codes: "1.0" is the code 1.
    const lines = rows.map((row, at) =>
      [named(hospital, at, test.has(at) ? "test" : "train"), ...row.map((cell) => String(Number(cell)))].join(","),
    );
    await writeFile(join(folder, `${hospital}.csv`), `${[["patient", ...kept.map(({ name }) => name)].join(","), ...lines].join("\n")}\n`);
  }
}

export async function readWard(folder: string, hospital: Hospital, part: "train" | "test"): Promise<Ward> {
  const { table } = await readTable(tableAt(folder, hospital), data);
  const { rows, width, x, y, patients } = samplesOf(table, data, manifest, part);
  return { rows, width, x, y, patients: Array.from(patients, String) };
}
