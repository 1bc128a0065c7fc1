"use client";
import { FileCheck2, KeyRound, TriangleAlert } from "lucide-react";
import { Button } from "../../../parts/button.tsx";
import { Card } from "../../../parts/card.tsx";
import { Note } from "../../../parts/chip.tsx";
import { listed } from "../../../parts/figures.ts";
import { useLanguage, useWords } from "../../../words/language.ts";
import type { Difference } from "../form/merge.ts";
import type { Loaded } from "../editor/use-draft.ts";
import { editorWords } from "../words/editor.ts";
import { ViolationList } from "./json-card.tsx";

/** What became of the JSON that filled the form. */
export function LoadedNote({ loaded: { name, violations }, onClose }: { readonly loaded: Loaded; readonly onClose: () => void }) {
  const words = useWords(editorWords);
  const whole = violations.length === 0;
  const Icon = whole ? FileCheck2 : TriangleAlert;
  return (
    <Note tone={whole ? "ok" : "warn"} role="status" icon={<Icon size={16} aria-hidden />}>
      <div className="flex flex-wrap items-start justify-between gap-2 sm:flex-nowrap">
        <p>
          <b className="font-semibold">{words.filled(name)}</b> {whole ? words.filledWhole : words.filledPart(violations.length)}
        </p>
        <Button size="small" onClick={onClose}>
          {words.close}
        </Button>
      </div>
      {!whole && <ViolationList violations={violations} />}
    </Note>
  );
}

export function RenewedNote({ sites }: { readonly sites: readonly string[] }) {
  const words = useWords(editorWords);
  const and = useLanguage() === "de" ? "und" : undefined;
  return (
    <Note tone="info" icon={<KeyRound size={16} aria-hidden />}>
      {words.renewed(listed(sites, and), sites.length)}
    </Note>
  );
}

/** Long enough to recognise, short enough to read. */
const shortJson = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
};

/** What stays in the plan though the form does not show it. */
export function KeptCard({ values }: { readonly values: readonly Difference[] }) {
  const words = useWords(editorWords);
  return (
    <Card title={words.kept} aside={words.keptAside} padded>
      <ul className="grid gap-1">
        {values.map(({ path, value }) => (
          <li key={path} className="flex flex-wrap items-baseline gap-x-2">
            <code className="font-mono text-12 font-medium wrap-anywhere">{path}</code>
            {value === undefined ? (
              <span className="text-fg-2">{words.leftOut}</span>
            ) : (
              <code className="font-mono text-12 text-fg-2 wrap-anywhere">{shortJson(value)}</code>
            )}
          </li>
        ))}
      </ul>
      <p className="hint mt-2">{words.keptWhy}</p>
    </Card>
  );
}
