/**
 * The heart-disease federation in one process, without sockets, keys or disks: sessions of the engine at the four hospitals, and the
 * coordinator's arithmetic. One training run takes seconds.
 */
import { readFile } from "node:fs/promises";
import { roundMean, sampleShares } from "@engraft/core/aggregation/round-mean";
import { initialState, serverStep } from "@engraft/core/aggregation/server-step";
import { Manifest } from "@engraft/core/models/manifest";
import type { Plan } from "@engraft/core/models/plan";
import { vectorSizeOf } from "@engraft/core/models/analytic";
import { initialVector } from "@engraft/engine/import/base";
import { openSession, type Session } from "@engraft/engine/train/session";
import { HOSPITALS } from "../../../examples/heart-disease/definition.ts";
import { exampleFile, siteTable } from "../../../examples/heart-disease/files.ts";

/** What is tried: the plan's training and strategy. */
export type Tried = Pick<Plan, "strategy"> & { readonly part: "head" | "all"; readonly learningRate: number };

export interface Figures {
  /** AUROC, mean of the hospitals. */
  readonly validation: number;
  readonly test: number;
}

/** Its training patients trained the base, and no other must be tested on. */
const BASE_HOSPITAL = "cleveland";

const CONTROL = { progress: () => undefined, aborted: () => false };

/** As the propose form begins, but for what is tried. */
function planFor(example: Plan, { strategy, part, learningRate }: Tried, rounds: number, seed: number): Plan {
  const momentum = strategy?.name === "scaffold" ? 0 : 0.9;
  return {
    ...example,
    training: {
      trainable: { part },
      amount: { unit: "updates", count: 100 },
      batch: 16,
      optimizer: { name: "sgd", learningRate, momentum },
      weightDecay: 0.0001,
      clip: 5,
      seed,
    },
    rounds: { count: rounds, stop: null },
    aggregation: { method: "plain" },
    strategy,
    metrics: { names: ["auroc"], perSite: true, minCount: 1, compareAlone: false },
  };
}

/** Patients are parted anew by each seed, but for the hospital whose patients trained the base. */
const splitOf = (plan: Plan, hospital: string, seed: number): Plan =>
  hospital === BASE_HOSPITAL ? plan : { ...plan, data: { ...plan.data, split: { ...plan.data.split, salt: `sweep ${seed}` } } };

export async function trainFederation(tried: Tried, rounds: number, seed: number): Promise<Figures> {
  const json = async (name: string): Promise<unknown> => JSON.parse(await readFile(exampleFile(name), "utf8"));
  const manifest = Manifest.parse(await json("base/manifest.json"));
  const weights = await readFile(exampleFile("base/weights.safetensors"));
  const plan = planFor((await json("plan.json")) as Plan, tried, rounds, seed);
  const sessions: Session[] = [];
  for (const hospital of HOSPITALS) {
    const options = { manifest, weights, plan: splitOf(plan, hospital, seed), table: siteTable(hospital) };
    sessions.push(await openSession(options, CONTROL));
  }
  const checkpoint = new Float32Array(vectorSizeOf(plan, manifest).vectorLength);
  checkpoint.set(initialVector(manifest, weights, plan.training.trainable));
  const step = serverStep(plan.strategy, { values: checkpoint.length, share: 1 });
  const state = initialState(step, checkpoint.length);
  const variates: (Float32Array | undefined)[] = sessions.map(() => undefined);
  for (let round = 1; round <= rounds; round++) {
    const updates: Float32Array[] = [];
    const counts: number[] = [];
    for (const [at, session] of sessions.entries()) {
      const about = { run: "sweep", round, site: HOSPITALS[at] as string };
      const { update, sampleCount, variate } = await session.train(checkpoint, about, CONTROL, undefined, variates[at]);
      if (variate.length > 0) variates[at] = variate;
      updates.push(update);
      counts.push(sampleCount);
    }
    step.apply({ from: 0, checkpoint, mean: roundMean(updates, sampleShares(counts), plan.strategy), state });
  }
  return { validation: await auroc(sessions, checkpoint, "validation"), test: await auroc(sessions, checkpoint, "test") };
}

/** Mean over the hospitals that have patients of both classes in the part. */
async function auroc(sessions: readonly Session[], checkpoint: Float32Array, part: "validation" | "test"): Promise<number> {
  const values: number[] = [];
  for (const session of sessions) {
    const value = (await session.evaluate(checkpoint, part))?.values.auroc?.value;
    if (value !== undefined) values.push(value);
  }
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
