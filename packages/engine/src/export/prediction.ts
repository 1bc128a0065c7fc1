/** From what the last layer gives to what a plan predicts: the same last step in every format. */
import type { Label } from "@engraft/core/models/labels";

/**
 * `name`: of the prediction, [N, outputs]; `raw`: of what the last layer gives. A yes/no label and each of several have the probability of a
 * yes, classes a probability each, a regression its value in the label's unit (within its range), a time to an event its log hazard ratio as it is.
 */
export type Prediction =
  | { readonly kind: "sigmoid" | "softmax"; readonly name: "probabilities"; readonly raw: "logits" }
  /** (x + 1) half + min, with x held within -1 and 1. */
  | { readonly kind: "scale"; readonly name: "value"; readonly raw: "scaled_value"; readonly half: number; readonly min: number }
  | { readonly kind: "none"; readonly name: "log_hazard"; readonly raw: "log_hazard" };

export function predictionOf(label: Label): Prediction {
  switch (label.kind) {
    case undefined:
    case "multilabel":
      return { kind: "sigmoid", name: "probabilities", raw: "logits" };
    case "multiclass":
    case "ordinal":
      return { kind: "softmax", name: "probabilities", raw: "logits" };
    case "regression": {
      const { min, max } = label;
      return { kind: "scale", name: "value", raw: "scaled_value", half: (max - min) / 2, min };
    }
    case "survival":
      return { kind: "none", name: "log_hazard", raw: "log_hazard" };
    default:
      return label satisfies never;
  }
}

/** What each column of a prediction is of, in order. */
export function outputNames(label: Label): readonly string[] {
  if (label.kind === "multiclass" || label.kind === "ordinal") return label.classes.map(({ name }) => name);
  return label.kind === "multilabel" ? label.labels.map(({ name }) => name) : [label.name];
}
