/** Where the weights of a layer are: by its place in a file of Keras 3, by its name in one of TensorFlow.js. */
import type { NamedTensor } from "../named-tensors.ts";
import { broken } from "./config.ts";
import type { Hdf5 } from "./hdf5.ts";
import type { Weights } from "./network.ts";

/** `layers/conv2d_1/vars/0`, in the order in which Keras creates them; `vars` says the layer's name. */
export const weightsByPlace =
  ({ tensors, names }: Hdf5): Weights =>
  (layer, parts, inner) => {
    const told = names.get(`${layer.path}/vars`);
    if (told !== undefined && told !== layer.name) throw broken(layer, "has the weights of another layer");
    const group = `${layer.path}/${inner === undefined ? "" : `${inner}/`}vars`;
    if (parts.length > 0 && tensors.has(`${group}/${parts.length}`) && layer.kind !== "Normalization")
      throw broken(layer, "has more weights than it should");
    return parts.map(([name], index) => {
      const tensor = tensors.get(`${group}/${index}`);
      if (tensor === undefined) throw broken(layer, `has no ${name} of float32 in the file of weights`);
      return tensor;
    });
  };

/** `conv2d_1/kernel`, or with more in between. */
export function weightsByName(tensors: ReadonlyMap<string, NamedTensor>): Weights {
  const byLayer = new Map<string, Map<string, NamedTensor | "twice">>();
  for (const [name, tensor] of tensors) {
    const layer = name.slice(0, name.indexOf("/"));
    const part = name.slice(name.lastIndexOf("/") + 1);
    const parts = byLayer.get(layer) ?? new Map<string, NamedTensor | "twice">();
    parts.set(part, parts.has(part) ? "twice" : tensor);
    byLayer.set(layer, parts);
  }
  return (layer, parts) => {
    const found = byLayer.get(layer.name);
    if (found !== undefined && found.size > parts.length && layer.kind !== "Normalization")
      throw broken(layer, "has more weights than it should");
    return parts.map((names) => {
      const tensor = names.map((name) => found?.get(name)).find((one) => one !== undefined);
      if (tensor === undefined) throw broken(layer, `has no ${names[0]} in the file of weights`);
      if (tensor === "twice") throw broken(layer, `has two weights that are called ${names[0]}`);
      return tensor;
    });
  };
}
