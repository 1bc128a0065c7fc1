/**
 * How deep to train, from what a probe has seen. A head on frozen features that does as well as anything says that the features
 * transfer (Kornblith, Shlens and Le 2019, "Do better ImageNet models transfer better?": accuracies of the two go together). Where they do,
 * changing them can make them worse outside the training patients (Kumar et al. 2022, "Fine-tuning can distort pretrained features and
 * underperform out-of-distribution", from whom comes also: first the head, then the rest). Where the same architecture from nothing does
 * better, the features do not fit, and all layers are to be trained.
 */
import type { Estimate } from "@engraft/core/models/metrics";

export interface Recommendation {
  readonly depth: "head" | "last block" | "all";
  readonly why: string;
}

/** Goodness of the head on frozen features less that of the same architecture from nothing; null where it cannot be said. */
export function recommend(probeOverScratch: Estimate | null, scratchRan: boolean): Recommendation {
  if (!scratchRan)
    return {
      depth: "head",
      why: "The frozen part of this base is a file that nothing else can be trained in place of; only its head is Engraft's to train.",
    };
  if (probeOverScratch === null)
    return { depth: "head", why: "There are too few patients to tell the two apart, and the fewer there are the less should be trained." };
  const { low, high } = probeOverScratch;
  if (low > 0)
    return {
      depth: "head",
      why: "A head on the base's frozen features is better than the same architecture trained from nothing: they transfer, and training them could distort them.",
    };
  if (high < 0)
    return {
      depth: "all",
      why: "The same architecture trained from nothing is better than a head on the base's frozen features: they do not fit these patients. Train the head first, then all layers.",
    };
  return {
    depth: "last block",
    why: "Neither a head on frozen features nor the same architecture from nothing is clearly better. Train the head first, then the last block.",
  };
}
