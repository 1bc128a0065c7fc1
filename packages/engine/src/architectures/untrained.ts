/** Architectures that a base can be trained with from nothing, and the weights that such training starts from. */
import { EngraftError } from "@engraft/core/base/errors";
import { kindOf, outputsOf, type Label, type LabelKind } from "@engraft/core/models/labels";
import { sizeOf, type TensorSpec } from "@engraft/core/models/tensors";
import { randomFrom, type Random } from "../base/random.ts";
import { OUTPUT_OF, type Architecture, type Shape } from "../ir/layers.ts";
import { tensorsOf } from "../ir/parameters.ts";
import { Misfit } from "../ir/shapes.ts";
import { efficientnetLite0 } from "./efficientnet-lite.ts";
import { cox } from "./cox.ts";
import { eegnet } from "./eegnet.ts";
import { gru } from "./gru.ts";
import type { Known } from "./known-architecture.ts";
import { mlp, logistic } from "./mlp.ts";
import { mobilenetV2, mobilenetV2At035 } from "./mobilenet-v2.ts";
import type { NamedArchitecture } from "./net.ts";
import { resnet18 } from "./resnet18.ts";
import { resnet1d } from "./resnet1d.ts";

interface Untrained {
  /** Dimensions of a sample: 1 for a row, 2 for a recording, 3 for a picture. */
  readonly dimensions: 1 | 2 | 3;
  /** The kind of label that it is for; any where undefined. */
  readonly only?: LabelKind;
  readonly build: (input: Shape, outputs: number) => NamedArchitecture;
}

const picture = ({ forms: [form] }: Known): Untrained => ({ dimensions: 3, build: (form as Known["forms"][number]).build });

const UNTRAINED: Readonly<Record<string, Untrained>> = {
  logistic: { dimensions: 1, build: logistic },
  cox: { dimensions: 1, only: "survival", build: cox },
  mlp: { dimensions: 1, build: mlp },
  resnet1d: { dimensions: 2, build: resnet1d },
  eegnet: { dimensions: 2, build: eegnet },
  gru: { dimensions: 2, build: gru },
  mobilenet_v2: picture(mobilenetV2),
  mobilenet_v2_035: picture(mobilenetV2At035),
  efficientnet_lite0: picture(efficientnetLite0),
  resnet18: picture(resnet18),
};

/** Names of all of them. */
export const ARCHITECTURES: readonly string[] = Object.keys(UNTRAINED);

const SAMPLES = ["", "rows of a table", "recordings", "pictures"];

/** A label like any other of its kind, where no data are at hand. */
const YES_OR_NO: Label = { name: "any", title: "Any", positive: ["1"], negative: ["0"] };

/** With a head for the label. Throws `bad-input`. */
export function untrained(name: string, input: Shape, label: Label = YES_OR_NO): Architecture {
  const found = Object.hasOwn(UNTRAINED, name) ? UNTRAINED[name] : undefined;
  if (found === undefined)
    throw new EngraftError("bad-input", `There is no architecture "${name}" to train. There are: ${ARCHITECTURES.join(", ")}.`);
  if (found.only !== undefined && found.only !== kindOf(label))
    throw new EngraftError("bad-input", `"${name}" is for a label of kind "${found.only}", and the recipe's is "${kindOf(label)}".`);
  if (found.dimensions !== input.length)
    throw new EngraftError(
      "bad-input",
      `"${name}" takes ${SAMPLES[found.dimensions]}, and the recipe's inputs are ${SAMPLES[input.length]}.`,
    );
  try {
    return { ...found.build(input, outputsOf(label)).architecture, output: OUTPUT_OF[kindOf(label)] };
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    throw new EngraftError("bad-input", `"${name}" cannot take samples of ${input.join(" x ")}: ${error.message}.`, { cause: error });
  }
}

/**
 * He's uniform initialisation (He et al. 2015) of kernels, by the seed; normalisations do nothing yet, and the head is zeros: it says
 * the same to everybody, as likely one class as the other.
 */
export function initialTensors(architecture: Architecture, seed: number): ReadonlyMap<string, Float32Array> {
  const random = randomFrom(["initial tensors", seed]);
  return new Map(tensorsOf(architecture).map((spec) => [spec.name, initial(spec, random)]));
}

function initial(spec: TensorSpec, random: Random): Float32Array {
  const part = spec.name.slice(spec.name.indexOf("/") + 1);
  const values = new Float32Array(sizeOf(spec));
  if (part === "gamma" || part === "variance") return values.fill(1);
  if (spec.depth === 0 || (part !== "kernel" && part !== "recurrent")) return values;
  // Dense and recurrent kernels are [in, out], convolutions [out, in / groups, ...].
  const inputs = spec.shape.length === 2 ? (spec.shape[0] as number) : sizeOf(spec) / (spec.shape[0] as number);
  const limit = Math.sqrt((part === "recurrent" ? 3 : 6) / inputs);
  return values.map(() => limit * (2 * random.uniform() - 1));
}
