/**
 * The layer IR: what a model computes, as data, with canonical parameter names. It stands in `manifest.architecture`; every
 * engine (TensorFlow.js for training, ONNX Runtime for what is frozen) builds its own form from it. Shapes are without the
 * batch, channels first: [features], [channels, length], [channels, height, width]; sequences are [steps, features].
 *
 * A new kind of layer is one more member of `Layer`, one case in `shapes.ts` and in `parameters.ts`, and one in each engine.
 */
import type { LabelKind } from "@engraft/core/models/labels";
import * as z from "zod";

export const LayerName = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, "use a lower-case letter, then letters, digits and '_'");
const Width = z.int().min(1).max(65_536);
const Extent = z.int().min(1).max(4096);

const common = {
  name: LayerName,
  /** The layer whose output comes in, or "input"; the layer before by default. */
  from: LayerName.exactOptional(),
  /** Consecutive layers of one block are trained or frozen together; without it a layer that has parameters is a block of its own. */
  block: LayerName.exactOptional(),
};

/** "same" pads as TensorFlow does: to ceil(in / stride) outputs, the odd one at the end. Else [before, after] of each dimension. */
const Padding = z.union([
  z.literal("same"),
  z
    .array(z.tuple([z.int().min(0).max(4096), z.int().min(0).max(4096)]))
    .min(1)
    .max(2),
]);

/** y = x W + b, on the last dimension. Parameters `<name>/kernel` [in, out] and `<name>/bias` [out]. */
const Dense = z.strictObject({ kind: z.literal("dense"), ...common, in: Width, out: Width });
/**
 * Convolution over one or two dimensions (cross-correlation, as every framework has it). Parameters `<name>/kernel`
 * [out, in / groups, ...kernel] and, with `bias`, `<name>/bias` [out].
 */
const Conv = z.strictObject({
  kind: z.literal("conv"),
  ...common,
  in: Width,
  out: Width,
  kernel: z.array(Extent).min(1).max(2),
  stride: z.array(Extent).min(1).max(2),
  padding: Padding,
  groups: Width,
  bias: z.boolean(),
});
/**
 * Batch normalisation over the channels (Ioffe and Szegedy 2015). Parameters `gamma`, `beta`, and the running statistics
 * `mean` and `variance`, each [channels].
 */
const BatchNorm = z.strictObject({ kind: z.literal("batch-norm"), ...common, channels: Width, epsilon: z.number().gt(0).max(1) });
/**
 * Layer normalisation over the last dimension, row by row (Ba, Kiros and Hinton 2016). Parameters `gamma` and `beta` [features]; there are no
 * running statistics.
 */
const LayerNorm = z.strictObject({ kind: z.literal("layer-norm"), ...common, features: Width, epsilon: z.number().gt(0).max(1) });
/**
 * A row of numbers for each code: [steps] becomes [steps, width]. Codes are whole numbers from 0 to entries - 1; others count as the nearest
 * one. Takes the network's input. Parameter `kernel` [entries, width].
 */
const Embedding = z.strictObject({ kind: z.literal("embedding"), ...common, entries: Width, width: Width });
export const ACTIVATIONS = ["relu", "relu6", "silu", "gelu", "elu", "tanh", "sigmoid", "signed-root", "linear"] as const;
/** Makes the signed root x / sqrt(|x| + this), which has a derivative at 0 too. */
export const ROOT_ROOM = 1e-4;
/** gelu is the exact one, x Phi(x); elu has alpha 1. signed-root draws in what few large features would decide (Perronnin et al. 2010). */
const Activation = z.strictObject({ kind: z.literal("activation"), ...common, function: z.enum(ACTIVATIONS) });
/** The sum of two layers' outputs. */
const Add = z.strictObject({
  kind: z.literal("add"),
  name: LayerName,
  block: LayerName.exactOptional(),
  from: z.tuple([LayerName, LayerName]),
});
/** Padding counts in neither the maximum nor the mean. */
const Pool = z.strictObject({
  kind: z.literal("pool"),
  ...common,
  operation: z.enum(["max", "mean"]),
  window: z.array(Extent).min(1).max(2),
  stride: z.array(Extent).min(1).max(2),
  padding: Padding,
});
/** Over all of space: [channels, ...] becomes [channels]. */
const GlobalPool = z.strictObject({ kind: z.literal("global-pool"), ...common, operation: z.enum(["max", "mean"]) });
/** Row-major, channels first. */
const Flatten = z.strictObject({ kind: z.literal("flatten"), ...common });
/** [a, b] becomes [b, a]: channels of a signal become features of its steps. */
const Transpose = z.strictObject({ kind: z.literal("transpose"), ...common });
/** [a, b] becomes [1, a, b]: a recording seen as a picture of one channel, leads by points. */
const Plane = z.strictObject({ kind: z.literal("plane"), ...common });
/** In training each value is dropped with this probability and the others are scaled up (Srivastava et al. 2014). */
const Dropout = z.strictObject({ kind: z.literal("dropout"), ...common, rate: z.number().min(0).lt(1) });
/**
 * Gated recurrent unit (Cho et al. 2014, in the form of cuDNN: the reset gate acts after the recurrent product). Gates in the
 * order update z, reset r, candidate h. Parameters `kernel` [in, 3 units], `recurrent` [units, 3 units], `bias` [2, 3 units]
 * (of the input and of the recurrent product). Gives the last state [units].
 */
const Gru = z.strictObject({ kind: z.literal("gru"), ...common, in: Width, units: Width });

export const Layer = z.discriminatedUnion("kind", [
  Dense,
  Conv,
  BatchNorm,
  LayerNorm,
  Embedding,
  Activation,
  Add,
  Pool,
  GlobalPool,
  Flatten,
  Transpose,
  Plane,
  Dropout,
  Gru,
]);
export type Layer = z.infer<typeof Layer>;
export type LayerOf<K extends Layer["kind"]> = Extract<Layer, { readonly kind: K }>;

/** The name by which layers refer to what enters the network. */
export const INPUT = "input";

/** Syntax only; `architecture.ts` checks that the layers fit together. */
export const ArchitectureText = z.strictObject({
  format: z.literal("engraft.layers/1"),
  /** Shape of one sample; a single number is a flat row. */
  input: z.union([Width, z.array(z.int().min(1).max(1_000_000)).min(1).max(3)]),
  layers: z.array(Layer).min(1).max(10_000),
  /**
   * What the last layer gives, for each kind of label: one logit, of which the sigmoid is the probability of a yes; a logit for each class,
   * of which the softmax is; a logit for each of several yes/no labels; a value, scaled so that the label's range is -1 to 1; or a log
   * hazard ratio. "logits" are those of somebody else's classes, in import only.
   */
  output: z.enum(["binary-logit", "class-logits", "label-logits", "value", "log-hazard", "logits"]),
});
export type Architecture = z.infer<typeof ArchitectureText>;

/** The output that a kind of label asks for. */
export const OUTPUT_OF = {
  binary: "binary-logit",
  multiclass: "class-logits",
  ordinal: "class-logits",
  multilabel: "label-logits",
  regression: "value",
  survival: "log-hazard",
} as const satisfies Record<LabelKind, Architecture["output"]>;

export type Shape = readonly number[];

export const inputShape = ({ input }: Pick<Architecture, "input">): Shape => (typeof input === "number" ? [input] : input);

export const sizeOfShape = (shape: Shape): number => shape.reduce((product, dimension) => product * dimension, 1);

/** Names of the layers whose outputs enter layer `index`. */
export function sourcesOf(layers: readonly Layer[], index: number): readonly string[] {
  const layer = layers[index] as Layer;
  if (layer.kind === "add") return layer.from;
  return [layer.from ?? layers[index - 1]?.name ?? INPUT];
}
