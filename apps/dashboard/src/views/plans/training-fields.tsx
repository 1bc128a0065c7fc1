"use client";
import type { BaseView } from "@engraft/coordinator/api/views";
import { augmentationInWords } from "@engraft/core/models/augmentation";
import { hasClasses } from "@engraft/core/models/labels";
import { personalTensors, totalSize, trainableTensors } from "@engraft/core/models/tensors";
import { Card } from "../../parts/card.tsx";
import { Check, SelectField, TextField } from "../../parts/field.tsx";
import { bytesText, countText } from "../../parts/figures.ts";
import type { Bound } from "./bound.ts";
import type { PlanForm } from "./plan-form.ts";
import { trainableDraft } from "./tuning-form.ts";

export function TrainingSection({ bound, base }: { readonly bound: Bound; readonly base: BaseView }) {
  const { form, change, figure } = bound;
  return (
    <Card title="Training" aside={trainedText(base, form)} padded>
      <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
        <SelectField label="Trained part" value={form.part} onChange={(event) => change({ part: event.target.value as PlanForm["part"] })}>
          <option value="head">Head</option>
          <option value="last-blocks">Head and last blocks</option>
          <option value="all">All layers</option>
        </SelectField>
        {form.part === "last-blocks" && <TextField label="Blocks before the head" {...figure("blocks")} />}
        <TextField label="Rounds" {...figure("rounds")} />
        <SelectField
          label="Each round trains by"
          value={form.unit}
          onChange={(event) => change({ unit: event.target.value as PlanForm["unit"] })}
        >
          <option value="updates">Updates</option>
          <option value="epochs">Passes over the data</option>
        </SelectField>
        <TextField label={form.unit === "updates" ? "Updates each round" : "Passes each round"} {...figure("amount")} />
        <TextField label="Batch" {...figure("batch")} />
        <SelectField
          label="Optimizer"
          value={form.optimizer}
          onChange={(event) => change({ optimizer: event.target.value as PlanForm["optimizer"] })}
        >
          <option value="sgd">SGD with momentum</option>
          <option value="adam">Adam</option>
        </SelectField>
        <TextField label="Learning rate" {...figure("rate")} />
        {form.optimizer === "sgd" && <TextField label="Momentum" {...figure("momentum")} />}
        <TextField label="Weight decay" {...figure("weightDecay")} />
        <TextField label="Clip" {...figure("clip")} hint="Longest update; a longer one is scaled down at the site." />
        <TextField label="Seed" {...figure("seed")} />
      </div>
      <TuningFields bound={bound} base={base} />
    </Card>
  );
}

function TuningFields({ bound, base }: { readonly bound: Bound; readonly base: BaseView }) {
  const { form, change, text, figure } = bound;
  const normalised = base.manifest.tensors.some(({ role }) => role !== undefined);
  const deep = form.part !== "head";
  return (
    <>
      {(normalised || deep) && (
        <div className="mt-4 grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
          {normalised && deep && (
            <SelectField
              label="Batch normalisation"
              value={form.norm}
              onChange={(event) => change({ norm: event.target.value as PlanForm["norm"] })}
              hint="In the trained part. Each site’s own never leaves it (FedBN)."
            >
              <option value="frozen">As the base has it</option>
              <option value="local">Each site’s own</option>
              <option value="shared">Trained and averaged</option>
            </SelectField>
          )}
          {deep && (
            <>
              <TextField label="Unfreeze a block every, rounds" {...figure("unfreeze")} hint="Empty: all blocks from the start." />
              <TextField
                label="Rate by depth, from the head"
                {...text("depthRates")}
                hint="Factors, for example 1 0.3 0.1. Empty: one rate."
              />
            </>
          )}
        </div>
      )}
      <AnalyticFields bound={bound} />
      <div className="mt-4 grid items-start gap-4 sm:grid-cols-2">
        {hasClasses(base.manifest.label) && (
          <Check
            label="All classes count alike"
            checked={form.balanced}
            onChange={(balanced) => change({ balanced })}
            hint="For rare diseases: weights from each site’s own numbers."
          />
        )}
        {form.augmentation !== undefined && (
          <Check
            label="Changed copies in training"
            checked
            onChange={() => change({ augmentation: undefined })}
            hint={augmentationInWords(form.augmentation)}
          />
        )}
        {deep && (
          <Check
            label="Each site keeps a head of its own"
            checked={form.personalHead}
            onChange={(personalHead) => change({ personalHead })}
            hint="It is trained there and never leaves; the blocks below are shared."
          />
        )}
      </div>
    </>
  );
}

/** Rounds in which the head is solved for. */
function AnalyticFields({ bound: { form, change, figure } }: { readonly bound: Bound }) {
  return (
    <div className="mt-4 grid gap-4 sm:grid-cols-2 lg:grid-cols-4">
      <SelectField
        label="First rounds"
        value={form.analytic}
        onChange={(event) => change({ analytic: event.target.value as PlanForm["analytic"] })}
        hint="Solved: from sums over all sites’ samples, as if they were in one place. Secure aggregation, a linear head."
      >
        <option value="none">Train, like all</option>
        <option value="newton">Solve for the head: logistic regression, hazards</option>
        <option value="ridge">Solve for the head: least squares, one round</option>
      </SelectField>
      {form.analytic === "newton" && (
        <TextField label="Rounds that solve" {...figure("analyticRounds")} hint="As many as there are rounds: nothing is trained." />
      )}
      {form.analytic !== "none" && (
        <>
          <TextField label="Penalty" {...figure("penalty")} hint="On weights of standardised inputs. Larger for more inputs." />
          <TextField label="Largest input of the head" {...figure("bound")} hint="A larger one counts as this." />
        </>
      )}
    </div>
  );
}

function trainedText(base: BaseView, form: PlanForm): string {
  const drafted = trainableDraft(form);
  const trainable = drafted.part === "last-blocks" && !(drafted.blocks > 0) ? { ...drafted, blocks: 1 } : drafted;
  const { tensors } = base.manifest;
  const values = totalSize(trainableTensors(tensors, trainable));
  const personal = totalSize(personalTensors(tensors, trainable));
  const stays = personal === 0 ? "" : `; ${countText(personal)} stay at each site`;
  return `${countText(values)} of ${countText(totalSize(tensors))} values, ${bytesText(4 * values)} an update${stays}`;
}
