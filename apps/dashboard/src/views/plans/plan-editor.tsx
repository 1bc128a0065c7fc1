"use client";
import type { BaseView, PlanSummary, SiteView } from "@engraft/coordinator/api/views";
import type { PublicKey, SiteName } from "@engraft/core/base/ids";
import type { Plan } from "@engraft/core/models/plan";
import type { EnrolledSite } from "@engraft/core/models/plan-draft";
import { useState } from "react";
import { Card } from "../../parts/card.tsx";
import { AreaField, SelectField } from "../../parts/field.tsx";
import { Segmented } from "../../parts/segmented.tsx";
import { PlanFields } from "./plan-fields.tsx";
import { draftOf, formFromBase, formFromPlan, freshAggregation, type PlanForm } from "./plan-form.ts";
import { judge, type Judged } from "./plan-judge.ts";
import { PlanPreview } from "./plan-preview.tsx";

interface EditorProps {
  readonly bases: readonly BaseView[];
  readonly plans: readonly PlanSummary[];
  /** Enrolled now. */
  readonly sites: readonly SiteView[];
  readonly start: Plan | undefined;
  /** Whether this is the next version of `start`: only then its aggregation is kept too. */
  readonly next: boolean;
}

const enrolledOf = (sites: readonly SiteView[]): readonly EnrolledSite[] =>
  sites.map(({ name, key }) => ({ site: name as SiteName, publicKey: key as PublicKey }));

function startForm(base: BaseView, { start, next }: EditorProps, enrolled: readonly EnrolledSite[]): PlanForm {
  if (start === undefined || base.digest !== start.base.manifest) return formFromBase(base, enrolled);
  const form = formFromPlan(start, enrolled);
  return next ? form : { ...form, ...freshAggregation(enrolled) };
}

const nextVersion = (plans: readonly PlanSummary[], name: string): number =>
  1 + Math.max(0, ...plans.filter((plan) => plan.name === name.trim()).map((plan) => plan.version));

function readJson(text: string): { readonly json: unknown } | { readonly wrong: string } {
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    return { wrong: "This is not JSON. Paste the whole plan, from the first { to the last }." };
  }
}

/** The base a JSON plan names, if it is here. */
function baseNamed(bases: readonly BaseView[], json: unknown): BaseView | undefined {
  const digest =
    typeof json === "object" &&
    json !== null &&
    "base" in json &&
    typeof json.base === "object" &&
    json.base !== null &&
    "manifest" in json.base
      ? json.base.manifest
      : undefined;
  return bases.find((base) => base.digest === digest);
}

/** The plan being written, as a form or as JSON text, and how it is judged as it stands. */
function usePlanDraft(props: EditorProps) {
  const { bases, plans, sites, start } = props;
  const enrolled = enrolledOf(sites);
  const first = bases.find((base) => base.digest === start?.base.manifest) ?? bases[0];
  if (first === undefined) throw new Error("Bug: a plan editor without a base");
  const [base, setBase] = useState(first);
  const [form, setForm] = useState<PlanForm>(() => startForm(first, props, enrolled));
  const [json, setJson] = useState<string | undefined>(undefined);
  const version = nextVersion(plans, form.name);
  const draft = draftOf(form, base, version, enrolled);
  const read = json === undefined ? { json: draft } : readJson(json);
  const judgedBase = json === undefined ? base : "json" in read ? baseNamed(bases, read.json) : undefined;
  const judged: Judged = "json" in read ? judge(read.json, judgedBase, enrolled) : { plan: undefined, wrong: {}, general: [read.wrong] };
  return {
    base,
    form,
    json,
    version,
    judged,
    judgedBase,
    setJson,
    change: (part: Partial<PlanForm>): void => setForm({ ...form, ...part }),
    chooseBase: (digest: string): void => {
      const next = bases.find((each) => each.digest === digest);
      if (next === undefined) return;
      setBase(next);
      setForm({ ...formFromBase(next, enrolled), purpose: form.purpose });
    },
    toJson: (): void => setJson(JSON.stringify(draft, null, 2)),
    /** JSON that is a plan fills the form; other text is let go. */
    toForm: (): void => {
      if (judged.plan !== undefined && judgedBase !== undefined) {
        setBase(judgedBase);
        setForm(formFromPlan(judged.plan, enrolled));
      }
      setJson(undefined);
    },
  };
}

export function PlanEditor(props: EditorProps) {
  const draft = usePlanDraft(props);
  const [asked, setAsked] = useState(false);
  const { base, form, json, judged } = draft;
  const problems = [...Object.values(judged.wrong), ...judged.general];
  return (
    <div className="cols">
      <div className="c8 stack">
        <div>
          <Segmented
            label="How to write"
            value={json === undefined ? "form" : "json"}
            options={MODES}
            onChange={(mode) => (mode === "json" ? draft.toJson() : draft.toForm())}
          />
        </div>
        {json === undefined ? (
          <>
            <BaseCard bases={props.bases} base={base} onChoose={draft.chooseBase} />
            <PlanFields
              form={form}
              change={draft.change}
              wrong={judged.wrong}
              shown={asked}
              base={base}
              version={draft.version}
              sites={props.sites}
            />
          </>
        ) : (
          <JsonCard text={json} onChange={draft.setJson} wrong={problems[0]} />
        )}
      </div>
      <div className="c4 stack lg:sticky lg:top-18">
        <PlanPreview judged={judged} base={draft.judgedBase} problems={problems} asked={asked} onAsk={() => setAsked(true)} />
      </div>
    </div>
  );
}

const MODES = [
  { value: "form", text: "Form" },
  { value: "json", text: "Paste JSON" },
] as const;

function BaseCard({
  bases,
  base,
  onChoose,
}: {
  readonly bases: readonly BaseView[];
  readonly base: BaseView;
  readonly onChoose: (digest: string) => void;
}) {
  const { manifest } = base;
  return (
    <Card title="Base model" padded>
      <SelectField
        label="Base model"
        value={base.digest}
        onChange={(event) => onChoose(event.target.value)}
        hint={`${manifest.title}. ${manifest.fields.length} fields, label “${manifest.label.title}”, licence ${manifest.licence}.`}
      >
        {bases.map((each) => (
          <option key={each.digest} value={each.digest}>
            {each.name} {each.version}
          </option>
        ))}
      </SelectField>
    </Card>
  );
}

function JsonCard({
  text,
  onChange,
  wrong,
}: {
  readonly text: string;
  readonly onChange: (text: string) => void;
  readonly wrong: string | undefined;
}) {
  return (
    <Card title="Plan as JSON" padded>
      <AreaField
        label="Plan"
        rows={28}
        className="input font-mono text-12"
        spellCheck={false}
        value={text}
        onChange={(event) => onChange(event.target.value)}
        wrong={wrong}
        hint="Numbers, texts and lists only; a plan holds no code. Unknown fields are refused. Without “aggregation” it gets secure aggregation over all enrolled sites."
      />
    </Card>
  );
}
