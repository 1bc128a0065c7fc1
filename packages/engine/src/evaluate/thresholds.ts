/** From which score on a prediction counts as a yes: chosen on validation patients, then kept. */
import { BINS, binOf } from "@engraft/core/models/tallies/counting";
import { youdenBin } from "@engraft/core/models/ranking-bounds";
import { outputsOf } from "@engraft/core/models/labels";
import type { MetricName } from "@engraft/core/models/metric-names";
import type { Plan } from "@engraft/core/models/plan";
import type { Predicted } from "./site-metrics.ts";

/** Figures at the threshold. */
export const AT_THRESHOLD: ReadonlySet<MetricName> = new Set(["sensitivity", "specificity", "ppv", "npv", "f1"]);

export const hasThresholds = ({ metrics }: Plan): boolean => metrics.names.some((name) => AT_THRESHOLD.has(name));

/** `predicted`: of validation patients. Undefined where the label has no yes and no. */
export const thresholdsOf = ({ label, predictions, y }: Predicted): readonly number[] | undefined =>
  label.kind === undefined || label.kind === "multilabel" ? chooseThresholds(predictions, y, outputsOf(label)) : undefined;

/**
 * For each of `outputs` yes/no labels the 64th k/64 with the largest sensitivity + specificity on these samples (Youden 1950), so that no
 * patient's own score is told; one half where a class is missing. `probabilities` and `y` are row-major rows x outputs, NaN where not known.
 */
function chooseThresholds(probabilities: ArrayLike<number>, y: ArrayLike<number>, outputs: number): readonly number[] {
  return Array.from({ length: outputs }, (_, output) => {
    const counts = { yes: Array<number>(BINS).fill(0), no: Array<number>(BINS).fill(0) };
    for (let at = output; at < y.length; at += outputs) {
      if (Number.isNaN(y[at])) continue;
      const bin = binOf(probabilities[at] as number);
      const list = y[at] === 1 ? counts.yes : counts.no;
      list[bin] = (list[bin] as number) + 1;
    }
    return youdenBin(counts.yes, counts.no) / BINS;
  });
}
