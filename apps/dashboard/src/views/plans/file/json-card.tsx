"use client";
import { useId, useRef, useState } from "react";
import { Button } from "../../../parts/button.tsx";
import { Card } from "../../../parts/card.tsx";
import { useWords } from "../../../words/language.ts";
import { formWords } from "../form/form-words.ts";
import type { Placed } from "../editor/use-draft.ts";
import { editorWords } from "../words/editor.ts";

interface JsonProps {
  readonly text: string;
  readonly onChange: (text: string) => void;
  readonly violations: readonly Placed[];
  readonly onLeave: () => void;
}

/** Pixels of a line and above the first one, as `.json` has them. */
const LINE = 18;
const ABOVE = 8;

/** A plan's text with its lines numbered, the wrong ones marked, and below each wrong value by its path. */
export function JsonCard({ text, onChange, violations, onLeave }: JsonProps) {
  const words = useWords(formWords);
  const editor = useWords(editorWords);
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const [top, setTop] = useState(0);
  const lines = text.split("\n").length;
  const wrong = new Set(violations.map(({ line }) => line));
  const goTo = ({ at, line }: Placed): void => {
    const end = text.indexOf("\n", at);
    area.current?.focus();
    area.current?.setSelectionRange(at, end === -1 ? text.length : end);
    if (area.current !== null) area.current.scrollTop = Math.max(0, (line - 6) * LINE);
  };
  return (
    <Card title={words.planAsJson} padded>
      <div className="field">
        <label htmlFor={id}>{words.plan}</label>
        <div className="json">
          <div className="lines" aria-hidden>
            <pre style={{ transform: `translateY(${ABOVE - top}px)` }}>
              {Array.from({ length: lines }, (_, at) => (
                <span key={at} className={wrong.has(at + 1) ? "bad" : undefined}>{`${wrong.has(at + 1) ? "▸ " : ""}${at + 1}\n`}</span>
              ))}
            </pre>
          </div>
          <textarea
            id={id}
            ref={area}
            rows={28}
            wrap="off"
            spellCheck={false}
            autoComplete="off"
            value={text}
            aria-invalid={violations.length > 0}
            aria-describedby={`${id}-wrong ${id}-hint`}
            onChange={(event) => onChange(event.target.value)}
            onScroll={(event) => setTop(event.currentTarget.scrollTop)}
          />
        </div>
        <div id={`${id}-wrong`}>
          {violations.length > 0 && (
            <>
              <p className="font-semibold text-bad">{editor.wrongValues(violations.length)}</p>
              <ViolationList violations={violations} onGo={goTo} />
            </>
          )}
        </div>
        <p className="hint" id={`${id}-hint`}>
          {words.numbersTextsAndListsOnlyA}
        </p>
      </div>
      <div className="mt-3">
        <Button onClick={onLeave}>{editor.leaveText}</Button>
      </div>
    </Card>
  );
}

/** `onGo` brings the reader to the line, where the text is on the page. */
export function ViolationList({
  violations,
  onGo,
}: {
  readonly violations: readonly Placed[];
  readonly onGo?: (violation: Placed) => void;
}) {
  const editor = useWords(editorWords);
  return (
    <ul className="grid gap-1">
      {violations.map((violation) => {
        const { path, text, english, line } = violation;
        return (
          <li key={`${path} ${text}`} className="flex flex-wrap items-baseline gap-x-2">
            {onGo === undefined ? (
              <span className="text-12 text-fg-2">{editor.line(line)}</span>
            ) : (
              <button type="button" className="link text-12" onClick={() => onGo(violation)}>
                {editor.line(line)}
              </button>
            )}
            <code className="font-mono text-12 font-medium wrap-anywhere">{path}</code>
            <span lang={english ? "en" : undefined} className="wrap-anywhere">
              {text}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
