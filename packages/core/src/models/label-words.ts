/** A label in plain words, as a steward reads it. Free of schemas, so that a page that only shows a plan does not carry them. */
import type { Label } from "./labels.ts";

export function labelInWords(label: Label): string {
  const { title, name } = label;
  switch (label.kind) {
    case undefined:
      return `${title}: yes for ${name} = ${label.positive.join(", ")}; no for ${label.negative.join(", ")}.`;
    case "multiclass":
    case "ordinal": {
      const classes = label.classes.map((each) => `${each.name} (${each.codes.join(", ")})`);
      const how = label.kind === "ordinal" ? "classes in this order" : "one of these classes";
      return `${title}, ${how}, by ${name}: ${classes.join("; ")}.`;
    }
    case "multilabel": {
      const labels = label.labels.map(
        (each) => `${each.title} (yes for ${each.name} = ${each.positive.join(", ")}; no for ${each.negative.join(", ")})`,
      );
      return `${title}, each yes, no or not known: ${labels.join("; ")}.`;
    }
    case "regression":
      return `${title}: a number in ${label.unit} from ${label.min} to ${label.max}, by ${name}.`;
    case "survival":
      return `${title}: time to the event by ${label.time.name} in ${label.time.unit}, up to ${label.time.max}; the event for ${label.event.name} = ${label.event.occurred.join(", ")}, not seen yet for ${label.event.censored.join(", ")}.`;
    default:
      return label satisfies never;
  }
}

/** What a site's figures count of its patients, beside their number. */
export function countedOf(label: Label): string {
  switch (label.kind) {
    case undefined:
      return "their number and positives";
    case "survival":
      return "their number and that of events";
    case "multiclass":
    case "ordinal":
      return "their number, and rows by true and predicted class where each class has as many patients";
    case "multilabel":
    case "regression":
      return "their number";
    default:
      return label satisfies never;
  }
}

/** What a figure's `positives` counts. */
export const positiveWord = ({ kind }: Label): string => (kind === "survival" ? "with the event" : "positive");
