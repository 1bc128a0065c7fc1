"use client";
import { Save, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { Button } from "../../../parts/button.tsx";
import { Note } from "../../../parts/chip.tsx";
import { Confirm } from "../../../parts/dialog.tsx";
import { When } from "../../../parts/time.tsx";
import { useWords } from "../../../words/language.ts";
import { editorWords } from "../words/editor.ts";

interface DraftProps {
  /** Milliseconds since 1970; "nowhere" where this browser keeps nothing. */
  readonly at: number | "nowhere";
  /** Whether it was there when the page opened. */
  readonly found: boolean;
  readonly onDiscard: () => void;
}

/** That what is typed is kept, since when, and how to be rid of it. */
export function DraftNote({ at, found, onDiscard }: DraftProps) {
  const words = useWords(editorWords);
  const [asking, setAsking] = useState(false);
  if (at === "nowhere") {
    return (
      <Note tone="warn" icon={<TriangleAlert size={16} aria-hidden />}>
        {words.draftNowhere}
      </Note>
    );
  }
  return (
    <Note tone={found ? "info" : "neutral"} icon={<Save size={16} aria-hidden />}>
      <div className="flex flex-wrap items-center justify-between gap-2 sm:flex-nowrap">
        <p>
          {found ? words.draftFound : words.draftKept} <When at={at} />. {words.draftStays}
        </p>
        <Confirm
          open={asking}
          onOpenChange={setAsking}
          title={words.discard.title}
          action={words.discard.action}
          keep={words.discard.keep}
          busy={false}
          onConfirm={() => {
            setAsking(false);
            onDiscard();
          }}
          trigger={<Button size="small">{words.discard.action}</Button>}
        >
          <p>{words.discard.what}</p>
        </Confirm>
      </div>
    </Note>
  );
}
