/** A small base model and plan for tests. */
import { sha256 } from "@engraft/core/crypto/digest";
import type { Manifest } from "@engraft/core/models/manifest";
import { Plan } from "@engraft/core/models/plan";
import { planDigest, planText } from "@engraft/core/models/plan-digest";
import { writeSafetensors } from "@engraft/core/models/safetensors";
import type { MessageOf } from "@engraft/core/protocol/messages";

const label = { name: "num", title: "Disease", positive: ["1"], negative: ["0"] };
const fields = [{ kind: "number" as const, name: "age", title: "Age", unit: "a", min: 0, max: 120 }];
const tensors = [
  { name: "body", shape: [3], depth: 1 },
  { name: "head", shape: [2, 2], depth: 0 },
];
/** Values in the trainable vector. */
export const LENGTH = 4;
export const weights = writeSafetensors(
  tensors,
  new Map([
    ["body", new Float32Array(3)],
    ["head", new Float32Array(LENGTH)],
  ]),
);

export const manifest: Manifest = {
  format: "engraft.base/1",
  name: "tiny",
  version: "1.0",
  title: "Tiny",
  description: "",
  licence: "CC0-1.0",
  origin: "Made for tests.",
  fields,
  label,
  split: null,
  architecture: {},
  tensors,
  inputs: [{ kind: "standardise", field: "age", mean: 50, sd: 10, fill: 50, flagMissing: false }],
  weights: { digest: sha256(weights), bytes: weights.byteLength },
};
export const manifestText = JSON.stringify(manifest);

export function makePlan(change: (plan: Plan) => Plan = (plan) => plan): Plan {
  return change(
    Plan.parse({
      format: "engraft.plan/1",
      name: "tiny-head",
      version: 1,
      purpose: "To test the agent.",
      base: { name: "tiny", version: "1.0", manifest: sha256(manifestText), weights: manifest.weights.digest },
      data: { fields, label, split: { salt: "s", train: 0.6, validation: 0.2 } },
      training: {
        trainable: { part: "head" },
        amount: { unit: "updates", count: 5 },
        batch: 8,
        optimizer: { name: "sgd", learningRate: 0.1, momentum: 0 },
        weightDecay: 0,
        clip: 1,
        seed: 1,
      },
      rounds: { count: 5, stop: null },
      cohort: { minSites: 1, fraction: 1, gatherSeconds: 1, deadlineSeconds: 60, graceSeconds: 10 },
      aggregation: { method: "plain" },
      metrics: { names: ["auroc", "loss"], perSite: true, minCount: 10, compareAlone: true },
    }),
  );
}

export const offerOf = (plan: Plan, withdrawn = false): MessageOf<"plan.offer"> => ({
  plan: planText(plan),
  manifest: manifestText,
  withdrawn,
});

export { planDigest };

/** The fixture's architecture is none that an engine knows. */
export const canTrain = () =>
  Promise.resolve({
    can: true,
    backend: "cpu",
    engine: "test",
    stepMs: 1.5,
    others: [],
    steps: 400,
    minutes: 0.01,
    late: false,
    memoryBytes: 2 ** 27,
  } as const);
