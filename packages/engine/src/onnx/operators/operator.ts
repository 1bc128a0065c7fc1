/** What an operator of the layer IR is in ONNX: its forward pass for inference, and forward and backward for training. */
import type { Layer, Shape } from "../../ir/layers.ts";
import type { Graph } from "../graph.ts";

export interface Scope<L extends Layer = Layer> {
  readonly graph: Graph;
  readonly layer: L;
  /** Shapes of one sample, of the first input and of the output. */
  readonly input: Shape;
  readonly output: Shape;
  /** Name of a parameter's value, in its canonical shape. */
  readonly parameter: (name: string) => string;
}

/** Training has a fixed number of samples, so every shape is known. */
export interface LearningScope<L extends Layer = Layer> extends Scope<L> {
  readonly batch: number;
  readonly trains: (name: string) => boolean;
  /** Takes the gradient of a parameter that is trained, in its canonical shape. */
  readonly learn: (name: string, gradient: string) => void;
  /** Whether something in front of this layer is trained: if not, `backward` need not give the inputs' gradients. */
  readonly passesOn: boolean;
  /** A dropout layer's factors [batch, ...input]: an input of the graph, so that every engine drops the same values. */
  readonly mask: () => string;
  /** Takes the batch's mean and unbiased variance [channels]. */
  readonly statistics: (mean: string, variance: string) => void;
}

export interface Learnt {
  readonly output: string;
  /**
   * Adds the backward pass: hands parameters' gradients to `learn` and gives the gradient of each input, in the input's shape;
   * nothing where `passesOn` is false.
   */
  readonly backward: (gradient: string) => readonly string[];
  /**
   * Squared L2 norm of each sample's own gradient of the parameters that are trained here, [batch]. Absent where it is not to be had without
   * those gradients themselves.
   */
  readonly squares?: (gradient: string) => string;
}

export interface Operator<L extends Layer> {
  forward(scope: Scope<L>, inputs: readonly string[]): string;
  /** Absent where training is left to TensorFlow.js. */
  readonly learn?: (scope: LearningScope<L>, inputs: readonly string[]) => Learnt;
}
