"use client";
import type { RunSummary } from "@engraft/coordinator/api/views";
import { useState } from "react";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Check, TextField } from "../../parts/field.tsx";
import { useWords } from "../../words/language.ts";
import { compareWords } from "./words.ts";

/** As many as one request asks for. */
export const MAX_COMPARED = 100;
const QUICK = [10, 50, MAX_COMPARED] as const;

interface ChooseProps {
  readonly runs: readonly RunSummary[];
  readonly chosen: readonly string[];
  readonly onChoose: (runs: readonly string[]) => void;
}

export function ChooseCard({ runs, chosen, onChoose }: ChooseProps) {
  const words = useWords(compareWords);
  const [text, setText] = useState("");
  const [full, setFull] = useState(false);
  const found = runs.filter(({ run }) => run.toLowerCase().includes(text.trim().toLowerCase()));
  const toggle = (run: string): void => {
    const has = chosen.includes(run);
    const over = !has && chosen.length >= MAX_COMPARED;
    setFull(over);
    if (!over) onChoose(has ? chosen.filter((each) => each !== run) : [...chosen, run]);
  };
  return (
    <Card title={words.chooseRuns} aside={words.choosing(chosen.length, runs.length)} className="h-full">
      <div className="grid gap-2 px-4 pt-3">
        <TextField
          label={words.search}
          value={text}
          placeholder={words.searchHint}
          onChange={(event) => setText(event.target.value)}
          wrong={full ? words.tooMany(MAX_COMPARED) : undefined}
        />
        <div className="flex flex-wrap gap-2">
          {QUICK.filter((count, index) => index === 0 || runs.length > (QUICK[index - 1] ?? 0)).map((count) => (
            <Button key={count} size="small" onClick={() => onChoose(found.slice(0, count).map(({ run }) => run))}>
              {words.newest(Math.min(count, found.length))}
            </Button>
          ))}
          <Button size="small" kind="ghost" onClick={() => onChoose([])}>
            {words.none}
          </Button>
        </div>
      </div>
      <div
        className="mt-2 h-[300px] overflow-y-auto border-t border-line px-4 py-2"
        role="region"
        aria-label={words.runsFound}
        tabIndex={0}
      >
        {found.length === 0 ? (
          <p className="py-2 text-fg-2">{words.noneFound}</p>
        ) : (
          <ul className="grid gap-1">
            {found.map(({ run }) => (
              <li key={run}>
                <Check label={run} checked={chosen.includes(run)} onChange={() => toggle(run)} />
              </li>
            ))}
          </ul>
        )}
      </div>
    </Card>
  );
}
