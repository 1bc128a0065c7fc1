/** The plan as its author writes it: what it leaves out is filled in when it is proposed. */
import { LABEL } from "./files.ts";

/** `base`: what the coordinator said of it. Chosen on patients outside the test part; README.md says what was tried. */
export const planOf = (base: Readonly<Record<string, unknown>>, rounds: number | undefined) => ({
  format: "engraft.plan/1",
  name: "brain-mri",
  version: 1,
  purpose:
    "Find slices with a tumour: a new head on a network that was trained on photographs, from four institutions that each have few patients.",
  base: { name: base["name"], version: base["version"], manifest: base["digest"], weights: base["weights"] },
  data: { fields: base["fields"], label: LABEL, split: { salt: "brain-mri", train: 0.6, validation: 0.15 } },
  training: {
    trainable: { part: "head" },
    amount: { unit: "epochs", count: 3 },
    batch: 32,
    optimizer: { name: "adam", learningRate: 0.001 },
    weightDecay: 0.001,
    clip: 8,
    seed: 1,
  },
  rounds: { count: rounds ?? 8, stop: null },
  cohort: { minSites: 3, fraction: 1, gatherSeconds: 30, deadlineSeconds: 300, graceSeconds: 5 },
  metrics: { names: ["auroc", "auprc", "accuracy", "loss", "brier"], perSite: true, minCount: 2, compareAlone: true, compareGain: true },
  aggregation: { method: "secure", weightCap: 1000 },
});
