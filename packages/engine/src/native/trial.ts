/**
 * Whether this machine can train a plan, seen before anybody approves it: enough memory, every operation there, how long a round takes, and on
 * which engine.
 */
import type { Manifest } from "@engraft/core/models/manifest";
import type { Plan } from "@engraft/core/models/plan";
import { EngraftError } from "@engraft/core/base/errors";
import { totalSize, trainedTensors } from "@engraft/core/models/tensors";
import { inputShape, sizeOfShape } from "../ir/layers.ts";
import type { Backend } from "../train/trainer.ts";
import { wantedBackends, wantedEngine } from "./wanted.ts";
import { trainedPart } from "./trained-part.ts";
import { probe, type ProbeAnswer, type ProbeRequest } from "./probe.ts";

export interface TimedStep {
  readonly backend: Backend;
  /** As it is recorded with an update, for example "tfjs wasm". */
  readonly engine: string;
  readonly stepMs: number;
}

export type Trial =
  | (TimedStep & {
      readonly can: true;
      /** The other engines that can train it here, where they were timed. */
      readonly others: readonly TimedStep[];
      /** Steps of one round; null where that depends on a table that is not registered yet. */
      readonly steps: number | null;
      readonly minutes: number | null;
      /** Longer than the coordinator waits for an answer. */
      readonly late: boolean;
      readonly memoryBytes: number;
    })
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

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1024 ** 2).toLocaleString("en")} MB`;

type Tried = Extract<ProbeAnswer, { readonly ok: true }>;

/** Below it there is nothing to gain by choosing, and the usual order stands. */
const SHORT_MINUTES = 1;
/** The time of a step varies by as much from one minute to the next. */
const CLEARLY = 1.25;

/** The quickest, where it is clearly quicker than the first of the usual order. */
function quickest(usual: Tried, others: readonly Tried[]): Tried {
  const [best] = others.toSorted((a, b) => a.stepMs - b.stepMs);
  return best !== undefined && CLEARLY * best.stepMs < usual.stepMs ? best : usual;
}

/**
 * The engines other than `usual` that can train the plan here. Plain JavaScript is left out: where another engine trains a plan it is slower by
 * far, and a step may take minutes.
 */
async function othersThan(usual: Backend, request: Extract<ProbeRequest, { what: "plan" }>, tryOn: TrialMachine["probe"]) {
  const others: Tried[] = [];
  for (const backend of wantedBackends().filter((name) => name !== usual && name !== "cpu")) {
    const answer = await tryOn({ ...request, backends: [backend] });
    if (answer.ok) others.push(answer);
  }
  return others;
}

const timed = ({ backend, engine, stepMs }: Tried): TimedStep => ({ backend, engine, stepMs });

/** Steps of one round; null where no table is chosen that tells. */
function stepsOf({ amount, batch, augmentation }: Plan["training"], rows: TrialRows | null): number | null {
  if (amount.unit === "updates") return amount.count;
  return rows === null ? null : Math.ceil((amount.count * (1 + (augmentation?.copies ?? 0)) * rows.train) / batch);
}

/**
 * Does real steps, each engine in a process of its own. The engine that the site's people have set is taken as it is; else, where a round is no
 * matter of seconds, the quickest. `every`: times the others in any case, for a reader. `rows` is null where no table is chosen. Never throws.
 */
export async function tryPlan(
  manifest: Manifest,
  plan: Plan,
  rows: TrialRows | null,
  { every = false, machine = thisMachine }: { readonly every?: boolean; readonly machine?: TrialMachine } = {},
): Promise<Trial> {
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
  const request = { what: "plan", manifest, training } as const;
  const usual = await machine.probe(request);
  if (!usual.ok) return { can: false, reason: usual.reason.replace(/\.$/, "") };
  const steps = stepsOf(training, rows);
  const minutesOf = ({ stepMs }: Tried): number | null => (steps === null ? null : (steps * stepMs) / 60_000);
  const choosing = wantedEngine() === undefined && (minutesOf(usual) ?? Infinity) >= SHORT_MINUTES;
  const others = every || choosing ? await othersThan(usual.backend, request, machine.probe) : [];
  const fitting = others.filter(({ peakBytes }) => tooLarge(peakBytes + table) === undefined);
  const chosen = choosing ? quickest(usual, fitting) : usual;
  const memoryBytes = chosen.peakBytes + table;
  const after = tooLarge(memoryBytes);
  if (after !== undefined) return after;
  const minutes = minutesOf(chosen);
  const late = minutes !== null && 60 * minutes > plan.cohort.deadlineSeconds;
  const rest = [usual, ...others].filter((one) => one !== chosen).map(timed);
  return { can: true, ...timed(chosen), others: rest, steps, minutes, late, memoryBytes };
}
