/** `model.json` and its shards: a layers-model of TensorFlow.js, for `tf.loadLayersModel`. */
import { concat, float32Bytes, utf8 } from "@engraft/core/base/bytes";
import { kerasLayers } from "./keras-network.ts";
import { TFJS, type KerasLayer } from "./keras-layers.ts";
import type { ReadySource } from "./source.ts";

/** As TensorFlow.js itself cuts: small enough for a browser's cache. */
const SHARD_BYTES = 4 * 1024 * 1024;

/** By name: `model.json`, and shards beside it. Throws `CannotHold`. */
export function tfjsModel(source: ReadySource): ReadonlyMap<string, Uint8Array> {
  const layers = kerasLayers(source, TFJS);
  const weights = layers.flatMap(({ name, weights: own }) => own.map((weight) => ({ ...weight, name: `${name}/${weight.name}` })));
  const data = concat(weights.map(({ values }) => float32Bytes(values)));
  const count = Math.max(1, Math.ceil(data.byteLength / SHARD_BYTES));
  const paths = Array.from({ length: count }, (_, at) => `group1-shard${at + 1}of${count}.bin`);
  const model = {
    format: "layers-model",
    generatedBy: "engraft",
    convertedBy: null,
    userDefinedMetadata: source.marks,
    modelTopology: {
      keras_version: "2.15.0",
      backend: "tensorflow",
      model_config: { class_name: "Functional", config: topology(source.manifest.name, layers) },
    },
    weightsManifest: [{ paths, weights: weights.map(({ name, shape }) => ({ name, shape, dtype: "float32" })) }],
  };
  const shards = paths.map((path, at) => [path, data.slice(at * SHARD_BYTES, (at + 1) * SHARD_BYTES)] as const);
  return new Map([["model.json", utf8(JSON.stringify(model))], ...shards]);
}

function topology(name: string, layers: readonly KerasLayer[]): object {
  const ends = (layer: KerasLayer | undefined): readonly unknown[] => [[layer?.name, 0, 0]];
  return {
    name,
    layers: layers.map(({ kind, name: own, config, inputs, shape }) => ({
      class_name: kind,
      name: own,
      config: { name: own, dtype: "float32", ...(kind === "InputLayer" ? { batch_input_shape: [null, ...shape], sparse: false } : config) },
      inbound_nodes: inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}])],
    })),
    input_layers: ends(layers[0]),
    output_layers: ends(layers.at(-1)),
  };
}
