/** Which loss a label is trained with, and what a model's numbers for it mean. */
import { outputsOf, unscaled, type Label } from "@engraft/core/models/labels";
import type { Samples } from "../data/samples.ts";
import { sigmoid, softmax, type ClassWeights, type Loss } from "./loss.ts";

/** `balanced`: the site's own training samples, by whose numbers the classes are weighed; undefined where all samples count alike. */
export function lossOf(label: Label, balanced?: Pick<Samples, "rows" | "y">): Loss {
  const outputs = outputsOf(label);
  switch (label.kind) {
    case undefined:
    case "multilabel":
      return { kind: "sigmoid", outputs, weights: balanced && yesAndNoWeights(balanced.y, outputs) };
    case "multiclass":
    case "ordinal":
      return { kind: "softmax", outputs, weights: balanced && weightsOfClasses(balanced.y, outputs) };
    case "regression":
      return { kind: "squares", outputs };
    case "survival":
      return { kind: "cox", outputs: 1 };
    default:
      return label satisfies never;
  }
}

/**
 * Weights by which all classes count alike, one on average over the samples (King and Zeng 2001): n / (classes that occur x count).
 * A class that does not occur has weight one.
 */
function weightsFor(counts: readonly number[]): readonly number[] {
  const all = counts.reduce((sum, count) => sum + count, 0);
  const occurring = counts.filter((count) => count > 0).length;
  return counts.map((count) => (count === 0 ? 1 : all / (occurring * count)));
}

function weightsOfClasses(y: Float32Array, classes: number): readonly number[] {
  const counts = Array<number>(classes).fill(0);
  for (const index of y) counts[index] = (counts[index] as number) + 1;
  return weightsFor(counts);
}

function yesAndNoWeights(y: Float32Array, outputs: number): readonly ClassWeights[] {
  return Array.from({ length: outputs }, (_, output) => {
    const counts: [number, number] = [0, 0];
    for (let at = output; at < y.length; at += outputs) if (!Number.isNaN(y[at])) counts[y[at] === 1 ? 1 : 0]++;
    const [no = 1, yes = 1] = weightsFor(counts);
    return [no, yes];
  });
}

/**
 * What a model says of each sample, row-major rows x outputs: probabilities of a yes, probabilities of the classes, a value in the label's
 * unit (within its range), or the log hazard ratio.
 */
export function predictionsOf(label: Label, logits: Float32Array): Float64Array {
  switch (label.kind) {
    case undefined:
    case "multilabel":
      return Float64Array.from(logits, sigmoid);
    case "multiclass":
    case "ordinal": {
      const outputs = outputsOf(label);
      const probabilities = new Float64Array(logits.length);
      for (let row = 0; row < logits.length / outputs; row++) softmax(logits, row, outputs, probabilities);
      return probabilities;
    }
    case "regression":
      return Float64Array.from(logits, (logit) => Math.min(label.max, Math.max(label.min, unscaled(label, logit))));
    case "survival":
      return Float64Array.from(logits);
    default:
      return label satisfies never;
  }
}
