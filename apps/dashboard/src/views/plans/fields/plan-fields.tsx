"use client";
import type { BaseView, PlanSummary, SiteView } from "@engraft/coordinator/api/views";
import { numbersOf } from "@engraft/core/models/directory-numbers";
import { kindOf, type Label } from "@engraft/core/models/labels";
import { METRICS_OF } from "@engraft/core/models/metric-names";
import type { MetricName } from "@engraft/core/models/plan";
import { useState, type ReactNode } from "react";
import { Card } from "../../../parts/card.tsx";
import { AreaField, Check, GroupWrong, SelectField, TextField } from "../../../parts/field.tsx";
import { METRIC_TITLES } from "../../../parts/figures.ts";
import { AggregationSection } from "./aggregation-fields.tsx";
import { bindFields, type Bound } from "../form/bound.ts";
import { CriteriaSection, EarlierField, OutcomeSection, ShiftField } from "./outcome-fields.tsx";
import type { FormKey, PlanForm } from "../form/plan-form.ts";
import { StrategySection } from "./strategy-fields.tsx";
import { TrainingSection } from "./training-fields.tsx";
import type { Wrong } from "../form/sum-check.ts";
import { useWords } from "../../../words/language.ts";
import { formWords } from "../form/form-words.ts";

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
  readonly plans: readonly PlanSummary[];
}

interface MetricsProps {
  readonly bound: Bound;
  /** Those that the base's label has. */
  readonly metrics: readonly MetricName[];
}

export function PlanFields({ form, change, wrong, shown, base, version, sites, plans }: FieldsProps) {
  const words = useWords(formWords);
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
      <Card title={words.nameAndPurpose} padded>
        <div className="grid gap-4">
          <TextField label={words.name} spellCheck={false} {...bound.text("name")} hint={words.willBeVersion(version)} />
          <AreaField label={words.purpose} rows={3} {...bound.text("purpose")} hint={words.stewardsReadThisFirstWhatThe} />
        </div>
      </Card>
      <OutcomeSection bound={bound} />
      <AggregationSection bound={bound} sites={sites} />
      {form.makes === "model" && (
        <>
          <TrainingSection bound={bound} base={base} />
          <StrategySection bound={bound} />
        </>
      )}
      <RoundsSection bound={bound} metrics={metrics} />
      {form.makes === "model" ? (
        <>
          <MetricsSection bound={bound} metrics={metrics} label={base.manifest.label}>
            <EarlierField bound={bound} base={base} plans={plans} />
            <ShiftField bound={bound} base={base} plans={plans} />
          </MetricsSection>
          <CriteriaSection bound={bound} />
        </>
      ) : (
        <CountsSection bound={bound} />
      )}
      {base.manifest.split === null && <SplitSection bound={bound} />}
    </>
  );
}

function RoundsSection({ bound: { form, change, figure }, metrics }: MetricsProps) {
  const words = useWords(formWords);
  const secure = form.method === "secure";
  const needed = numbersOf(form.directory.length).threshold;
  return (
    <Card title={words.roundsAndSites} padded>
      <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
        {secure ? (
          <TextField label={words.sitesASumNeeds} {...figure("minSites")} hint={words.sizeAsksFor(needed)} />
        ) : (
          <>
            <TextField label={words.sitesARoundNeeds} {...figure("minSites")} />
            <TextField label={words.shareOfSitesAsked} {...figure("fraction")} />
          </>
        )}
        <TextField label={words.waitForSitesS} {...figure("gather")} hint={words.beforeARoundOpensWithoutThose} />
        <TextField label={words.deadlineS} {...figure("deadline")} hint={words.aRoundIsNeverOpenLonger} />
        <TextField label={words.graceS} {...figure("grace")} hint={words.forTheOthersOnceEnoughAre} />
      </div>
      {form.makes === "model" && (
        <fieldset className="mt-4">
          <Check label={words.stopEarlyWhenTheFigureOf} checked={form.stops} onChange={(stops) => change({ stops })} />
          {form.stops && (
            <div className="mt-3 grid gap-4 sm:grid-cols-3">
              <SelectField
                label={words.metricWatched}
                value={form.stopMetric}
                onChange={(event) => change({ stopMetric: event.target.value as MetricName })}
              >
                {metrics.map((name) => (
                  <option key={name} value={name}>
                    {METRIC_TITLES[name]}
                  </option>
                ))}
              </SelectField>
              <TextField label={words.roundsWithoutImprovement} {...figure("patience")} />
              <TextField label={words.smallestImprovement} {...figure("minDelta")} />
            </div>
          )}
        </fieldset>
      )}
    </Card>
  );
}

function MetricsSection({
  bound: { form, change, wrongOf, leave, figure },
  metrics,
  label,
  children,
}: MetricsProps & { readonly label: Label; readonly children: ReactNode }) {
  const words = useWords(formWords);
  const toggleMetric = (name: MetricName): void => {
    leave("metrics");
    change({ metrics: metrics.filter((each) => (each === name ? !form.metrics.includes(name) : form.metrics.includes(each))) });
  };
  return (
    <Card title={words.whatMayLeaveASite} aside={words.besideTheUpdate} padded>
      <fieldset>
        <legend className="mb-1.5 text-12 font-medium text-fg-2">{words.metricsOfHeldOutPatients}</legend>
        <div className="flex flex-wrap gap-x-5 gap-y-1">
          {metrics.map((name) => (
            <Check key={name} label={METRIC_TITLES[name]} checked={form.metrics.includes(name)} onChange={() => toggleMetric(name)} />
          ))}
        </div>
        <GroupWrong>{wrongOf("metrics")}</GroupWrong>
      </fieldset>
      <div className="mt-4 grid items-start gap-4 sm:grid-cols-2">
        <Check
          label={words.sitesAlsoShowFiguresOfTheir}
          checked={form.perSite}
          onChange={(perSite) => change({ perSite })}
          hint={form.method === "secure" ? words.offOnlyFiguresOfAllSites : words.eachStewardMustAllowItSeparately}
        />
        <Check
          label={words.atTheEndEachSiteAlso}
          checked={form.compareAlone}
          onChange={(compareAlone) => change({ compareAlone })}
          hint={words.thatModelStaysAtTheSite}
        />
        {form.compareAlone && form.perSite && (
          <Check
            label={words.andAModelBetweenItsOwn}
            checked={form.compareMix}
            onChange={(compareMix) => change({ compareMix })}
            hint={words.howMuchOfItIsIts}
          />
        )}
        {form.compareAlone && form.perSite && (
          <Check
            label={words.andTheGainWithOneInterval}
            checked={form.compareGain}
            onChange={(compareGain) => change({ compareGain })}
            hint={words.narrowerThanOfTwo}
          />
        )}
        {form.perSite && !form.personalHead && label.kind !== "survival" && (
          <Check
            label={words.andTheSharedModelWithOwnIntercept}
            checked={form.compareIntercept}
            onChange={(compareIntercept) => change({ compareIntercept })}
            hint={words.whereSitesDifferInHowOften}
          />
        )}
        {label.kind === "survival" && <TextField label={words.horizon} {...figure("horizon")} hint={words.horizonIn(label.time.unit)} />}
        <TextField
          label={words.onlyFromThisManyPatients}
          {...figure("minCount")}
          hint={form.method === "secure" ? words.ofOneSiteOrOfAll : words.fewerTheSiteSendsNoFigure}
        />
        {children}
      </div>
    </Card>
  );
}

/** Of a summary only counts leave. */
function CountsSection({ bound: { figure } }: { readonly bound: Bound }) {
  const words = useWords(formWords);
  return (
    <Card title={words.whatMayLeaveASite} padded>
      <div className="grid gap-4 sm:grid-cols-3">
        <TextField label={words.onlyFromThisManyPatients} {...figure("minCount")} hint={words.fewerACellIsJoined} />
      </div>
    </Card>
  );
}

function SplitSection({ bound: { text, figure } }: { readonly bound: Bound }) {
  const words = useWords(formWords);
  return (
    <Card title={words.splitByPatient} aside={words.theRestIsForTheTest} padded>
      <div className="grid gap-4 sm:grid-cols-3">
        <TextField label={words.training} {...figure("train")} />
        <TextField label={words.validation} {...figure("validation")} />
        <TextField label={words.salt} {...text("salt")} hint={words.anotherTextGivesAnotherSplit} />
      </div>
    </Card>
  );
}
