/** Names, shapes and depths of a model's parameters, in canonical order: the order of the layers. */
import type { TensorSpec } from "@engraft/core/models/tensors";
import type { Architecture, Layer } from "./layers.ts";

type Parameter = Omit<TensorSpec, "depth">;

export function parametersOf(layer: Layer): readonly Parameter[] {
  const of = (name: string, shape: number[]): Parameter => ({ name: `${layer.name}/${name}`, shape });
  switch (layer.kind) {
    case "dense":
      return [of("kernel", [layer.in, layer.out]), of("bias", [layer.out])];
    case "conv":
      return [of("kernel", [layer.out, layer.in / layer.groups, ...layer.kernel]), ...(layer.bias ? [of("bias", [layer.out])] : [])];
    case "batch-norm":
      return [
        { ...of("gamma", [layer.channels]), role: "norm" },
        { ...of("beta", [layer.channels]), role: "norm" },
        { ...of("mean", [layer.channels]), role: "statistic" },
        { ...of("variance", [layer.channels]), role: "statistic" },
      ];
    case "layer-norm":
      return [of("gamma", [layer.features]), of("beta", [layer.features])];
    case "embedding":
      return [of("kernel", [layer.entries, layer.width])];
    case "gru":
      return [of("kernel", [layer.in, 3 * layer.units]), of("recurrent", [layer.units, 3 * layer.units]), of("bias", [2, 3 * layer.units])];
    case "activation":
    case "add":
    case "pool":
    case "global-pool":
    case "flatten":
    case "transpose":
    case "plane":
    case "dropout":
      return [];
    default:
      return layer satisfies never;
  }
}

/** Depth of each layer: 0 is the last block that has parameters, 1 the one before it. Layers without parameters have none. */
export function depthsOf({ layers }: Pick<Architecture, "layers">): readonly (number | undefined)[] {
  const depths: (number | undefined)[] = [];
  let [depth, block] = [-1, undefined as string | undefined];
  for (const layer of layers.toReversed()) {
    if (parametersOf(layer).length === 0) {
      depths.unshift(undefined);
      continue;
    }
    if (layer.block === undefined || layer.block !== block) depth++;
    block = layer.block;
    depths.unshift(depth);
  }
  return depths;
}

export function tensorsOf(architecture: Pick<Architecture, "layers">): readonly TensorSpec[] {
  const depths = depthsOf(architecture);
  return architecture.layers.flatMap((layer, index) =>
    // Core's key order, so that both sides' JSON can be compared as it is.
    parametersOf(layer).map((parameter) => ({ ...parameter, depth: depths[index] as number })),
  );
}
