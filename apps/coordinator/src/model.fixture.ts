/** A tiny base and a plan on it, for tests: four body values that stay, two head values that are trained. */
import { utf8 } from "@engraft/core/base/bytes";
import { sha256 } from "@engraft/core/crypto/digest";
import { Manifest } from "@engraft/core/models/manifest";
import { Plan } from "@engraft/core/models/plan";
import { planDigest } from "@engraft/core/models/plan-digest";
import { writeSafetensors } from "@engraft/core/models/safetensors";

export const TENSORS = [
  { name: "body", shape: [2, 2], depth: 1 },
  { name: "head", shape: [2], depth: 0 },
];

export const weights: Uint8Array = writeSafetensors(
  TENSORS,
  new Map([
    ["body", Float32Array.of(1, 2, 3, 4)],
    ["head", Float32Array.of(0.5, -0.5)],
  ]),
);

const label = { name: "y", title: "Outcome", positive: ["1"], negative: ["0"] };

export const manifest: Manifest = Manifest.parse({
  format: "engraft.base/1",
  name: "tiny",
  version: "1.0",
  title: "Tiny",
  description: "",
  licence: "none",
  origin: "Made for tests.",
  fields: [],
  inputs: [],
  label,
  split: null,
  architecture: {},
  tensors: TENSORS,
  weights: { digest: sha256(weights), bytes: weights.byteLength },
});

export const manifestBytes: Uint8Array = utf8(JSON.stringify(manifest));

export const planOf = (
  change: { readonly version?: number; readonly cohort?: Partial<Plan["cohort"]>; readonly rounds?: number } = {},
): Plan =>
  Plan.parse({
    format: "engraft.plan/1",
    name: "tiny-head",
    version: change.version ?? 1,
    purpose: "To be tested.",
    base: { name: "tiny", version: "1.0", manifest: sha256(manifestBytes), weights: manifest.weights.digest },
    data: { fields: [], label, split: { salt: "s", train: 0.6, validation: 0.2 } },
    training: {
      trainable: { part: "head" },
      amount: { unit: "epochs", count: 1 },
      batch: 1,
      optimizer: { name: "sgd", learningRate: 0.1, momentum: 0 },
      weightDecay: 0,
      clip: 10,
      seed: 1,
    },
    rounds: { count: change.rounds ?? 2, stop: null },
    cohort: { minSites: 2, fraction: 1, gatherSeconds: 30, deadlineSeconds: 600, graceSeconds: 60, ...change.cohort },
    aggregation: { method: "plain" },
    metrics: { names: ["loss"], perSite: true, minCount: 1, compareAlone: true },
  });

export const digestOfPlan = planDigest;
