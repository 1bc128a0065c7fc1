/**
 * Where a model is cut in two: the trunk, which is frozen and runs in ONNX Runtime once per sample, and the tail, which is
 * trained. A cut is possible where a single tensor crosses it: not inside a residual block.
 */
import { shapesOf } from "./architecture.ts";
import { INPUT, sourcesOf, type Architecture, type Layer, type Shape } from "./layers.ts";
import { depthsOf } from "./parameters.ts";

export interface Cut {
  /** Layers in front of the cut; 0 where everything is trained. */
  readonly layers: number;
  /** The tensor that crosses, by its layer's name. */
  readonly tensor: string;
  readonly shape: Shape;
}

/** Every possible cut, from the input on. */
export function cutsOf(architecture: Architecture): readonly Cut[] {
  const { layers } = architecture;
  const shapes = shapesOf(architecture);
  const indexOf = new Map(layers.map((layer, index) => [layer.name, index]));
  /** The earliest tensor that layers from `index` on still take. */
  const earliest: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (let index = layers.length - 1; index >= 0; index--) {
    for (const source of sourcesOf(layers, index)) least = Math.min(least, source === INPUT ? -1 : (indexOf.get(source) as number));
    earliest[index] = least;
  }
  return layers.flatMap((_, index) => {
    if (earliest[index] !== index - 1) return [];
    const tensor = layers[index - 1]?.name ?? INPUT;
    return [{ layers: index, tensor, shape: shapes.get(tensor) as Shape }];
  });
}

/** The last possible cut with nothing in front of it that is trained: all layers of depth `deepest` or less are behind it. */
export function cutFor(architecture: Architecture, deepest: number): Cut {
  const first = depthsOf(architecture).findIndex((depth) => depth !== undefined && depth <= deepest);
  return cutsOf(architecture).findLast((cut) => cut.layers <= first) as Cut;
}

/** The part in front of a cut, as an architecture that ends with the tensor that crosses. */
export const trunkOf = (architecture: Architecture, cut: Cut): Pick<Architecture, "input" | "layers"> => ({
  input: architecture.input,
  layers: architecture.layers.slice(0, cut.layers),
});

/** Everything that what enters the last layer depends on. */
export function beforeLast({ input, layers }: Pick<Architecture, "input" | "layers">): Pick<Architecture, "input" | "layers"> {
  const [source] = sourcesOf(layers, layers.length - 1);
  return { input, layers: layers.slice(0, 1 + layers.findIndex(({ name }) => name === source)) };
}

/** The part behind a cut, whose input is the tensor that crosses. */
export function tailOf(architecture: Architecture, cut: Cut): Architecture {
  const renamed = (source: string): string => (source === cut.tensor ? INPUT : source);
  const layers = architecture.layers.slice(cut.layers).map((layer): Layer => {
    if (layer.kind === "add") return { ...layer, from: [renamed(layer.from[0]), renamed(layer.from[1])] };
    return layer.from === undefined ? layer : { ...layer, from: renamed(layer.from) };
  });
  return { ...architecture, input: [...cut.shape], layers };
}
