/** `model.keras`: an archive of Keras 3 with the configuration, what it is, and the weights as HDF5. */
import { utf8 } from "@engraft/core/base/bytes";
import { makeBundle } from "@engraft/core/provenance/bundle";
import { kerasLayers } from "./keras-network.ts";
import { KERAS, type KerasLayer } from "./keras-layers.ts";
import { writeHdf5, type Hdf5Tensor } from "./hdf5.ts";
import type { ReadySource } from "./source.ts";

/** Of the configuration's form: 3.5 and older do not find the weights. */
const KERAS_VERSION = "3.6.0";

/** Throws `CannotHold`. */
export async function kerasModel(source: ReadySource): Promise<Uint8Array> {
  const layers = kerasLayers(source, KERAS);
  const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value));
  const files = new Map([
    ["metadata.json", json({ keras_version: KERAS_VERSION, ...source.marks })],
    ["config.json", json(configuration(source.manifest.name, layers))],
    ["model.weights.h5", await writeHdf5(placed(layers))],
  ]);
  return makeBundle(files);
}

/** Weights by Keras's places: it counts the layers of a class, "conv2d", "conv2d_1". */
function placed(layers: readonly KerasLayer[]): readonly Hdf5Tensor[] {
  const counts = new Map<string, number>();
  return layers.flatMap(({ kind, weights, within }) => {
    const place = snakeCase(kind);
    const before = counts.get(place) ?? 0;
    counts.set(place, before + 1);
    const group = `layers/${place}${before === 0 ? "" : `_${before}`}/${within === undefined ? "" : `${within}/`}vars`;
    return weights.map(({ shape, values }, at) => ({ path: `${group}/${at}`, shape, values }));
  });
}

const snakeCase = (name: string): string =>
  name
    .replaceAll(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();

function configuration(name: string, layers: readonly KerasLayer[]): object {
  const shapes = new Map(layers.map((layer) => [layer.name, [null, ...layer.shape]]));
  const tensor = (from: string): object => ({
    class_name: "__keras_tensor__",
    config: { shape: shapes.get(from), dtype: "float32", keras_history: [from, 0, 0] },
  });
  const settings = ({ kind, module, config, shape }: KerasLayer): object => {
    if (module !== undefined) return {};
    if (kind === "InputLayer") return { batch_shape: [null, ...shape], dtype: "float32", sparse: false };
    return { trainable: true, dtype: "float32", ...config };
  };
  const described = (layer: KerasLayer, { kind, module, name: own, inputs } = layer): object => ({
    module: module ?? "keras.layers",
    class_name: kind,
    config: { name: own, ...settings(layer) },
    registered_name: null,
    name: own,
    ...(inputs.length === 0 || module !== undefined
      ? {}
      : { build_config: { input_shape: inputs.length === 1 ? shapes.get(inputs[0] as string) : inputs.map((from) => shapes.get(from)) } }),
    inbound_nodes:
      inputs.length === 0 ? [] : [{ args: inputs.length === 1 ? [tensor(inputs[0] as string)] : [inputs.map(tensor)], kwargs: {} }],
  });
  return {
    module: "keras.src.models.functional",
    class_name: "Functional",
    config: {
      name,
      trainable: true,
      layers: layers.map((layer) => described(layer)),
      input_layers: [layers[0]?.name, 0, 0],
      output_layers: [layers.at(-1)?.name, 0, 0],
    },
    registered_name: "Functional",
    build_config: { input_shape: null },
  };
}
