/** A base that is trained from nothing on one data set, by a recipe that stays with it. Runs in the caller's thread. */
import { EngraftError } from "@engraft/core/base/errors";
import { kindOf } from "@engraft/core/models/labels";
import type { Manifest } from "@engraft/core/models/manifest";
import { AT_HORIZON, METRICS_OF } from "@engraft/core/models/metric-names";
import type { SiteMetrics } from "@engraft/core/models/metrics";
import type { Plan } from "@engraft/core/models/plan";
import { writeSafetensors } from "@engraft/core/models/safetensors";
import { initialTensors, untrained } from "../architectures/untrained.ts";
import type { Counts } from "../data/counts.ts";
import type { TableDeclaration } from "../data/declaration.ts";
import { fileInputOf } from "../data/file-input.ts";
import { inputWidth } from "../data/samples.ts";
import type { Part } from "../data/split.ts";
import { readTable } from "../data/table.ts";
import type { Architecture } from "../ir/layers.ts";
import { tensorsOf } from "../ir/parameters.ts";
import type { Backend } from "../train/backends.ts";
import { openSession, type Session, type TrainingControl } from "../train/session.ts";
import { referenceFeatures } from "../trunk/encoder.ts";
import { assembleModel } from "./base.ts";
import { describeBase, TOLERANCE, type Entry } from "./describe.ts";
import { inputRulesOf } from "./input-rules.ts";
import type { Recipe } from "./recipe.ts";

export interface TrainedBase {
  readonly manifest: Manifest;
  readonly weights: Uint8Array;
  readonly engine: string;
  readonly counts: Readonly<Record<Part, Counts>>;
  /** Of patients that did not train it; null where there are none. */
  readonly validation: SiteMetrics | null;
  readonly test: SiteMetrics | null;
}

const TRAINABLE = { part: "all", norm: "shared" } as const;

/** Throws `data-missing`, `data-invalid` or `bad-input` with what to do, and as `openSession` and the session's training. */
export async function trainBase(
  recipe: Recipe,
  table: TableDeclaration,
  control: TrainingControl,
  backends?: readonly Backend[],
): Promise<TrainedBase> {
  const entry: Entry = { fields: recipe.fields, inputs: await inputRulesOf(recipe, await usable(recipe, table)) };
  const architecture = untrained(recipe.architecture, fileInputOf(entry)?.shape ?? [inputWidth(entry)], recipe.label);
  const start = await described(recipe, entry, architecture, initialTensors(architecture, recipe.training.seed));
  const options = { ...start, plan: planOf(recipe, start.manifest), table, ...(backends === undefined ? {} : { backends }) };
  const session: Session = await openSession(options, control);
  const { vector } = await session.trainAlone(1, control);
  const end = await described(recipe, entry, architecture, assembleModel(start.manifest, start.weights, vector, TRAINABLE));
  const [validation, test] = [await session.evaluate(vector, "validation"), await session.evaluate(vector, "test")];
  return { ...end, engine: session.engine, counts: session.counts, validation, test };
}

async function usable(recipe: Recipe, declaration: TableDeclaration) {
  const { table, findings } = await readTable(declaration, recipe);
  const errors = findings.list().filter(({ effect }) => effect === "error");
  if (errors.length > 0) throw new EngraftError("data-invalid", `The table cannot be used: ${errors.map(({ text }) => text).join(" ")}`);
  if (table.rows === 0) throw new EngraftError("data-invalid", "The table has no row that the recipe's fields and label fit.");
  return table;
}

/** The recipe as the manifest keeps it. */
const json = (recipe: Recipe): Manifest["recipe"] => JSON.parse(JSON.stringify(recipe)) as Manifest["recipe"];

async function described(recipe: Recipe, entry: Entry, architecture: Architecture, tensors: ReadonlyMap<string, Float32Array>) {
  const specs = tensorsOf(architecture);
  const weights = writeSafetensors(specs, tensors);
  const features = fileInputOf(entry) === undefined ? undefined : await referenceFeatures(architecture, tensors);
  const reference = features === undefined ? {} : { reference: { features: [...features], tolerance: TOLERANCE } };
  const manifest = describeBase(recipe, entry, weights, { architecture, tensors: specs, recipe: json(recipe), ...reference });
  return { manifest, weights };
}

/** The recipe as the plan of a federation of one. */
function planOf({ name, fields, label, split, training }: Recipe, manifest: Manifest): Plan {
  const { epochs, classWeights, ...rest } = training;
  return {
    format: "engraft.plan/1",
    name,
    version: 1,
    purpose: "Training of a base.",
    base: { name, version: manifest.version, manifest: manifest.weights.digest, weights: manifest.weights.digest },
    data: { fields, label, split },
    training: {
      ...rest,
      ...(classWeights === undefined ? {} : { classWeights }),
      trainable: TRAINABLE,
      amount: { unit: "epochs", count: epochs },
      clip: 1e6,
    },
    rounds: { count: 1, stop: null },
    cohort: { minSites: 1, fraction: 1, gatherSeconds: 0, deadlineSeconds: 1, graceSeconds: 0 },
    aggregation: { method: "plain" },
    metrics: { names: METRICS_OF[kindOf(label)].filter((name) => !AT_HORIZON.has(name)), perSite: true, minCount: 1, compareAlone: false },
  };
}
