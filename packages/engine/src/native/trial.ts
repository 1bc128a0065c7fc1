/** Whether this machine can train a plan, seen before anybody approves it: enough memory, every operation there, and how long a round takes. */
import type { Manifest } from "@engraft/core/models/manifest";
import type { Plan } from "@engraft/core/models/plan";
import { EngraftError } from "@engraft/core/base/errors";
import { totalSize, trainedTensors } from "@engraft/core/models/tensors";
import { inputShape, sizeOfShape } from "../ir/layers.ts";
import { wantedBackends } from "./wanted.ts";
import { trainedPart } from "./trained-part.ts";
import { probe, type ProbeAnswer, type ProbeRequest } from "./probe.ts";

export type Trial =
  | {
      readonly can: true;
      /** Engine and backend that did the step. */
      readonly engine: string;
      readonly stepMs: number;
      /** The other engines that can train it here; only a review times them. */
      readonly others?: readonly TimedStep[];
      /** Steps of one round; null where that depends on a table that is not registered yet. */
      readonly steps: number | null;
      readonly minutes: number | null;
      /** Longer than the coordinator waits for an answer. */
      readonly late: boolean;
      readonly memoryBytes: number;
    }
  | { readonly can: false; readonly reason: string };

export interface TrialMachine {
  readonly probe: (request: ProbeRequest) => Promise<ProbeAnswer>;
  /** Memory that a new process may still take, in bytes. */
  readonly available: () => number;
}

const thisMachine: TrialMachine = { probe, available: () => process.availableMemory() };

export interface TrialRows {
  /** Rows of the training part. */
  readonly train: number;
  readonly all: number;
}

const FLOAT = 4;
/** An engine that has loaded, on Node. */
const ENGINE_BYTES = 150 * 1024 ** 2;
/** The weights file, its tensors, the engine's own; of the trained part also start, gradient, moments, update and its copies. */
const COPIES = 3;
const TRAINED_COPIES = 8;
/** Samples are held as read, and as prepared. */
const SAMPLE_COPIES = 2;

/** At least this is needed, whatever the layers between: so a plan that is far too large is not even tried. */
function leastBytes(manifest: Manifest, { batch, trainable }: Plan["training"], width: number): number {
  const values = COPIES * totalSize(manifest.tensors) + TRAINED_COPIES * totalSize(trainedTensors(manifest.tensors, trainable));
  return ENGINE_BYTES + FLOAT * (values + SAMPLE_COPIES * batch * width);
}

/** Numbers of one sample that enter the trained layers, or why there are none. */
function widthOf(manifest: Manifest, { trainable }: Plan["training"]): number | Trial {
  try {
    return sizeOfShape(inputShape(trainedPart(manifest, trainable)));
  } catch (error) {
    if (error instanceof EngraftError) return { can: false, reason: error.message.replace(/\.$/, "") };
    throw error;
  }
}

export interface TimedStep {
  /** Engine and backend. */
  readonly engine: string;
  readonly stepMs: number;
}

/**
 * How long a step takes on the engines other than `chosen` that can train the plan here. Plain JavaScript is left out: where another engine
 * trains a plan it is slower by far, and a step may take minutes. Never throws.
 */
export async function timeOthers(
  chosen: string,
  manifest: Manifest,
  { training }: Plan,
  { probe: tryOn } = thisMachine,
): Promise<readonly TimedStep[]> {
  const others: TimedStep[] = [];
  for (const backend of wantedBackends().filter((name) => name !== "cpu")) {
    if (chosen.startsWith("onnx") ? backend === "onnx" : chosen === `tfjs ${backend}`) continue;
    const answer = await tryOn({ what: "plan", manifest, training, backends: [backend] });
    if (answer.ok) others.push({ engine: answer.engine, stepMs: answer.stepMs });
  }
  return others;
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1024 ** 2).toLocaleString("en")} MB`;

/** Does real steps in a process of its own. `rows` is null where no table is chosen. Never throws. */
export async function tryPlan(manifest: Manifest, plan: Plan, rows: TrialRows | null, machine = thisMachine): Promise<Trial> {
  const { training } = plan;
  const width = widthOf(manifest, training);
  if (typeof width !== "number") return width;
  const changed = training.augmentation?.copies ?? 0;
  const table = FLOAT * SAMPLE_COPIES * ((rows?.all ?? 0) + changed * (rows?.train ?? 0)) * width;
  const tooLarge = (needed: number): Trial | undefined => {
    const available = machine.available();
    if (needed <= available) return undefined;
    return { can: false, reason: `it needs about ${megabytes(needed)} of memory, and ${megabytes(available)} are free on this machine` };
  };
  const before = tooLarge(leastBytes(manifest, training, width) + table);
  if (before !== undefined) return before;
  const tried = await machine.probe({ what: "plan", manifest, training });
  if (!tried.ok) return { can: false, reason: tried.reason.replace(/\.$/, "") };
  const memoryBytes = tried.peakBytes + table;
  const after = tooLarge(memoryBytes);
  if (after !== undefined) return after;
  const { amount, batch } = training;
  const steps =
    amount.unit === "updates" ? amount.count : rows === null ? null : Math.ceil((amount.count * (1 + changed) * rows.train) / batch);
  const minutes = steps === null ? null : (steps * tried.stepMs) / 60_000;
  const late = minutes !== null && 60 * minutes > plan.cohort.deadlineSeconds;
  return { can: true, engine: tried.engine, stepMs: tried.stepMs, steps, minutes, late, memoryBytes };
}
