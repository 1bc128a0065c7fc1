"use client";
import type { BaseView, PlanSummary } from "@engraft/coordinator/api/views";
import type { Plan } from "@engraft/core/models/plan";
import { planInWords } from "@engraft/core/models/plan-words";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Note } from "../../parts/chip.tsx";
import { AreaField, SelectField } from "../../parts/field.tsx";
import { plural } from "../../parts/figures.ts";
import { Segmented } from "../../parts/segmented.tsx";
import { Refused } from "../../parts/states.tsx";
import { PlanFields } from "./plan-fields.tsx";
import { PlanLines } from "./plan-cards.tsx";
import { draftOf, formFromBase, formFromPlan, judge, type Judged, type PlanForm } from "./plan-form.ts";

interface EditorProps {
  readonly bases: readonly BaseView[];
  readonly plans: readonly PlanSummary[];
  readonly start: Plan | undefined;
}

const nextVersion = (plans: readonly PlanSummary[], name: string): number => 1 + Math.max(0, ...plans.filter((plan) => plan.name === name.trim()).map((plan) => plan.version));

function readJson(text: string): { readonly json: unknown } | { readonly wrong: string } {
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    return { wrong: "This is not JSON. Paste the whole plan, from the first { to the last }." };
  }
}

/** The base a JSON plan names, if it is here. */
function baseNamed(bases: readonly BaseView[], json: unknown): BaseView | undefined {
  const digest = typeof json === "object" && json !== null && "base" in json && typeof json.base === "object" && json.base !== null && "manifest" in json.base ? json.base.manifest : undefined;
  return bases.find((base) => base.digest === digest);
}

export function PlanEditor({ bases, plans, start }: EditorProps) {
  const first = bases.find((base) => base.digest === start?.base.manifest) ?? bases[0];
  const [base, setBase] = useState(first);
  const [form, setForm] = useState<PlanForm | undefined>(() => (start !== undefined && first?.digest === start.base.manifest ? formFromPlan(start) : first === undefined ? undefined : formFromBase(first)));
  const [json, setJson] = useState<string | undefined>(undefined);
  const [asked, setAsked] = useState(false);
  if (base === undefined || form === undefined) return null;

  const draft = draftOf(form, base, nextVersion(plans, form.name));
  const read = json === undefined ? { json: draft } : readJson(json);
  const judgedBase = json === undefined ? base : "json" in read ? baseNamed(bases, read.json) : undefined;
  const judged: Judged = "json" in read ? judge(read.json, judgedBase) : { plan: undefined, wrong: {}, general: [read.wrong] };
  const problems = [...Object.values(judged.wrong), ...judged.general];

  const change = (part: Partial<PlanForm>): void => setForm({ ...form, ...part });
  const chooseBase = (digest: string): void => {
    const next = bases.find((each) => each.digest === digest);
    if (next === undefined) return;
    setBase(next);
    setForm({ ...formFromBase(next), purpose: form.purpose });
  };
  const toForm = (): void => {
    if (judged.plan !== undefined && judgedBase !== undefined) {
      setBase(judgedBase);
      setForm(formFromPlan(judged.plan));
    }
    setJson(undefined);
  };

  return (
    <div className="cols">
      <div className="c8 stack">
        <div>
          <Segmented label="How to write" value={json === undefined ? "form" : "json"} options={[{ value: "form", text: "Form" }, { value: "json", text: "Paste JSON" }]} onChange={(mode) => (mode === "json" ? setJson(JSON.stringify(draft, null, 2)) : toForm())} />
        </div>
        {json === undefined ? (
          <>
            <Card title="Base model" padded>
              <SelectField label="Base model" value={base.digest} onChange={(event) => chooseBase(event.target.value)} hint={`${base.manifest.title}. ${base.manifest.fields.length} fields, label “${base.manifest.label.title}”, licence ${base.manifest.licence}.`}>
                {bases.map((each) => (
                  <option key={each.digest} value={each.digest}>
                    {each.name} {each.version}
                  </option>
                ))}
              </SelectField>
            </Card>
            <PlanFields form={form} change={change} wrong={judged.wrong} shown={asked} base={base} version={nextVersion(plans, form.name)} />
          </>
        ) : (
          <Card title="Plan as JSON" padded>
            <AreaField label="Plan" rows={28} className="input font-mono text-12" spellCheck={false} value={json} onChange={(event) => setJson(event.target.value)} wrong={problems[0]} hint="Numbers, texts and lists only; a plan holds no code. Unknown fields are refused." />
          </Card>
        )}
      </div>
      <div className="c4 stack lg:sticky lg:top-18">
        <Preview judged={judged} base={judgedBase} problems={problems} asked={asked} onAsk={() => setAsked(true)} />
      </div>
    </div>
  );
}

interface PreviewProps {
  readonly judged: Judged;
  readonly base: BaseView | undefined;
  readonly problems: readonly string[];
  readonly asked: boolean;
  readonly onAsk: () => void;
}

function Preview({ judged, base, problems, asked, onAsk }: PreviewProps) {
  const trpc = useTRPC();
  const router = useRouter();
  const queryClient = useQueryClient();
  const propose = useMutation(
    trpc.plans.propose.mutationOptions({
      onSuccess: async ({ digest }) => {
        await queryClient.invalidateQueries({ queryKey: trpc.plans.pathKey() });
        router.push(`/plans/${digest}`);
      },
    }),
  );
  const { plan } = judged;
  const onPropose = (): void => {
    onAsk();
    if (plan !== undefined) propose.mutate({ plan: JSON.stringify(plan) });
  };
  return (
    <>
      <Card title="In plain words" padded aside="what stewards will read">
        {plan !== undefined && base !== undefined ? <PlanLines lines={planInWords(plan, base.manifest)} /> : <p className="text-fg-2">The words appear once every field can be read.</p>}
      </Card>
      {problems.length > 0 && (
        <Note tone="warn" role="status" icon={<TriangleAlert size={16} aria-hidden />}>
          <b className="font-semibold">{plural(problems.length, "field needs", "fields need")} a value.</b>
          {(asked || judged.general.length > 0) && (
            <ul className="mt-1 grid list-disc gap-1 pl-4">
              {problems.slice(0, 8).map((problem) => (
                <li key={problem}>{problem}</li>
              ))}
            </ul>
          )}
        </Note>
      )}
      {propose.error !== null && <Refused what="The plan was not proposed." error={propose.error} />}
      <div className="grid gap-2">
        <Button kind="primary" busy={propose.isPending && "Proposing plan …"} onClick={onPropose} aria-describedby="propose-next">
          Propose plan
        </Button>
        <p id="propose-next" className="text-12 text-fg-2">
          Every site is asked for its approval. Nothing is trained before enough of them have said yes.
        </p>
      </div>
    </>
  );
}
