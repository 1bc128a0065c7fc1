/** Forward and backward pass of layers in one graph: reverse-mode differentiation, layer by layer, while the graph is written. */
import { trainedTensors, type TensorSpec, type TrainablePart } from "@engraft/core/models/tensors";
import { EngraftError } from "@engraft/core/base/errors";
import { shapesOf } from "../../ir/architecture.ts";
import { INPUT, sourcesOf, type Architecture, type Layer, type LayerOf, type Shape } from "../../ir/layers.ts";
import { parametersOf, tensorsOf } from "../../ir/parameters.ts";
import { blockedOperatorOf, isIndifferent } from "../../onnx/blocked/blocked.ts";
import { toBlocked, toPlain, type BlockedScope, type Form } from "../../onnx/blocked/layout.ts";
import type { Block } from "../../onnx/blocked/probe.ts";
import type { Graph } from "../../onnx/graph.ts";
import type { Learnt } from "../../onnx/operators/operator.ts";
import { operatorOf } from "../../onnx/operators/operators.ts";

export interface Dropped {
  /** Name of the graph's input. */
  readonly input: string;
  readonly layer: LayerOf<"dropout">;
  /** Of one sample. */
  readonly shape: Shape;
}

export interface Forward {
  /** [batch, outputs]. */
  readonly logits: string;
  /** Inputs that the dropout layers take. */
  readonly dropped: readonly Dropped[];
  /** The batch's statistics, by the name of the running one. */
  readonly statistics: ReadonlyMap<string, string>;
  /** From the gradient of the logits to those of the trained tensors, by name. */
  backward(gradient: string): ReadonlyMap<string, string>;
  /**
   * Squared L2 norm of each sample's gradient of all that is trained, [batch], from the gradient of the logits of a loss that is a sum over
   * samples. Undefined where a layer has no short way to it, or ties samples together.
   */
  squares(gradient: string): string | undefined;
}

export interface Differentiated {
  readonly graph: Graph;
  readonly architecture: Architecture;
  readonly trainable: TrainablePart;
  readonly batch: number;
  /** 0 keeps to plain values and standard operators. */
  readonly block: Block;
  /** The graph's names of the samples [batch, ...input] and of each parameter, in its canonical shape. */
  readonly samples: string;
  readonly valueOf: (name: string) => string;
}

/** Values, or their gradients, by layer, each in one form or both. */
class Forms {
  readonly #graph: Graph;
  readonly #batch: number;
  readonly #block: Block;
  readonly #shapes: ReadonlyMap<string, Shape>;
  readonly #names = new Map<string, string>();

  constructor({ graph, batch, block }: Differentiated, shapes: ReadonlyMap<string, Shape>) {
    this.#graph = graph;
    this.#batch = batch;
    this.#block = block;
    this.#shapes = shapes;
  }

  has(layer: string, form: Form): boolean {
    return this.#names.has(`${form}/${layer}`);
  }

  set(layer: string, form: Form, value: string): void {
    this.#names.set(`${form}/${layer}`, value);
  }

  /** Made from the other form where that is the one there is. */
  get(layer: string, form: Form): string {
    const made = this.#names.get(`${form}/${layer}`) ?? this.#turned(layer, form);
    this.set(layer, form, made);
    return made;
  }

  /** Adds to what is there in this form. */
  add(layer: string, form: Form, value: string): void {
    const other = this.#names.get(`${form}/${layer}`);
    this.set(layer, form, other === undefined ? value : this.#graph.node("Add", [other, value]));
  }

  /** All that was added, in either form. */
  total(layer: string, form: Form): string | undefined {
    const other = form === "plain" ? "blocked" : "plain";
    const turned = this.has(layer, other) ? this.#turned(layer, form) : undefined;
    const own = this.#names.get(`${form}/${layer}`);
    return own === undefined || turned === undefined ? (own ?? turned) : this.#graph.node("Add", [own, turned]);
  }

  #turned(layer: string, form: Form): string {
    const shape = this.#shapes.get(layer) as Shape;
    const other = this.#names.get(`${form === "plain" ? "blocked" : "plain"}/${layer}`) as string;
    return form === "plain"
      ? toPlain(this.#graph, other, this.#batch, shape)
      : toBlocked(this.#graph, other, this.#batch, shape, this.#block);
  }
}

interface Worked {
  readonly layer: Layer;
  readonly sources: readonly string[];
  readonly learnt: Learnt;
  /** Forms of the inputs and of the output, and of their gradients. */
  readonly takes: Form;
  readonly gives: Form;
}

/** From the last layer to the first, with the gradient that arrives at each; `visit` gives what goes on to its inputs. */
function goBack(
  given: Differentiated,
  tape: readonly Worked[],
  ofLogits: string,
  visit: (worked: Worked, gradient: string) => readonly string[],
): void {
  const arriving = new Forms(given, shapesOf(given.architecture));
  arriving.set(given.architecture.layers.at(-1)?.name ?? INPUT, "plain", ofLogits);
  for (const worked of tape.toReversed()) {
    const gradient = arriving.total(worked.layer.name, worked.gives);
    // Nothing arrives at a layer that leads nowhere.
    if (gradient === undefined) continue;
    visit(worked, gradient).forEach((part, at) => arriving.add(worked.sources[at] as string, worked.takes, part));
  }
}

/** Throws `training-failed` for a layer that this engine does not train. */
export function differentiate(given: Differentiated): Forward {
  const { graph, architecture, trainable, batch, block, samples, valueOf } = given;
  const { layers } = architecture;
  const trained: readonly TensorSpec[] = trainedTensors(tensorsOf(architecture), trainable);
  const isTrained = new Set(trained.map(({ name }) => name));
  const shapes = shapesOf(architecture);
  const values = new Forms(given, shapes);
  values.set(INPUT, "plain", samples);
  /** Whether a layer, or something in front of it, is trained. */
  const moves = new Map([[INPUT, false]]);
  const gradients = new Map<string, string>();
  const statistics = new Map<string, string>();
  const dropped: Dropped[] = [];
  const tape: Worked[] = [];
  /** Off while only gradients of values are wanted. */
  let learns = true;

  const scopeOf = (layer: Layer, input: Shape, passesOn: boolean): BlockedScope => ({
    graph,
    layer,
    batch,
    block,
    input,
    output: shapes.get(layer.name) as Shape,
    parameter: (name) => valueOf(`${layer.name}/${name}`),
    trains: (name) => learns && isTrained.has(`${layer.name}/${name}`),
    learn: (name, gradient) => gradients.set(`${layer.name}/${name}`, gradient),
    passesOn,
    mask: () => {
      dropped.push({ input: `kept/${layer.name}`, layer: layer as LayerOf<"dropout">, shape: input });
      return `kept/${layer.name}`;
    },
    statistics: (mean, variance) => {
      statistics.set(`${layer.name}/mean`, mean).set(`${layer.name}/variance`, variance);
    },
  });

  layers.forEach((layer, index) => {
    const sources = sourcesOf(layers, index);
    const passesOn = sources.some((source) => moves.get(source));
    moves.set(layer.name, passesOn || parametersOf(layer).some(({ name }) => isTrained.has(name)));
    const scope = scopeOf(layer, shapes.get(sources[0] as string) as Shape, passesOn);
    const worked = work(scope, sources, values);
    values.set(layer.name, worked.gives, worked.learnt.output);
    // With nothing trained up to it there is no gradient.
    if (moves.get(layer.name) === true) tape.push(worked);
  });

  return {
    logits: values.get(layers.at(-1)?.name ?? INPUT, "plain"),
    dropped,
    statistics,
    backward(ofLogits) {
      goBack(given, tape, ofLogits, ({ learnt }, gradient) => learnt.backward(gradient));
      return gradients;
    },
    squares(ofLogits) {
      const parts: (string | undefined)[] = [];
      goBack(given, tape, ofLogits, ({ layer, learnt }, gradient) => {
        if (parametersOf(layer).some(({ name }) => isTrained.has(name))) parts.push(learnt.squares?.(gradient));
        learns = false;
        const inputs = learnt.backward(gradient);
        learns = true;
        return inputs;
      });
      if (statistics.size > 0 || parts.includes(undefined)) return undefined;
      return (parts as readonly string[]).reduce((sum, part) => graph.node("Add", [sum, part]));
    },
  };
}

/** One layer, in the form that suits it. */
function work(scope: BlockedScope, sources: readonly string[], values: Forms): Worked {
  const { layer, block } = scope;
  const inputs = (form: Form): readonly string[] => sources.map((source) => values.get(source, form));
  const blocked = block === 0 ? undefined : blockedOperatorOf(layer);
  const takes = blocked?.takes(scope, (form) => sources.some((source) => values.has(source, form)));
  if (blocked !== undefined && takes !== undefined) {
    return { layer, sources, learnt: blocked.learn(scope, inputs(takes)[0] as string, takes), takes, gives: blocked.gives };
  }
  const { learn } = operatorOf(layer);
  if (learn === undefined) throw new EngraftError("training-failed", `a layer of kind ${layer.kind} is trained by TensorFlow.js only`);
  const form = isIndifferent(layer) && sources.some((source) => values.has(source, "blocked")) ? "blocked" : "plain";
  return { layer, sources, learnt: learn(scope, inputs(form)), takes: form, gives: form };
}
