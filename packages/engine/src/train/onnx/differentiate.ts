/** Forward and backward pass of layers in one graph: reverse-mode differentiation, layer by layer, while the graph is written. */
import { trainedTensors, type TensorSpec, type TrainablePart } from "@engraft/core/models/tensors";
import { EngraftError } from "@engraft/core/base/errors";
import { shapesOf } from "../../ir/architecture.ts";
import { INPUT, sourcesOf, type Architecture, type Layer, type LayerOf, type Shape } from "../../ir/layers.ts";
import { parametersOf, tensorsOf } from "../../ir/parameters.ts";
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
}

export interface Differentiated {
  readonly graph: Graph;
  readonly architecture: Architecture;
  readonly trainable: TrainablePart;
  readonly batch: number;
  /** The graph's names of the samples [batch, ...input] and of each parameter, in its canonical shape. */
  readonly samples: string;
  readonly valueOf: (name: string) => string;
}

/** Throws `training-failed` for a layer that this engine does not train. */
export function differentiate({ graph, architecture, trainable, batch, samples, valueOf }: Differentiated): Forward {
  const { layers } = architecture;
  const trained: readonly TensorSpec[] = trainedTensors(tensorsOf(architecture), trainable);
  const isTrained = new Set(trained.map(({ name }) => name));
  const shapes = shapesOf(architecture);
  const names = new Map([[INPUT, samples]]);
  /** Whether a layer, or something in front of it, is trained. */
  const moves = new Map([[INPUT, false]]);
  const gradients = new Map<string, string>();
  const statistics = new Map<string, string>();
  const dropped: Dropped[] = [];
  const tape: { readonly layer: Layer; readonly sources: readonly string[]; readonly learnt: Learnt }[] = [];

  layers.forEach((layer, index) => {
    const sources = sourcesOf(layers, index);
    const passesOn = sources.some((source) => moves.get(source));
    moves.set(layer.name, passesOn || parametersOf(layer).some(({ name }) => isTrained.has(name)));
    const input = shapes.get(sources[0] as string) as Shape;
    const { learn } = operatorOf(layer);
    if (learn === undefined) throw new EngraftError("training-failed", `a layer of kind ${layer.kind} is trained by TensorFlow.js only`);
    const learnt = learn(
      {
        graph,
        layer,
        batch,
        input,
        output: shapes.get(layer.name) as Shape,
        parameter: (name) => valueOf(`${layer.name}/${name}`),
        trains: (name) => isTrained.has(`${layer.name}/${name}`),
        learn: (name, gradient) => gradients.set(`${layer.name}/${name}`, gradient),
        passesOn,
        mask: () => {
          dropped.push({ input: `kept/${layer.name}`, layer: layer as LayerOf<"dropout">, shape: input });
          return `kept/${layer.name}`;
        },
        statistics: (mean, variance) => {
          statistics.set(`${layer.name}/mean`, mean).set(`${layer.name}/variance`, variance);
        },
      },
      sources.map((source) => names.get(source) as string),
    );
    names.set(layer.name, learnt.output);
    tape.push({ layer, sources, learnt });
  });

  return {
    logits: names.get(layers.at(-1)?.name ?? INPUT) as string,
    dropped,
    statistics,
    backward(ofLogits) {
      const arriving = new Map([[layers.at(-1)?.name ?? INPUT, ofLogits]]);
      for (const { layer, sources, learnt } of tape.toReversed()) {
        const gradient = arriving.get(layer.name);
        // Of a layer that leads nowhere, or with nothing trained up to it, there is none.
        if (gradient === undefined || moves.get(layer.name) !== true) continue;
        learnt.backward(gradient).forEach((part, at) => {
          const source = sources[at] as string;
          const other = arriving.get(source);
          arriving.set(source, other === undefined ? part : graph.node("Add", [other, part]));
        });
      }
      return gradients;
    },
  };
}
