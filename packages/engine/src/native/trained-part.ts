/** The layers that are trained at a site under a plan: what a trial steps through. As `loadModel` cuts them, without the weights. */
import type { Manifest } from "@engraft/core/models/manifest";
import { deepestOf, type TrainablePart } from "@engraft/core/models/tensors";
import { fileInputOf } from "../data/file-input.ts";
import { architectureOf } from "../ir/architecture.ts";
import { cutFor, tailOf } from "../ir/cut.ts";
import type { Architecture } from "../ir/layers.ts";

/** Throws `bad-input` where the base cannot be used. */
export function trainedPart(manifest: Manifest, trainable: TrainablePart): Architecture {
  const architecture = architectureOf(manifest);
  if (fileInputOf(manifest) === undefined || manifest.trunk !== undefined) return architecture;
  return tailOf(architecture, cutFor(architecture, deepestOf(trainable)));
}
