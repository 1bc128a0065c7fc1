/** A fine-tuned model as the base of the next plan: its layers in front of the head give other features than the base's did. */
import type { Manifest, Reference } from "@engraft/core/models/manifest";
import { architectureOf } from "../ir/architecture.ts";
import { referenceFeatures } from "../trunk/encoder.ts";
import { readWeights } from "./base.ts";
import { TOLERANCE } from "./describe.ts";

/** The reference of `manifest` with other weights; undefined where it has none. Throws as `readWeights`. */
export async function referenceOf(manifest: Manifest, weights: Uint8Array): Promise<Reference | undefined> {
  if (manifest.reference === undefined) return undefined;
  const features = await referenceFeatures(architectureOf(manifest), readWeights(manifest, weights));
  return { features: [...features], tolerance: TOLERANCE };
}
