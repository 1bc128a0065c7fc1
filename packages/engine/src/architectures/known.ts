/** Architectures whose weights can be brought in by name, so that the cut can move. Adding one is one more file and one more line here. */
import { EngraftError } from "@engraft/core/base/errors";
import { canonicalTensors, type NamedTensor } from "../import/named-tensors.ts";
import type { Architecture } from "../ir/layers.ts";
import {
  efficientnetLite0,
  efficientnetLite1,
  efficientnetLite2,
  tfEfficientnetLite0,
  tfEfficientnetLite1,
  tfEfficientnetLite2,
} from "./efficientnet-lite.ts";
import type { Known } from "./known-architecture.ts";
import { mobilenetV2, mobilenetV2At035 } from "./mobilenet-v2.ts";
import { resnet18 } from "./resnet18.ts";

const ARCHITECTURES: Readonly<Record<string, Known>> = {
  efficientnet_lite0: efficientnetLite0,
  efficientnet_lite1: efficientnetLite1,
  efficientnet_lite2: efficientnetLite2,
  tf_efficientnet_lite0: tfEfficientnetLite0,
  tf_efficientnet_lite1: tfEfficientnetLite1,
  tf_efficientnet_lite2: tfEfficientnetLite2,
  mobilenet_v2: mobilenetV2,
  mobilenet_v2_035: mobilenetV2At035,
  resnet18,
};

export const KNOWN_ARCHITECTURES: readonly string[] = Object.keys(ARCHITECTURES);

/** A network with its weights, as its author published it: the last layer gives the author's own classes. */
export interface PublishedNetwork {
  readonly architecture: Architecture;
  readonly tensors: ReadonlyMap<string, Float32Array>;
  /** How pictures are normalised for it. */
  readonly mean: readonly number[];
  readonly sd: readonly number[];
}

/** `size`: pixels of width and height; the author's own where undefined. Throws `bad-input`. */
export function knownArchitecture(name: string, tensors: ReadonlyMap<string, NamedTensor>, size: number | undefined): PublishedNetwork {
  const known = Object.hasOwn(ARCHITECTURES, name) ? ARCHITECTURES[name] : undefined;
  if (known === undefined) {
    throw new EngraftError(
      "bad-input",
      `There is no architecture "${name}". There are: ${KNOWN_ARCHITECTURES.join(", ")}. Any other model can be brought as an ONNX file.`,
    );
  }
  const pixels = size ?? known.size;
  if (!Number.isInteger(pixels) || pixels < 32 || pixels > 1024)
    throw new EngraftError("bad-input", "--size takes pixels from 32 to 1024.");
  const form = known.forms.find(({ signature }) => tensors.has(signature));
  if (form === undefined) {
    const wanted = known.forms.map(({ signature }) => `"${signature}"`).join(" or ");
    throw new EngraftError("bad-input", `The file has no tensor ${wanted}: it is of another architecture than ${name}.`);
  }
  const input = [known.channels, pixels, pixels];
  const { sources } = form.build(input, 1);
  const classes = tensors.get(`${sources.get("head")}.weight`)?.shape[0] ?? 0;
  if (classes < 1)
    throw new EngraftError("bad-input", `The file has no tensor "${sources.get("head")}.weight": it is of another architecture.`);
  const named = form.build(input, classes);
  return { architecture: named.architecture, tensors: canonicalTensors(named, tensors), mean: form.mean, sd: form.sd };
}
