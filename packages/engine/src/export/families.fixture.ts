/** One model of each family, with a manifest as `base add` and releases write it, and raw samples in the plan's terms. */
import { sha256 } from "@engraft/core/crypto/digest";
import type { Field } from "@engraft/core/models/fields";
import { OUTPUT_OF } from "../ir/layers.ts";
import { kindOf, type Label } from "@engraft/core/models/labels";
import { Manifest, type InputRule } from "@engraft/core/models/manifest";
import { untrained } from "../architectures/untrained.ts";
import { randomFrom } from "../base/random.ts";
import { inputWidth } from "../data/samples.ts";
import { fileInputOf } from "../data/file-input.ts";
import { inputShape, sizeOfShape, type Architecture, type Shape } from "../ir/layers.ts";
import { codes, randomSamples, randomTensors, rooted } from "../ir/networks.fixture.ts";
import { tensorsOf } from "../ir/parameters.ts";
import type { ExportSource } from "./source.ts";

/** Numbers, or rows of a table by field. */
export type RawSamples =
  | { readonly shape: readonly number[]; readonly values: Float32Array }
  | { readonly rows: readonly Readonly<Record<string, number | string | null>>[] };

export interface Family {
  readonly source: ExportSource;
  readonly raw: RawSamples;
  /** What enters the first layer, by the engine's own reading: rows x width. */
  readonly entering: Float32Array;
}

const yesOrNo: Label = { name: "ill", title: "Ill", positive: ["1"], negative: ["0"] };
const classes: Label = {
  kind: "multiclass",
  name: "kind",
  title: "Kind",
  classes: ["first", "second", "third"].map((name) => ({ name, codes: [name] })),
};
const days: Label = { kind: "regression", name: "stay", title: "Days in hospital", unit: "d", min: 0, max: 90 };
const survival: Label = {
  kind: "survival",
  name: "death",
  title: "Death",
  time: { name: "time", unit: "d", max: 4000 },
  event: { name: "died", occurred: ["1"], censored: ["0"] },
};

const FIELDS: readonly Field[] = [
  { kind: "number", name: "age", title: "Age", unit: "a", min: 0, max: 110 },
  { kind: "number", name: "value", title: "A name that the graph has too", unit: "mmol/L", min: -50, max: 9000 },
  {
    kind: "category",
    name: "sex",
    title: "Sex",
    values: [
      { code: "0", means: "female" },
      { code: "1", means: "male" },
      { code: "x", means: "not said" },
    ],
  },
];
const RULES: readonly InputRule[] = [
  { kind: "one-hot", field: "sex", codes: ["0", "1"], fill: "1", flagMissing: true },
  { kind: "standardise", field: "age", mean: 54.2, sd: 9.7, fill: 55, flagMissing: true },
  { kind: "standardise", field: "value", mean: 240.5, sd: 51, fill: 236, flagMissing: false },
];

export function manifestOf(
  name: string,
  architecture: Architecture,
  label: Label,
  fields: readonly Field[],
  inputs: readonly InputRule[],
): Manifest {
  const readsFile = inputs.some(({ kind }) => kind === "image" || kind === "signal");
  return Manifest.parse({
    format: "engraft.base/1",
    name: name.replaceAll("_", "-"),
    version: "1.0",
    title: `A ${name}`,
    description: "",
    licence: "none",
    origin: "Made for tests.",
    fields,
    inputs,
    label,
    split: null,
    ...(readsFile ? { reference: { features: [0], tolerance: 0.001 } } : {}),
    architecture: { ...architecture, output: OUTPUT_OF[kindOf(label)] },
    tensors: tensorsOf(architecture),
    weights: { digest: sha256(name), bytes: 1 },
  });
}

function sourceOf(manifest: Manifest): ExportSource {
  const random = randomTensors(manifest.architecture as unknown as Architecture, manifest.name);
  // A regression's outputs stay within its range, where they are told apart.
  const factor = manifest.label.kind === "regression" ? 0.1 : 1;
  const head = [...random]
    .filter(([name]) => name.startsWith("head/"))
    .map(([name, values]) => [name, values.map((value) => factor * value)] as const);
  return { manifest, tensors: new Map([...random, ...head]), marks: { "engraft.run": "test.1", "engraft.plan": sha256("plan") } };
}

/** With missing values, codes that no field has and numbers beyond their range. */
function tableFamily(name: string, label: Label, count: number): Family {
  const manifest = manifestOf(name, untrained(name, [inputWidth({ inputs: [...RULES] })], label), label, FIELDS, RULES);
  const random = randomFrom(["rows", name]);
  const rows = Array.from({ length: count }, () => {
    const code = ["0", "1", "x", "", "9"][random.below(5)] as string;
    const age = [null, 130, 20 + 60 * random.uniform()][Math.min(2, random.below(8))] as number | null;
    return { sex: code, age: age === null ? null : Math.fround(age), value: Math.fround(100 + 300 * random.uniform()) };
  });
  const entering = rows.flatMap(({ sex, age, value }) => {
    const unknown = !["0", "1", "x"].includes(sex);
    const known = unknown ? "1" : sex;
    const years = age === null || age > 110 ? null : age;
    return [
      Number(known === "0"),
      Number(known === "1"),
      Number(unknown),
      ((years ?? 55) - 54.2) / 9.7,
      Number(years === null),
      (value - 240.5) / 51,
    ];
  });
  return { source: sourceOf(manifest), raw: { rows }, entering: Float32Array.from(entering) };
}

/** A table whose columns are codes: they enter as they are. */
function codesFamily(label: Label, count: number): Family {
  const names = Array.from({ length: sizeOfShape(inputShape(codes)) }, (_, at) => `code${at}`);
  const manifest = manifestOf(
    "codes",
    codes,
    label,
    names.map((name) => ({ kind: "number", name, title: name, unit: "1", min: 0, max: 4 })),
    names.map((field) => ({ kind: "standardise", field, mean: 0, sd: 1, fill: 0, flagMissing: false })),
  );
  const entering = randomSamples(codes, count);
  const rows = Array.from({ length: count }, (_, row) =>
    Object.fromEntries(names.map((name, at) => [name, entering[row * names.length + at] as number])),
  );
  return { source: sourceOf(manifest), raw: { rows }, entering };
}

function fileFamily(name: string, label: Label, shape: Shape, count: number, architecture = untrained(name, shape, label)): Family {
  const [channels = 0, ...space] = shape;
  const isPicture = space.length === 2;
  const field: Field = isPicture
    ? { kind: "image", name: "scan", title: "Scan" }
    : {
        kind: "signal",
        name: "ecg",
        title: "ECG",
        leads: Array.from({ length: channels }, (_, at) => `lead${at}`),
        rate: 100,
        seconds: (space[0] as number) / 100,
        unit: "mV",
      };
  const mean = Array.from({ length: channels }, (_, at) => (isPicture ? 110 + 10 * at : 0.1 * at));
  const sd = Array.from({ length: channels }, (_, at) => (isPicture ? 57 + at : 0.5 + at / 10));
  const rule: InputRule = isPicture
    ? { kind: "image", field: "scan", width: space[1] as number, height: space[0] as number, channels: channels as 1 | 3, mean, sd }
    : { kind: "signal", field: "ecg", mean, sd };
  const manifest = manifestOf(name, architecture, label, [field], [rule]);
  const random = randomFrom(["samples", name]);
  const [each, area] = [sizeOfShape(shape), sizeOfShape(space)];
  const channelOf = (at: number): number => Math.floor((at % each) / area);
  // Each sample of its own brightness, in each channel, and its own waves: noise alone would be the same to a network that takes means.
  const character = Array.from(
    { length: count * channels },
    () => [random.uniform(), 0.5 + 3 * random.uniform(), random.uniform()] as const,
  );
  const first = Float32Array.from({ length: count * each }, (_, at) => {
    const [level, waves, height] = character[Math.floor(at / each) * channels + channelOf(at)] as (typeof character)[number];
    const wave = Math.sin((2 * Math.PI * waves * (at % area)) / area);
    const share = 0.6 * level + 0.15 * (1 + height * wave) + 0.1 * random.uniform();
    return isPicture ? Math.round(255 * share) : Math.fround(4 * share - 2);
  });
  const entering = first.map((value, at) => (value - (mean[channelOf(at)] as number)) / (sd[channelOf(at)] as number));
  if (!isPicture) return { source: sourceOf(manifest), raw: { shape: [count, ...shape], values: first }, entering };
  const values = new Float32Array(first.length);
  first.forEach((value, at) => {
    values[Math.floor(at / each) * each + ((at % each) % area) * channels + channelOf(at)] = value;
  });
  return { source: sourceOf(manifest), raw: { shape: [count, ...space, channels], values }, entering };
}

/** By name; `count` samples of each. */
export const FAMILIES: Readonly<Record<string, (count: number) => Family>> = {
  logistic: (count) => tableFamily("logistic", yesOrNo, count),
  mlp: (count) => tableFamily("mlp", days, count),
  codes: (count) => codesFamily(yesOrNo, count),
  cox: (count) => tableFamily("cox", survival, count),
  resnet1d: (count) => fileFamily("resnet1d", yesOrNo, [3, 250], count),
  eegnet: (count) => fileFamily("eegnet", classes, [4, 128], count),
  gru: (count) => fileFamily("gru", yesOrNo, [3, 40], count),
  mobilenet_v2: (count) => fileFamily("mobilenet_v2", classes, [3, 32, 32], count),
  efficientnet_lite0: (count) => fileFamily("efficientnet_lite0", yesOrNo, [3, 64, 64], count),
  resnet18: (count) => fileFamily("resnet18", yesOrNo, [1, 32, 32], count),
  roots: (count) => fileFamily("roots", yesOrNo, [3, 4, 4], count, rooted),
};

export const shapeOfEntering = ({ source }: Family): Shape => {
  const file = fileInputOf(source.manifest);
  return file?.shape ?? [inputWidth(source.manifest)];
};
