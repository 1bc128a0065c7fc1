"use client";
import type { BaseView } from "@engraft/coordinator/api/views";
import { augmentationInWords } from "@engraft/core/models/augmentation-words";
import { hasClasses, kindOf } from "@engraft/core/models/labels";
import { personalTensors, totalSize, trainableTensors } from "@engraft/core/models/tensors";
import { Card } from "../../../parts/card.tsx";
import { Check, SelectField, TextField } from "../../../parts/field.tsx";
import { bytesText, countText } from "../../../parts/figures.ts";
import type { Bound } from "../form/bound.ts";
import type { PlanForm } from "../form/plan-form.ts";
import { trainableDraft } from "../form/tuning-form.ts";
import { useWords } from "../../../words/language.ts";
import { formWords } from "../form/form-words.ts";

export function TrainingSection({ bound, base }: { readonly bound: Bound; readonly base: BaseView }) {
  const words = useWords(formWords);
  const { form, change, figure } = bound;
  return (
    <Card title={words.training2} aside={trainedText(base, form, words)} padded>
      <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
        <SelectField
          label={words.trainedPart}
          value={form.part}
          onChange={(event) => change({ part: event.target.value as PlanForm["part"] })}
        >
          <option value="head">{words.head}</option>
          <option value="last-blocks">{words.headAndLastBlocks}</option>
          <option value="all">{words.allLayers}</option>
        </SelectField>
        {form.part === "last-blocks" && <TextField label={words.blocksBeforeTheHead} {...figure("blocks")} />}
        <TextField label={words.rounds} {...figure("rounds")} />
        <SelectField
          label={words.eachRoundTrainsBy}
          value={form.unit}
          onChange={(event) => change({ unit: event.target.value as PlanForm["unit"] })}
        >
          <option value="updates">{words.updates}</option>
          <option value="epochs">{words.passesOverTheData}</option>
        </SelectField>
        <TextField label={form.unit === "updates" ? words.updatesEachRound : words.passesEachRound} {...figure("amount")} />
        <TextField label={words.batch} {...figure("batch")} />
        <SelectField
          label={words.optimizer}
          value={form.optimizer}
          onChange={(event) => change({ optimizer: event.target.value as PlanForm["optimizer"] })}
        >
          <option value="sgd">{words.sgdWithMomentum}</option>
          <option value="adam">{words.adam}</option>
          <option value="adamw">{words.adamw}</option>
        </SelectField>
        <TextField label={words.learningRate} {...figure("rate")} />
        {form.optimizer === "sgd" && <TextField label={words.momentum} {...figure("momentum")} />}
        <TextField label={words.weightDecay} {...figure("weightDecay")} />
        <TextField label={words.clip} {...figure("clip")} hint={words.longestUpdateALongerOneIs} />
        <TextField label={words.gradientClip} {...figure("gradientClip")} hint={words.longestGradient} />
        <TextField label={words.seed} {...figure("seed")} />
      </div>
      <TuningFields bound={bound} base={base} />
    </Card>
  );
}

function TuningFields({ bound, base }: { readonly bound: Bound; readonly base: BaseView }) {
  const words = useWords(formWords);
  const { form, change, text, figure } = bound;
  const normalised = base.manifest.tensors.some(({ role }) => role !== undefined);
  const deep = form.part !== "head";
  return (
    <>
      {(normalised || deep) && (
        <div className="mt-4 grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
          {normalised && deep && (
            <SelectField
              label={words.batchNormalisation}
              value={form.norm}
              onChange={(event) => change({ norm: event.target.value as PlanForm["norm"] })}
              hint={words.inTheTrainedPartEachSites}
            >
              <option value="frozen">{words.asTheBaseHasIt}</option>
              <option value="local">{words.eachSitesOwn}</option>
              <option value="shared">{words.trainedAndAveraged}</option>
            </SelectField>
          )}
          {deep && (
            <>
              <TextField label={words.unfreezeABlockEveryRounds} {...figure("unfreeze")} hint={words.emptyAllBlocksFromTheStart} />
              <TextField label={words.rateByDepthFromTheHead} {...text("depthRates")} hint={words.factorsForExample103} />
            </>
          )}
        </div>
      )}
      <AnalyticFields bound={bound} label={base.manifest.label} />
      <div className="mt-4 grid items-start gap-4 sm:grid-cols-2">
        {hasClasses(base.manifest.label) && (
          <Check
            label={words.allClassesCountAlike}
            checked={form.balanced}
            onChange={(balanced) => change({ balanced })}
            hint={words.forRareDiseasesWeightsFromEach}
          />
        )}
        {form.augmentation !== undefined && (
          <Check
            label={words.changedCopiesInTraining}
            checked
            onChange={() => change({ augmentation: undefined })}
            hint={augmentationInWords(form.augmentation)}
          />
        )}
        {deep && (
          <Check
            label={words.eachSiteKeepsAHeadOf}
            checked={form.personalHead}
            onChange={(personalHead) => change({ personalHead })}
            hint={words.itIsTrainedThereAndNever}
          />
        )}
      </div>
    </>
  );
}

/** Rounds in which the head is solved for. */
function AnalyticFields({
  bound: { form, change, figure },
  label,
}: {
  readonly bound: Bound;
  readonly label: BaseView["manifest"]["label"];
}) {
  const words = useWords(formWords);
  // Least squares has no times to an event; a plan that came with it still shows what it has.
  const squares = kindOf(label) !== "survival" || form.analytic === "ridge";
  return (
    <div className="mt-4 grid gap-4 sm:grid-cols-2 lg:grid-cols-4">
      <SelectField
        label={words.firstRounds}
        value={form.analytic}
        onChange={(event) => change({ analytic: event.target.value as PlanForm["analytic"] })}
        hint={words.solvedFromSumsOverAllSites}
      >
        <option value="none">{words.trainLikeAll}</option>
        <option value="newton">{words.solveForTheHeadLogisticRegression}</option>
        {squares && <option value="ridge">{words.solveForTheHeadLeastSquares}</option>}
      </SelectField>
      {form.analytic === "newton" && (
        <TextField label={words.roundsThatSolve} {...figure("analyticRounds")} hint={words.asManyAsThereAreRounds} />
      )}
      {form.analytic !== "none" && (
        <>
          <TextField label={words.penalty} {...figure("penalty")} hint={words.onWeightsOfStandardisedInputsLarger} />
          <TextField label={words.largestInputOfTheHead} {...figure("bound")} hint={words.aLargerOneCountsAsThis} />
        </>
      )}
    </div>
  );
}

function trainedText(base: BaseView, form: PlanForm, words: typeof formWords.en): string {
  const drafted = trainableDraft(form);
  const trainable = drafted.part === "last-blocks" && !(drafted.blocks > 0) ? { ...drafted, blocks: 1 } : drafted;
  const { tensors } = base.manifest;
  const values = totalSize(trainableTensors(tensors, trainable));
  const personal = totalSize(personalTensors(tensors, trainable));
  const stays = personal === 0 ? "" : words.stayAtSites(countText(personal));
  return `${words.trainedOf(countText(values), countText(totalSize(tensors)), bytesText(4 * values))}${stays}`;
}
