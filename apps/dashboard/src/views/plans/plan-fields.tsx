"use client";
import type { BaseView, SiteView } from "@engraft/coordinator/api/views";
import { numbersOf } from "@engraft/core/models/directory-numbers";
import { kindOf } from "@engraft/core/models/labels";
import { METRICS_OF } from "@engraft/core/models/metric-names";
import type { MetricName } from "@engraft/core/models/plan";
import { useState } from "react";
import { Card } from "../../parts/card.tsx";
import { AreaField, Check, GroupWrong, SelectField, TextField } from "../../parts/field.tsx";
import { METRIC_TITLES } from "../../parts/figures.ts";
import { AggregationSection } from "./aggregation-fields.tsx";
import { bindFields, type Bound } from "./bound.ts";
import type { FormKey, PlanForm } from "./plan-form.ts";
import { StrategySection } from "./strategy-fields.tsx";
import { TrainingSection } from "./training-fields.tsx";
import type { Wrong } from "./sum-check.ts";

interface FieldsProps {
  readonly form: PlanForm;
  readonly change: (part: Partial<PlanForm>) => void;
  readonly wrong: Wrong;
  /** Whether every problem is shown, or only those of fields that were left. */
  readonly shown: boolean;
  readonly base: BaseView;
  readonly version: number;
  /** Enrolled now. */
  readonly sites: readonly SiteView[];
}

interface MetricsProps {
  readonly bound: Bound;
  /** Those that the base's label has. */
  readonly metrics: readonly MetricName[];
}

export function PlanFields({ form, change, wrong, shown, base, version, sites }: FieldsProps) {
  const metrics = METRICS_OF[kindOf(base.manifest.label)];
  const [left, setLeft] = useState<ReadonlySet<FormKey>>(new Set());
  const bound = bindFields({
    form,
    change,
    wrongOf: (key) => (shown || left.has(key) ? wrong[key] : undefined),
    leave: (key) => setLeft((before) => new Set([...before, key])),
  });
  return (
    <>
      <Card title="Name and purpose" padded>
        <div className="grid gap-4">
          <TextField label="Name" spellCheck={false} {...bound.text("name")} hint={`This will be version ${version}.`} />
          <AreaField
            label="Purpose"
            rows={3}
            {...bound.text("purpose")}
            hint="Stewards read this first: what the model is for, and for whom."
          />
        </div>
      </Card>
      <AggregationSection bound={bound} sites={sites} />
      <TrainingSection bound={bound} base={base} />
      <StrategySection bound={bound} />
      <RoundsSection bound={bound} metrics={metrics} />
      <MetricsSection bound={bound} metrics={metrics} />
      {base.manifest.split === null && <SplitSection bound={bound} />}
    </>
  );
}

function RoundsSection({ bound: { form, change, figure }, metrics }: MetricsProps) {
  const secure = form.method === "secure";
  const needed = numbersOf(form.directory.length).threshold;
  return (
    <Card title="Rounds and sites" padded>
      <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
        {secure ? (
          <TextField label="Sites a sum needs" {...figure("minSites")} hint={`The directory’s size asks for ${needed} at least.`} />
        ) : (
          <>
            <TextField label="Sites a round needs" {...figure("minSites")} />
            <TextField label="Share of sites asked, %" {...figure("fraction")} />
          </>
        )}
        <TextField label="Wait for sites, s" {...figure("gather")} hint="Before a round opens without those offline." />
        <TextField label="Deadline, s" {...figure("deadline")} hint="A round is never open longer." />
        <TextField label="Grace, s" {...figure("grace")} hint="For the others, once enough are in." />
      </div>
      <fieldset className="mt-4">
        <Check
          label="Stop early when the figure of all sites no longer improves"
          checked={form.stops}
          onChange={(stops) => change({ stops })}
        />
        {form.stops && (
          <div className="mt-3 grid gap-4 sm:grid-cols-3">
            <SelectField
              label="Metric watched"
              value={form.stopMetric}
              onChange={(event) => change({ stopMetric: event.target.value as MetricName })}
            >
              {metrics.map((name) => (
                <option key={name} value={name}>
                  {METRIC_TITLES[name]}
                </option>
              ))}
            </SelectField>
            <TextField label="Rounds without improvement" {...figure("patience")} />
            <TextField label="Smallest improvement" {...figure("minDelta")} />
          </div>
        )}
      </fieldset>
    </Card>
  );
}

function MetricsSection({ bound: { form, change, wrongOf, leave, figure }, metrics }: MetricsProps) {
  const toggleMetric = (name: MetricName): void => {
    leave("metrics");
    change({ metrics: metrics.filter((each) => (each === name ? !form.metrics.includes(name) : form.metrics.includes(each))) });
  };
  return (
    <Card title="What may leave a site" aside="beside the update" padded>
      <fieldset>
        <legend className="mb-1.5 text-12 font-medium text-fg-2">Metrics of held-out patients</legend>
        <div className="flex flex-wrap gap-x-5 gap-y-1">
          {metrics.map((name) => (
            <Check key={name} label={METRIC_TITLES[name]} checked={form.metrics.includes(name)} onChange={() => toggleMetric(name)} />
          ))}
        </div>
        <GroupWrong>{wrongOf("metrics")}</GroupWrong>
      </fieldset>
      <div className="mt-4 grid items-start gap-4 sm:grid-cols-2">
        <Check
          label="Sites also show figures of their own patients"
          checked={form.perSite}
          onChange={(perSite) => change({ perSite })}
          hint={
            form.method === "secure"
              ? "Off: only figures of all sites’ patients together, out of the sum. On: each steward must allow it separately, and the coordinator reads those figures."
              : "Each steward must allow it separately. Off: there is no figure at all, because plain rounds make no sum."
          }
        />
        <Check
          label="At the end each site also trains alone, as long, and reports how that compares"
          checked={form.compareAlone}
          onChange={(compareAlone) => change({ compareAlone })}
          hint="That model stays at the site."
        />
        {form.compareAlone && form.perSite && (
          <Check
            label="And a model between its own and the shared one"
            checked={form.compareMix}
            onChange={(compareMix) => change({ compareMix })}
            hint="How much of it is its own the site chooses on validation patients. It stays there."
          />
        )}
        <TextField
          label="Only from this many patients"
          {...figure("minCount")}
          hint={form.method === "secure" ? "Of one site, or of all in the sum. Fewer: no figure." : "Fewer: the site sends no figure."}
        />
      </div>
    </Card>
  );
}

function SplitSection({ bound: { text, figure } }: { readonly bound: Bound }) {
  return (
    <Card title="Split by patient" aside="the rest is for the test" padded>
      <div className="grid gap-4 sm:grid-cols-3">
        <TextField label="Training, %" {...figure("train")} />
        <TextField label="Validation, %" {...figure("validation")} />
        <TextField label="Salt" {...text("salt")} hint="Another text gives another split." />
      </div>
    </Card>
  );
}
