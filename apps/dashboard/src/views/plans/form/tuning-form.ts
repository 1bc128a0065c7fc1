/** How a plan fine-tunes, as the propose form holds it: which part is trained, what stays at each site, and how fast each block. */
import type { Augmentation } from "@engraft/core/models/augmentation";
import type { Plan } from "@engraft/core/models/plan";
import type { TrainablePart } from "@engraft/core/models/tensors";
import { analyticDraft, analyticForm, FRESH_ANALYTIC, type AnalyticForm } from "./analytic-form.ts";
import { figure } from "./figure.ts";

export interface TuningForm extends AnalyticForm {
  readonly part: "head" | "last-blocks" | "all";
  readonly blocks: string;
  readonly norm: "frozen" | "local" | "shared";
  readonly personalHead: boolean;
  /** Rounds until one block more is trained; empty: all from the start. */
  readonly unfreeze: string;
  /** Factors from the head on, separated by spaces; empty: the same rate everywhere. */
  readonly depthRates: string;
  /** Longest gradient of one update; empty: none is scaled down. */
  readonly gradientClip: string;
  readonly balanced: boolean;
  /** Written in a plan file; the form keeps it or leaves it out. */
  readonly augmentation: Augmentation | undefined;
}

export const FRESH_TUNING: TuningForm = {
  ...FRESH_ANALYTIC,
  part: "head",
  blocks: "1",
  norm: "frozen",
  personalHead: false,
  unfreeze: "",
  depthRates: "",
  gradientClip: "",
  balanced: false,
  augmentation: undefined,
};

export function tuningForm(training: Plan["training"]): TuningForm {
  const { trainable, unfreezeEvery, depthRates, gradientClip, classWeights, augmentation, analytic } = training;
  return {
    ...analyticForm(analytic),
    part: trainable.part,
    blocks: String(trainable.part === "last-blocks" ? trainable.blocks : 1),
    norm: trainable.norm ?? "frozen",
    personalHead: trainable.personal === "head",
    unfreeze: unfreezeEvery === undefined ? "" : String(unfreezeEvery),
    depthRates: (depthRates ?? []).join(" "),
    gradientClip: gradientClip === undefined ? "" : String(gradientClip),
    balanced: classWeights === "balanced",
    augmentation,
  };
}

/** `blocks` may be NaN. What only means something below the head is left out where nothing below it is trained. */
export function trainableDraft({ part, blocks, norm, personalHead }: TuningForm): TrainablePart {
  if (part === "head") return { part };
  return {
    ...(part === "last-blocks" ? { part, blocks: figure(blocks) } : { part }),
    ...(norm === "frozen" ? {} : { norm }),
    ...(personalHead ? { personal: "head" } : {}),
  };
}

/** Left out where nothing was entered, so that the plan says only what differs. */
export function tuningDraft(form: TuningForm) {
  const deep = form.part !== "head";
  const analytic = analyticDraft(form);
  return {
    trainable: trainableDraft(form),
    ...(deep && form.unfreeze.trim() !== "" ? { unfreezeEvery: figure(form.unfreeze) } : {}),
    ...(deep && form.depthRates.trim() !== ""
      ? {
          depthRates: form.depthRates
            .trim()
            .split(/[\s;]+/)
            .map(figure),
        }
      : {}),
    ...(form.gradientClip.trim() === "" ? {} : { gradientClip: figure(form.gradientClip) }),
    ...(form.balanced ? { classWeights: "balanced" } : {}),
    ...(form.augmentation === undefined ? {} : { augmentation: form.augmentation }),
    ...(analytic === undefined ? {} : { analytic }),
  };
}
