"use client";
import type { BaseView, PlanSummary } from "@engraft/coordinator/api/views";
import { shiftReference } from "@engraft/core/models/summary/shift";
import type { MetricName } from "@engraft/core/models/plan";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ChartColumn, Plus, Sprout, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTRPC } from "../../../api/trpc.ts";
import { Button } from "../../../parts/button.tsx";
import { Card } from "../../../parts/card.tsx";
import { SelectField, TextField } from "../../../parts/field.tsx";
import { METRIC_TITLES } from "../../../parts/figures.ts";
import { useWords } from "../../../words/language.ts";
import type { Bound } from "../form/bound.ts";
import { Choice } from "./choice.tsx";
import { choosing, type OutcomeForm, type RuleForm } from "../form/outcome-form.ts";
import { editorWords } from "../words/editor.ts";

/** As many as the schema takes. */
const MAX_CRITERIA = 20;

/** A model, or a summary of the data. */
export function OutcomeSection({ bound }: { readonly bound: Bound }) {
  const words = useWords(editorWords);
  const { form, change, figure } = bound;
  const choice = (makes: OutcomeForm["makes"]) => ({
    group: "makes",
    chosen: form.makes === makes,
    onChoose: () => change(choosing(makes, form)),
  });
  return (
    <Card title={words.outcome} padded>
      <fieldset className="grid gap-2 sm:grid-cols-2">
        <legend className="sr-only">{words.outcome}</legend>
        <Choice {...choice("model")} label={words.model} says={words.modelSays} icon={<Sprout size={15} aria-hidden />} />
        <Choice {...choice("summary")} label={words.summary} says={words.summarySays} icon={<ChartColumn size={15} aria-hidden />} />
      </fieldset>
      {form.makes === "summary" && (
        <div className="mt-4 grid gap-4 sm:grid-cols-3">
          <TextField label={words.bins} {...figure("bins")} hint={words.binsHint} />
        </div>
      )}
    </Card>
  );
}

/** What the model must reach to be released. */
export function CriteriaSection({ bound }: { readonly bound: Bound }) {
  const words = useWords(editorWords);
  const { form, change, wrongOf, leave } = bound;
  const rules = form.acceptance;
  const set = (at: number, part: Partial<RuleForm>): void =>
    change({ acceptance: rules.map((rule, index) => (index === at ? { ...rule, ...part } : rule)) });
  const add = (): void => {
    const metric = form.metrics[0] ?? "loss";
    change({ acceptance: [...rules, { metric, on: form.method === "secure" ? "pooled" : "mean", bound: "atLeast", limit: "" }] });
  };
  return (
    <Card title={words.criteria} padded>
      <div className="grid gap-4">
        {/* A criterion is its place: it has no other name. */}
        {Array.from(rules, (rule, at) => (
          <Criterion
            key={at}
            at={at}
            rule={rule}
            measured={form.metrics}
            unmeasured={unmeasured(rule, form, words)}
            limitWrong={wrongOf(`limit ${at}`)}
            metricWrong={wrongOf(`criterion ${at}`)}
            onChange={(part) => set(at, part)}
            onLeave={() => leave(`limit ${at}`)}
            onRemove={() => change({ acceptance: rules.filter((_, index) => index !== at) })}
          />
        ))}
        {rules.length < MAX_CRITERIA && (
          <div>
            <Button onClick={add}>
              <Plus size={15} aria-hidden />
              {words.addCriterion}
            </Button>
          </div>
        )}
        <p className="hint">{words.criteriaHint}</p>
      </div>
    </Card>
  );
}

/** Why nobody could say whether a criterion is met. */
function unmeasured({ on }: RuleForm, { method, perSite }: Bound["form"], words: typeof editorWords.en): string | undefined {
  if (on === "pooled") return method === "plain" ? words.pooledInPlain : undefined;
  return perSite ? undefined : words.ownNeeded;
}

interface CriterionProps {
  readonly at: number;
  readonly rule: RuleForm;
  readonly measured: readonly MetricName[];
  readonly unmeasured: string | undefined;
  readonly limitWrong: string | undefined;
  readonly metricWrong: string | undefined;
  readonly onChange: (part: Partial<RuleForm>) => void;
  readonly onLeave: () => void;
  readonly onRemove: () => void;
}

function Criterion({ at, rule, measured, unmeasured: why, limitWrong, metricWrong, onChange, onLeave, onRemove }: CriterionProps) {
  const words = useWords(editorWords);
  const { metric, on, bound, limit } = rule;
  const names = measured.includes(metric) ? measured : [...measured, metric];
  return (
    <fieldset className="grid items-start gap-3 sm:grid-cols-2 lg:grid-cols-[1fr_1fr_1fr_1fr_auto]">
      <legend className="sr-only">{words.criterion(at + 1)}</legend>
      <SelectField
        label={words.figure}
        value={metric}
        wrong={metricWrong}
        onChange={(event) => onChange({ metric: event.target.value as MetricName })}
      >
        {names.map((name) => (
          <option key={name} value={name}>
            {METRIC_TITLES[name]}
          </option>
        ))}
      </SelectField>
      <SelectField
        label={words.over}
        value={on}
        hint={why === undefined ? undefined : <span className="text-warn">{why}</span>}
        onChange={(event) => onChange({ on: event.target.value as RuleForm["on"] })}
      >
        <option value="pooled">{words.overs.pooled}</option>
        <option value="mean">{words.overs.mean}</option>
        <option value="each-site">{words.overs["each-site"]}</option>
      </SelectField>
      <SelectField label={words.must} value={bound} onChange={(event) => onChange({ bound: event.target.value as RuleForm["bound"] })}>
        <option value="atLeast">{words.bounds.atLeast}</option>
        <option value="atMost">{words.bounds.atMost}</option>
      </SelectField>
      <TextField
        label={words.limit}
        value={limit}
        wrong={limitWrong}
        inputMode="decimal"
        autoComplete="off"
        onChange={(event) => onChange({ limit: event.target.value })}
        onBlur={onLeave}
      />
      <div className="lg:pt-[22px]">
        <Button kind="ghost" icon aria-label={words.removeCriterion(at + 1)} title={words.removeCriterion(at + 1)} onClick={onRemove}>
          <Trash2 size={16} aria-hidden />
        </Button>
      </div>
    </fieldset>
  );
}

interface OverBaseProps {
  readonly bound: Bound;
  readonly base: BaseView;
  readonly plans: readonly PlanSummary[];
}

/** The earlier model that each site judges beside the new one: one over the same base, or the one that came with the plan. */
export function EarlierField({ bound: { form, change, wrongOf, leave }, base, plans }: OverBaseProps) {
  const words = useWords(editorWords);
  const releases = useQuery(useTRPC().releases.list.queryOptions());
  const over = new Set(plans.filter((plan) => plan.baseManifest === base.digest).map(({ digest }) => digest));
  const models = (releases.data ?? []).filter(({ plan }) => over.has(plan.digest));
  const kept = models.some(({ checkpoint }) => checkpoint.digest === form.earlier?.checkpoint) ? undefined : form.earlier;
  const choose = (digest: string): void => {
    leave("earlier");
    const chosen = models.find(({ checkpoint }) => checkpoint.digest === digest);
    const named = chosen && { run: chosen.run, checkpoint: chosen.checkpoint.digest, bytes: chosen.checkpoint.bytes };
    if (digest !== kept?.checkpoint) change({ earlier: named });
  };
  return (
    <SelectField
      label={words.earlier}
      value={form.earlier?.checkpoint ?? ""}
      wrong={releases.error === null ? wrongOf("earlier") : words.earlierAway}
      onChange={(event) => choose(event.target.value)}
      hint={models.length === 0 && kept === undefined ? words.earlierNone : words.earlierHint}
    >
      <option value="">{words.noShift}</option>
      {kept !== undefined && <option value={kept.checkpoint}>{words.shiftKept(kept.run)}</option>}
      {models.map(({ run, checkpoint, released }) => (
        <option key={run} value={checkpoint.digest}>
          {released === null ? run : `${released.name} ${released.version} (${run})`}
        </option>
      ))}
    </SelectField>
  );
}

/** The summary that each site's patients are compared with: one of a finished run, or the one that came with the plan. */
export function ShiftField({ bound, base, plans }: OverBaseProps) {
  const words = useWords(editorWords);
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [away, setAway] = useState(false);
  const runs = useQuery(trpc.runs.list.queryOptions());
  const { form, change, wrongOf, leave } = bound;
  const summaries = new Set(plans.filter((plan) => plan.summary && plan.baseManifest === base.digest).map(({ digest }) => digest));
  const done = (runs.data ?? []).filter(({ plan, phase }) => summaries.has(plan.digest) && phase === "finished");
  const kept = form.shift !== undefined && !done.some(({ run }) => run === form.shift?.run) ? form.shift.run : undefined;
  const choose = async (run: string): Promise<void> => {
    leave("shift");
    if (run === "") return change({ shift: undefined });
    try {
      const { table } = await queryClient.fetchQuery(trpc.runs.summary.queryOptions({ run }));
      setAway(false);
      change({ shift: shiftReference(table) });
    } catch {
      setAway(true);
    }
  };
  return (
    <SelectField
      label={words.shift}
      value={form.shift?.run ?? ""}
      wrong={away || runs.error !== null ? words.shiftAway : wrongOf("shift")}
      onChange={(event) => void choose(event.target.value)}
      hint={done.length === 0 && kept === undefined ? words.shiftNone : words.shiftHint}
    >
      <option value="">{words.noShift}</option>
      {kept !== undefined && <option value={kept}>{words.shiftKept(kept)}</option>}
      {done.map(({ run }) => (
        <option key={run} value={run}>
          {run}
        </option>
      ))}
    </SelectField>
  );
}
