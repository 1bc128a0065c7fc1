/** A network as Keras has it, which Keras 3 and TensorFlow.js write down in different ways: layers, connections and weights, channels last. */
import type { Shape } from "../ir/layers.ts";

export interface KerasWeight {
  /** As TensorFlow.js calls it; Keras 3 goes by the order. */
  readonly name: string;
  readonly shape: Shape;
  readonly values: Float32Array;
}

export interface KerasLayer {
  /** Keras's class. */
  readonly kind: string;
  /** Where Keras 3 has a class that is no layer but an operation, which has no settings and is not built. */
  readonly module?: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Layers whose outputs come in; none for the input. */
  readonly inputs: readonly string[];
  /** Of the output, without the batch. */
  readonly shape: Shape;
  readonly weights: readonly KerasWeight[];
  /** Keras 3 keeps the weights of a recurrent layer one level further in. */
  readonly within?: "cell";
}

/** What one of the two has and the other has not. */
export interface Flavour {
  readonly name: string;
  /** What Keras calls x sigmoid(x). */
  readonly silu: "silu" | "swish";
  /** A layer that normalises by numbers in its configuration, one that pads a recording, and operations between layers. */
  readonly isWhole: boolean;
}

export const KERAS: Flavour = { name: "Keras", silu: "silu", isWhole: true };
export const TFJS: Flavour = { name: "TensorFlow.js", silu: "swish", isWhole: false };

/** `values` of `shape` with their axes in another order. */
export function turned(values: Float32Array, shape: Shape, axes: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
  const result = new Float32Array(values.length);
  const lengths = axes.map((axis) => shape[axis] as number);
  const steps = axes.map((axis) => strides[axis] as number);
  let to = 0;
  const fill = (axis: number, from: number): void => {
    if (axis === axes.length) {
      result[to++] = values[from] as number;
      return;
    }
    for (let at = 0; at < (lengths[axis] as number); at++) fill(axis + 1, from + at * (steps[axis] as number));
  };
  fill(0, 0);
  return result;
}
