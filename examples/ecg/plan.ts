/** The plan as its author writes it: what it leaves out is filled in when it is proposed. */
import { BEAT, TIMING } from "./files.ts";

export const FIELD = {
  kind: "signal",
  name: "ecg",
  title: "Heartbeat in lead II",
  leads: ["II", TIMING],
  aliases: { II: ["MLII"] },
  rate: BEAT.rate,
  seconds: BEAT.points / BEAT.rate,
  unit: "mV",
  beats: { before: BEAT.before / BEAT.rate },
};

/** Annotation codes, in the classes of ANSI/AAMI EC57; paced beats and those that nobody could tell are neither. */
export const LABEL = {
  name: "ectopic",
  title: "Ectopic beat (supraventricular, ventricular or fusion)",
  positive: ["S", "A", "a", "J", "V", "E", "F"],
  negative: ["N", "L", "R", "e", "j"],
};

/** The salt is the first of ecg-1, ecg-2, ... by which each hospital has test and training patients with beats of both kinds. */
export const SPLIT = { salt: "ecg-4", train: 0.55, validation: 0.05 };

/** `base`: what the coordinator said of it. */
export const planOf = (base: Readonly<Record<string, unknown>>, rounds: number | undefined) => ({
  format: "engraft.plan/1",
  name: "ecg-beats",
  version: 1,
  purpose:
    "Tell ectopic heartbeats: the last block of a network that one hospital has trained, from five that each have three to eight patients.",
  base: { name: base["name"], version: base["version"], manifest: base["digest"], weights: base["weights"] },
  data: { fields: [FIELD], label: LABEL, split: SPLIT },
  training: {
    trainable: { part: "last-blocks", blocks: 1 },
    amount: { unit: "epochs", count: 1 },
    batch: 32,
    optimizer: { name: "adam", learningRate: 0.0003 },
    weightDecay: 0.001,
    classWeights: "balanced",
    clip: 4,
    seed: 1,
  },
  rounds: { count: rounds ?? 6, stop: null },
  cohort: { minSites: 4, fraction: 1, gatherSeconds: 30, deadlineSeconds: 300, graceSeconds: 10 },
  metrics: { names: ["auroc", "auprc", "accuracy", "loss", "brier"], perSite: true, minCount: 1, compareAlone: true, compareGain: true },
  aggregation: { method: "secure", weightCap: 2000 },
});
