/** Runs the graphs of steps: what they take is prepared from the batch and the state, and the state is written back. */
import { offsetsOf, unflatten, type TensorSpec } from "@engraft/core/models/tensors";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { inputShape } from "../../ir/layers.ts";
import { threadOptions } from "../../native/wanted.ts";
import type { Block } from "../../onnx/blocked/probe.ts";
import { dropoutFactors } from "../dropout.ts";
import { slotsOf, type TrainingState } from "../optimizer.ts";
import { followed } from "../statistics.ts";
import type { CompileOptions, PerSampleGradients, SampleRows } from "../trainer.ts";
import type { Dropped } from "./differentiate.ts";
import { EPOCH, epochOf } from "./epoch.ts";
import { lossInputs, lossShapes } from "./losses.ts";
import { extrasOf, UPDATE_NUMBERS, UPDATE_VECTORS, updateNumbers, type Extras } from "./optimizer.ts";
import { PER_SAMPLE, perSampleOf, type PerSample } from "./per-sample.ts";
import { STEP, stepOf, type Step, type StepSettings } from "./step.ts";

export const floats = (values: Float32Array, dims: readonly number[]): Tensor => new Tensor("float32", values, dims);

export interface OnnxOptions {
  /** Block size of the channel-blocked operators, as this machine's probe found it; 0 keeps to standard operators. */
  readonly block: Block;
  /** Whether the runtime may rewrite the graph; off in tests that compare both. */
  readonly rewrites?: boolean;
  /** Opens a graph; by default onnxruntime-node does. onnxruntime-web's can stand here, with block 0. */
  readonly create?: (file: Uint8Array, options: InferenceSession.SessionOptions) => Promise<InferenceSession>;
}

/** One for each key, made when it is first needed: a graph that is never asked for costs nothing. */
export class Loaded<K, T extends { readonly session: InferenceSession }> {
  readonly #make: (key: K) => Promise<T>;
  readonly #made = new Map<string, Promise<T>>();

  constructor(make: (key: K) => Promise<T>) {
    this.#make = make;
  }

  get(key: K): Promise<T> {
    const text = JSON.stringify(key);
    const made = this.#made.get(text) ?? this.#make(key);
    this.#made.set(text, made);
    return made;
  }

  release(): void {
    // What runs at this moment ends first: a session knows that itself.
    for (const made of this.#made.values()) void made.then(({ session }) => session.release()).catch(() => undefined);
    this.#made.clear();
  }
}

const onThisMachine: OnnxOptions["create"] = (file, options) => InferenceSession.create(file, options);

export const start = (file: Uint8Array, { rewrites = true, create = onThisMachine }: OnnxOptions): Promise<InferenceSession> =>
  create(file, { logSeverityLevel: 3, graphOptimizationLevel: rewrites ? "all" : "disabled", ...threadOptions() });

/** An input of a graph. */
interface Value {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

const feedsOf = (values: readonly Value[]): Record<string, Tensor> =>
  Object.fromEntries(values.map(({ name, dims, values: own }) => [name, floats(own, dims)]));

type Moment = Pick<TrainingState, "seed" | "steps">;

const masksOf = (batch: number, dropped: readonly Dropped[], { seed, steps }: Moment): readonly Value[] =>
  dropped.map(({ input, layer, shape }) => {
    const dims = [batch, ...shape];
    const size = dims.reduce((product, length) => product * length);
    return { name: input, dims, values: dropoutFactors([seed, steps, layer.name], size, layer.rate) };
  });

/** What a step takes that no other does, but for its samples. */
function ofStep(
  { batch, loss, ...settings }: CompileOptions,
  dropped: readonly Dropped[],
  y: Float32Array,
  moment: Moment,
): readonly Value[] {
  const shapes = lossShapes(loss, batch);
  const { targets, weights } = lossInputs(loss, y, batch);
  const numbers = Object.entries(updateNumbers(moment, settings));
  return [
    { name: STEP.targets, dims: shapes.targets, values: targets },
    { name: STEP.weights, dims: shapes.weights, values: weights },
    ...numbers.map(([name, value]) => ({ name, dims: [], values: Float32Array.of(value) })),
    ...masksOf(batch, dropped, moment),
  ];
}

/** What every step of a state takes. */
function ofAll({ parameters, rates, proximal, correction }: TrainingState): readonly Value[] {
  const dims = [parameters.length];
  const vectors = [
    [UPDATE_VECTORS.rates, rates],
    [UPDATE_VECTORS.anchor, proximal?.anchor],
    [UPDATE_VECTORS.correction, correction],
  ] as const;
  return [
    ...vectors.flatMap(([name, values]) => (values === undefined ? [] : [{ name, dims, values }])),
    ...(proximal === undefined ? [] : [{ name: UPDATE_NUMBERS.mu, dims: [], values: Float32Array.of(proximal.mu) }]),
  ];
}

/** The optimizer's vectors within the state. */
const slotsIn = (options: CompileOptions, { slots, parameters }: TrainingState): readonly Float32Array[] =>
  Array.from({ length: slotsOf(options) }, (_, at) => slots.subarray(at * parameters.length, (at + 1) * parameters.length));

/** What goes from step to step. */
const carried = (options: CompileOptions, state: TrainingState): readonly Value[] =>
  [
    [STEP.parameters, state.parameters] as const,
    ...slotsIn(options, state).map((values, at) => [UPDATE_VECTORS.slots(at), values] as const),
  ].map(([name, values]) => ({ name, dims: [values.length], values }));

interface LoadedStep extends Omit<Step, "file"> {
  readonly session: InferenceSession;
}

export class StepRunner {
  readonly #settings: Omit<StepSettings, "extras">;
  readonly #steps: Loaded<Extras, LoadedStep>;
  readonly #offsets: ReadonlyMap<string, number>;

  constructor(settings: Omit<StepSettings, "extras">, trained: readonly TensorSpec[], onnx: OnnxOptions) {
    this.#settings = settings;
    this.#offsets = offsetsOf(trained);
    this.#steps = new Loaded(async (extras) => {
      const { file, ...rest } = stepOf({ ...settings, extras });
      return { session: await start(file, onnx), ...rest };
    });
  }

  async run(x: Float32Array, y: Float32Array, state: TrainingState): Promise<number> {
    const { options, architecture } = this.#settings;
    const step = await this.#steps.get(extrasOf(state));
    const samples = { name: STEP.samples, dims: [options.batch, ...inputShape(architecture)], values: x };
    const outputs = await step.session.run(
      feedsOf([samples, ...ofStep(options, step.dropped, y, state), ...ofAll(state), ...carried(options, state)]),
    );
    const data = (name: string): Float32Array => outputs[name]?.data as Float32Array;
    const seen = step.followed.length === 0 ? new Map<string, Float32Array>() : unflatten(step.followed, data(STEP.statistics));
    const statistics = followed(state.parameters, this.#offsets, seen);
    state.parameters.set(data(STEP.updated));
    slotsIn(options, state).forEach((slot, at) => slot.set(data(STEP.updatedSlot(at))));
    for (const [at, values] of statistics) state.parameters.set(values, at);
    state.steps++;
    return data(STEP.loss)[0] as number;
  }

  release(): void {
    this.#steps.release();
  }
}

/** Numbers prepared for one call at most, 16 MiB of them: masks and risk sets grow with every step. */
const PREPARED = 4 * 1024 ** 2;

export class EpochRunner {
  readonly #settings: Omit<StepSettings, "extras">;
  readonly #epochs: Loaded<Extras, Omit<LoadedStep, "followed">>;

  constructor(settings: Omit<StepSettings, "extras">, onnx: OnnxOptions) {
    this.#settings = settings;
    this.#epochs = new Loaded(async (extras) => {
      const { file, dropped } = epochOf({ ...settings, extras });
      return { session: await start(file, onnx), dropped };
    });
  }

  /** The loss of each step. */
  async run(samples: SampleRows, order: Int32Array, state: TrainingState): Promise<Float32Array> {
    const { options } = this.#settings;
    const { session, dropped } = await this.#epochs.get(extrasOf(state));
    const losses = new Float32Array(order.length / options.batch);
    for (let from = 0; from < losses.length;) {
      const { inputs, count } = this.#prepared(samples, order.subarray(from * options.batch), state, dropped);
      const outputs = await session.run({
        [EPOCH.rows]: floats(samples.x, [samples.x.length / samples.width, samples.width]),
        [EPOCH.order]: new Tensor("int32", order.subarray(from * options.batch, (from + count) * options.batch), [count, options.batch]),
        ...feedsOf([...inputs, ...ofAll(state), ...carried(options, state).map((value) => ({ ...value, name: EPOCH.first(value.name) }))]),
      });
      for (const { name, values } of carried(options, state)) values.set(outputs[EPOCH.last(name)]?.data as Float32Array);
      losses.set(outputs[EPOCH.losses]?.data as Float32Array, from);
      state.steps += count;
      from += count;
    }
    return losses;
  }

  release(): void {
    this.#epochs.release();
  }

  /** What the next steps take, one behind the other: of all that `order` names, or of as many as memory shall hold. */
  #prepared(samples: SampleRows, order: Int32Array, { seed, steps }: TrainingState, dropped: readonly Dropped[]) {
    const { options } = this.#settings;
    const { batch } = options;
    const at = (step: number): readonly Value[] =>
      ofStep(options, dropped, targetsOf(samples, order.subarray(step * batch, (step + 1) * batch)), { seed, steps: steps + step });
    const first = at(0);
    const each = first.reduce((sum, { values }) => sum + values.length, 0);
    const count = Math.min(order.length / batch, Math.max(1, Math.floor(PREPARED / each)));
    const inputs = first.map(({ name, dims, values }) => ({
      name: EPOCH.each(name),
      dims: [count, ...dims],
      values: new Float32Array(count * values.length),
    }));
    for (let step = 0; step < count; step++)
      at(step).forEach(({ values }, input) => inputs[input]?.values.set(values, step * values.length));
    return { inputs, count };
  }
}

/** Both of a loss's tensors for samples that are each a batch of their own. */
function apart({ loss, batch }: CompileOptions, y: Float32Array): readonly Value[] {
  const shapes = lossShapes(loss, batch);
  const each = y.length / batch;
  const inputs = Array.from({ length: batch }, (_, row) => lossInputs(loss, y.subarray(row * each, (row + 1) * each), 1));
  return [
    { name: STEP.targets, dims: shapes.targets, values: Float32Array.from(inputs.flatMap(({ targets }) => [...targets])) },
    { name: STEP.weights, dims: shapes.weights, values: Float32Array.from(inputs.flatMap(({ weights }) => [...weights])) },
  ];
}

export class PerSampleRunner {
  readonly #settings: Omit<StepSettings, "extras">;
  readonly #loaded: Loaded<"all", Omit<PerSample, "file"> & { readonly session: InferenceSession }>;

  constructor(settings: Omit<StepSettings, "extras">, onnx: OnnxOptions) {
    this.#settings = settings;
    this.#loaded = new Loaded(async () => {
      const { file, ...rest } = perSampleOf(settings);
      return { session: await start(file, onnx), ...rest };
    });
  }

  async run(x: Float32Array, y: Float32Array, { parameters, seed, steps }: TrainingState, clip: number): Promise<PerSampleGradients> {
    const { options, architecture } = this.#settings;
    const { session, dropped, nameOf } = await this.#loaded.get("all");
    const values: readonly Value[] = [
      { name: STEP.samples, dims: [options.batch, ...inputShape(architecture)], values: x },
      ...apart(options, y),
      ...masksOf(options.batch, dropped, { seed, steps }),
      { name: STEP.parameters, dims: [parameters.length], values: parameters },
      { name: PER_SAMPLE.clip, dims: [], values: Float32Array.of(clip) },
    ];
    const outputs = await session.run(feedsOf(values.map((value) => ({ ...value, name: nameOf(value.name) }))));
    const data = (name: string): Float32Array => outputs[name]?.data as Float32Array;
    return { norms: data(PER_SAMPLE.norms), sum: data(PER_SAMPLE.sum) };
  }

  release(): void {
    this.#loaded.release();
  }
}

/** Targets of these rows, one behind the other. */
function targetsOf({ y, targets }: SampleRows, rows: Int32Array): Float32Array {
  const chosen = new Float32Array(rows.length * targets);
  rows.forEach((row, at) => chosen.set(y.subarray(row * targets, (row + 1) * targets), at * targets));
  return chosen;
}
