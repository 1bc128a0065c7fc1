/** The demo's plan, as an author writes it: four hospitals fine-tune every layer of the Cleveland base for 15 rounds of 100 updates. */
import { sha256 } from "@engraft/core/crypto/digest";
import type { Manifest } from "@engraft/core/models/manifest";
import { PlanText } from "@engraft/core/models/plan";

/** The exact text of `manifest.json`; its SHA-256 is the manifest's digest. */
export const manifestText = (manifest: Manifest): string => `${JSON.stringify(manifest, null, 2)}\n`;

/**
 * Trained part, optimizer, rate and penalty: the best of 47 settings by the mean AUROC on the hospitals' validation
 * patients after 15 rounds (README.md). Test patients had no say.
 */
export const demoPlan = (manifest: Manifest) => ({
  ...PlanText.omit({ aggregation: true }).parse({
    format: "engraft.plan/1",
    name: "heart",
    version: 1,
    purpose:
      "Fine-tune Cleveland's model of coronary disease with four hospitals, so that it serves each of them better than the base or a model trained on its own patients.",
    base: { name: manifest.name, version: manifest.version, manifest: sha256(manifestText(manifest)), weights: manifest.weights.digest },
    data: { fields: manifest.fields, label: manifest.label, split: manifest.split },
    training: {
      trainable: { part: "all" },
      amount: { unit: "updates", count: 100 },
      batch: 32,
      optimizer: { name: "adam", learningRate: 0.001 },
      weightDecay: 0.03,
      clip: 4,
      seed: 1,
    },
    rounds: { count: 15, stop: null },
    cohort: { minSites: 3, fraction: 1, gatherSeconds: 30, deadlineSeconds: 120, graceSeconds: 5 },
    metrics: { names: ["auroc", "auprc", "accuracy", "loss", "brier"], perSite: true, minCount: 20, compareAlone: true },
  }),
  // The directory is filled in when the plan is proposed: all hospitals that are enrolled then.
  aggregation: { method: "secure", weightCap: 1000 } as const,
});
