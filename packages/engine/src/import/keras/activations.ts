/** Activations: layers of their own, or named inside of another layer. */
import { ACTIVATIONS, type LayerOf } from "../../ir/layers.ts";
import { isRecord, only, real, refuse, type Config } from "./config.ts";
import { quoted } from "./refusal.ts";
import type { Network, Value } from "./network.ts";
import type { SourceLayer } from "./source.ts";

type Function = LayerOf<"activation">["function"];

const POSITIVE: ReadonlySet<string> = new Set(["relu", "relu6", "sigmoid"]);
const NOTHING = "linear";
/** Layers that are activations: others have them inside. */
const LAYERS: ReadonlySet<string> = new Set(["Activation", "ReLU", "ELU"]);

/** Keras has no signed root: an activation of that name is somebody's own. */
const isKnown = (name: string): name is Function => name !== "signed-root" && (ACTIVATIONS as readonly string[]).includes(name);

function apply(network: Network, source: SourceLayer, input: Value, name: string): Value {
  if (name === NOTHING) return input;
  if (name === "softmax") return { ...input, from: network.enter(source, input), softmax: true };
  const called = name === "swish" ? "silu" : name;
  if (!isKnown(called)) throw refuse(source, `has the activation ${quoted(name)}, which Engraft's layers have not`);
  const named = LAYERS.has(source.kind) ? source : { ...source, name: `${source.name}_${called}` };
  const from = network.add(named, input, { kind: "activation", function: called });
  return { ...input, from, scaled: undefined, positive: POSITIVE.has(called) };
}

/** The activation that a layer has inside of it, as a layer behind it. */
export function activated(network: Network, source: SourceLayer, value: Value): Value {
  const given: unknown = source.config["activation"] ?? NOTHING;
  if (typeof given === "string") return apply(network, source, value, given);
  if (isRecord(given) && typeof given["class_name"] === "string") {
    const { module } = given;
    if (typeof module === "string" && !/^(keras|builtins)(\.|$)/.test(module)) throw refuse(source, "has an activation of its own");
    // A function of Keras's own, by its name.
    if (given["class_name"] === "function" && typeof given["config"] === "string") return apply(network, source, value, given["config"]);
    const config: Config = isRecord(given["config"]) ? given["config"] : {};
    return activation(network, { ...source, name: `${source.name}_activation`, kind: given["class_name"], config }, value);
  }
  throw refuse(source, "has an activation of its own");
}

/** A layer that is an activation. */
export function activation(network: Network, source: SourceLayer, input: Value): Value {
  switch (source.kind) {
    case "Activation":
      return activated(network, source, input);
    case "ReLU": {
      only(source, { threshold: 0 });
      if (real(source, "negative_slope", 0) !== 0) throw refuse(source, "is leaky, which Engraft's layers are not");
      const most = source.config["max_value"] ?? null;
      if (most !== null && most !== 6) throw refuse(source, "ends at another value than 6");
      return apply(network, source, input, most === 6 ? "relu6" : "relu");
    }
    case "ELU":
      only(source, { alpha: 1 });
      return apply(network, source, input, "elu");
    case "Softmax":
      only(source, { axis: -1 });
      return apply(network, source, input, "softmax");
    default:
      throw refuse(source, "is an activation that Engraft's layers have not");
  }
}
