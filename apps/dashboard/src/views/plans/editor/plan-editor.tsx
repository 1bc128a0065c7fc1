"use client";
import type { BaseView } from "@engraft/coordinator/api/views";
import { useRef, useState } from "react";
import { Card } from "../../../parts/card.tsx";
import { SelectField } from "../../../parts/field.tsx";
import { Segmented } from "../../../parts/segmented.tsx";
import { useWords } from "../../../words/language.ts";
import { DraftNote } from "../draft/draft-note.tsx";
import { EstimateCard } from "../estimate/estimate-card.tsx";
import { FileButton } from "../file/file-button.tsx";
import { JsonCard } from "../file/json-card.tsx";
import { KeptCard, LoadedNote, RenewedNote } from "../file/loaded-notes.tsx";
import { useFirstWrong } from "../form/first-wrong.ts";
import { formWords } from "../form/form-words.ts";
import { PlanFields } from "../fields/plan-fields.tsx";
import { PlanPreview } from "./plan-preview.tsx";
import { useDraft, type EditorProps } from "./use-draft.ts";
import { keptValues } from "../form/written-plan.ts";

/** Discarding begins anew, with nothing left of the draft. */
export function PlanEditor(props: EditorProps) {
  const [turn, setTurn] = useState(0);
  return <Editor key={turn} {...props} onDiscarded={() => setTurn(turn + 1)} />;
}

function Editor({ onDiscarded, ...props }: EditorProps & { readonly onDiscarded: () => void }) {
  const words = useWords(formWords);
  const draft = useDraft(props);
  const [asked, setAsked] = useState(false);
  const page = useRef<HTMLDivElement>(null);
  const goToWrong = useFirstWrong(page);
  const { written, json, judged, keptAt } = draft;
  const problems = [...Object.values(judged.wrong).filter((problem) => problem !== undefined), ...judged.general];
  /** What a file has wrong is shown at once, at its fields. */
  const filled = (whether: boolean): void => {
    if (whether) setAsked(true);
  };
  const ask = (): void => {
    setAsked(true);
    if (judged.plan === undefined) goToWrong();
  };
  return (
    <div className="cols" ref={page}>
      <div className="c8 stack">
        <div className="flex flex-wrap items-center gap-2">
          <Segmented
            label={words.howToWrite}
            value={json === undefined ? "form" : "json"}
            options={[
              { value: "form", text: words.form },
              { value: "json", text: words.pasteJson },
            ]}
            onChange={(mode) => (mode === "form" ? filled(draft.toForm()) : draft.toJson())}
          />
          <FileButton onText={(text, name) => filled(draft.fill(text, name))} />
        </div>
        {keptAt !== undefined && (
          <DraftNote
            at={keptAt}
            found={draft.found}
            onDiscard={() => {
              draft.drop();
              onDiscarded();
            }}
          />
        )}
        {json === undefined ? (
          <>
            <Beginnings draft={draft} />
            <BaseCard bases={props.bases} base={written.base} onChoose={draft.chooseBase} />
            <PlanFields
              form={written.form}
              change={draft.change}
              wrong={judged.wrong}
              shown={asked}
              base={written.base}
              version={draft.version}
              sites={props.sites}
              plans={props.plans}
            />
          </>
        ) : (
          <JsonCard text={json} onChange={draft.setJson} violations={draft.violations} onLeave={draft.leaveText} />
        )}
      </div>
      <div className="c4 stack lg:sticky lg:top-18">
        <EstimateCard plan={judged.plan} base={draft.judgedBase} sites={props.sites.map(({ name }) => name)} />
        <PlanPreview judged={judged} base={draft.judgedBase} problems={problems} asked={asked} onAsk={ask} onProposed={draft.drop} />
      </div>
    </div>
  );
}

/** What the form was filled from, as far as its fields do not show it. */
function Beginnings({ draft: { written, version, enrolled, loaded, closeLoaded } }: { readonly draft: ReturnType<typeof useDraft> }) {
  const values = keptValues(written, version, enrolled);
  return (
    <>
      {loaded !== undefined && <LoadedNote loaded={loaded} onClose={closeLoaded} />}
      {written.renewed.length > 0 && <RenewedNote sites={written.renewed} />}
      {values.length > 0 && <KeptCard values={values} />}
    </>
  );
}

function BaseCard({
  bases,
  base,
  onChoose,
}: {
  readonly bases: readonly BaseView[];
  readonly base: BaseView;
  readonly onChoose: (digest: string) => void;
}) {
  const words = useWords(formWords);
  const { manifest } = base;
  return (
    <Card title={words.baseModel} padded>
      <SelectField
        label={words.baseModel}
        value={base.digest}
        onChange={(event) => onChoose(event.target.value)}
        hint={words.baseHint(manifest.title, manifest.fields.length, manifest.label.title, manifest.licence)}
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
