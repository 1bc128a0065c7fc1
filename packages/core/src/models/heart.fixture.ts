/** A small base model and plan for tests; every test changes only what it is about. */
import { sha256 } from "../crypto/digest.ts";
import { Manifest } from "./manifest.ts";
import { Plan } from "./plan.ts";

const fields = [
  { kind: "number", name: "age", title: "Age", unit: "a", min: 18, max: 110 },
  {
    kind: "category",
    name: "sex",
    title: "Sex",
    values: [
      { code: "0", means: "female" },
      { code: "1", means: "male" },
    ],
  },
];
const label = { name: "disease", title: "Coronary heart disease", positive: ["1", "2"], negative: ["0"] };
const split = { salt: "heart", train: 0.6, validation: 0.2 };

export const heartManifest: Manifest = Manifest.parse({
  format: "engraft.base/1",
  name: "heart",
  version: "1.0",
  title: "Heart",
  description: "",
  licence: "CC BY 4.0",
  origin: "Made for tests.",
  fields,
  inputs: [
    { kind: "standardise", field: "age", mean: 54, sd: 9, fill: 54, flagMissing: true },
    { kind: "one-hot", field: "sex", codes: ["0", "1"], fill: "1", flagMissing: false },
  ],
  label,
  split,
  architecture: { layers: [{ kind: "dense", units: 2 }] },
  tensors: [
    { name: "body/kernel", shape: [4, 2], depth: 1 },
    { name: "body/bias", shape: [2], depth: 1 },
    { name: "head/kernel", shape: [2, 1], depth: 0 },
    { name: "head/bias", shape: [1], depth: 0 },
  ],
  weights: { digest: sha256("weights"), bytes: 52 },
});

export const heartManifestDigest = sha256("manifest");

export const heartPlan: Plan = Plan.parse({
  format: "engraft.plan/1",
  name: "heart-head",
  version: 1,
  purpose: "Predict heart disease at four hospitals.",
  base: { name: "heart", version: "1.0", manifest: heartManifestDigest, weights: sha256("weights") },
  data: { fields, label, split },
  training: {
    trainable: { part: "head" },
    amount: { unit: "epochs", count: 2 },
    batch: 16,
    optimizer: { name: "sgd", learningRate: 0.1, momentum: 0.9 },
    weightDecay: 0.001,
    clip: 5,
    seed: 7,
  },
  rounds: { count: 2, stop: null },
  cohort: { minSites: 2, fraction: 1, gatherSeconds: 30, deadlineSeconds: 600, graceSeconds: 60 },
  aggregation: { method: "plain" },
  metrics: { names: ["auroc", "loss"], perSite: true, minCount: 10, compareAlone: true },
});

/** `plan` with the values of `change` in the parts it names. */
export function planWith(
  change: { readonly [K in "training" | "rounds" | "cohort" | "metrics" | "data"]?: Partial<Plan[K]> },
  plan: Plan = heartPlan,
): Plan {
  return Plan.parse({
    ...plan,
    data: { ...plan.data, ...change.data },
    training: { ...plan.training, ...change.training },
    rounds: { ...plan.rounds, ...change.rounds },
    cohort: { ...plan.cohort, ...change.cohort },
    metrics: { ...plan.metrics, ...change.metrics },
  });
}
