/**
 * `features`: a new head on EfficientNet-Lite0 at 96 px, 50 rounds of 5 epochs at one site. Engraft runs the frozen network once
 * for each picture and keeps the features, encrypted; PyTorch, as usually written, runs it anew for every batch.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import type { Plan } from "@engraft/core/models/plan";
import type { TableDeclaration } from "@engraft/engine/data/declaration";
import { initialVector } from "@engraft/engine/import/base";
import type { Base } from "@engraft/engine/import/describe";
import { baseFromLayers } from "@engraft/engine/import/from-layers";
import { openSiteModel } from "@engraft/engine/site-model";
import sharp from "sharp";
import type { BenchOptions } from "./main.ts";
import { median, row, type Row } from "./report.ts";
import { randomNetwork } from "./torch/own.ts";
import { ask, loadNote, startTorch, timed, type Time } from "./torch/peer.ts";

const SIZE = 96;
const PICTURES = 320;
const ROUNDS = 50;
const EPOCHS = 5;
const BATCH = 32;
const STEPS = (ROUNDS * EPOCHS * PICTURES) / BATCH;
/** Of PyTorch, that are timed. */
const TIMED = 20;

const LABEL = { name: "label", title: "Label", positive: ["1"], negative: ["0"] };

export async function benchFeatures(options: BenchOptions): Promise<readonly Row[]> {
  const rounds = options.quick ? 5 : ROUNDS;
  const folder = await mkdtemp(join(tmpdir(), "engraft-bench-features-"));
  const torch = startTorch();
  try {
    await pictures(folder);
    const question = { train: BATCH, size: SIZE };
    const steps: Time[] = [];
    const some = async (count: number): Promise<void> => {
      if (torch === undefined) return;
      for (let step = 0; step < count; step++) steps.push(await ask(torch, question));
    };
    if (torch !== undefined) await ask(torch, question);
    // Half before ours and half behind: a busy spell of the machine falls on both.
    await some(TIMED / 2);
    const { first, again } = await ours(folder, rounds);
    await some(TIMED / 2);
    const total = (STEPS * rounds) / ROUNDS;
    const how =
      torch === undefined
        ? "no PyTorch here: ours alone"
        : `PyTorch extrapolated: ${total} steps of the median of ${steps.length} timed ones`;
    const line = (metric: string, mine: Time, take: (time: Time) => number, goal?: { readonly ratio: number }): Row => {
      const value = (total * median(steps.map(take))) / 1000;
      const peer = torch === undefined ? undefined : { name: "PyTorch, network run anew", value };
      const name = `${PICTURES} pictures of ${SIZE} px, ${rounds} rounds of ${EPOCHS} epochs`;
      return row(name, metric, "s", take(mine) / 1000, peer, goal, `${how}; ${loadNote()}`);
    };
    return [
      line("from pictures to the last update", first, ({ ms }) => ms, { ratio: 0.06 }),
      line("of this CPU", first, ({ cpuMs }) => cpuMs),
      line("a second run, features known", again, ({ ms }) => ms),
    ];
  } finally {
    await torch?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function pictures(folder: string): Promise<void> {
  await mkdir(join(folder, "pictures"));
  const lines = ["file,patient,label"];
  for (let index = 0; index < PICTURES; index++) {
    const raw = randomBytes(SIZE * SIZE * 3);
    const file = join("pictures", `${index}.png`);
    await sharp(raw, { raw: { width: SIZE, height: SIZE, channels: 3 } })
      .png()
      .toFile(join(folder, file));
    lines.push(`${file},p${index},${index % 2}`);
  }
  await writeFile(join(folder, "table.csv"), `${lines.join("\n")}\n`);
}

/** Two runs, the second with the first's features. */
async function ours(folder: string, rounds: number): Promise<{ readonly first: Time; readonly again: Time }> {
  const base = await baseFromLayers(randomNetwork("efficientnet_lite0", SIZE), {
    name: "bench",
    version: "1.0",
    title: "Bench",
    description: "",
    licence: "none",
    origin: "random",
    field: { name: "file", title: "Picture" },
    signal: undefined,
    mean: [127, 127, 127],
    sd: [128, 128, 128],
    label: LABEL,
    split: null,
  });
  const featureCache = { folder: join(folder, "features"), key: randomBytes(32) };
  const run = () => timed(() => wholeRun(base, folder, featureCache, rounds));
  return { first: await run(), again: await run() };
}

async function wholeRun(
  { manifest, weights }: Base,
  folder: string,
  featureCache: { readonly folder: string; readonly key: Uint8Array },
  rounds: number,
): Promise<void> {
  const plan = planOf(manifest, rounds);
  const table: TableDeclaration = {
    path: join(folder, "table.csv"),
    encoding: "utf-8",
    delimiter: ",",
    decimal: ".",
    missing: [],
    columns: {},
    label: "label",
    patient: "patient",
  };
  const model = await openSiteModel({ manifest, weights, plan, table, featureCache });
  const vector = initialVector(manifest, weights, plan.training.trainable);
  for (let round = 1; round <= rounds; round++) {
    const { update } = await model.train(vector, { run: "bench", round, site: "one" });
    update.forEach((value, index) => (vector[index] = (vector[index] as number) + value));
  }
  await model.close();
}

/** Every patient trains; the rest is as in the brain MRI example. */
const planOf = (manifest: Base["manifest"], rounds: number): Plan => ({
  format: "engraft.plan/1",
  name: "bench",
  version: 1,
  purpose: "Timing.",
  base: { name: manifest.name, version: manifest.version, manifest: manifest.weights.digest, weights: manifest.weights.digest },
  data: { fields: manifest.fields, label: LABEL, split: { salt: "bench", train: 1, validation: 0 } },
  training: {
    trainable: { part: "head" },
    amount: { unit: "epochs", count: EPOCHS },
    batch: BATCH,
    optimizer: { name: "adam", learningRate: 0.001 },
    weightDecay: 0,
    clip: 8,
    seed: 1,
  },
  rounds: { count: rounds, stop: null },
  cohort: { minSites: 1, fraction: 1, gatherSeconds: 30, deadlineSeconds: 300, graceSeconds: 5 },
  metrics: { names: ["auroc"], perSite: false, minCount: 2, compareAlone: false },
  aggregation: { method: "plain" },
});
