"use client";
import { FileUp } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "../../../parts/button.tsx";
import { GroupWrong } from "../../../parts/field.tsx";
import { useWords } from "../../../words/language.ts";
import { editorWords } from "../words/editor.ts";

const LARGEST = 10_000_000;

/** Reads a file that the reader chooses; nothing is sent. */
export function FileButton({ onText }: { readonly onText: (text: string, name: string) => void }) {
  const words = useWords(editorWords);
  const input = useRef<HTMLInputElement>(null);
  const [tooLarge, setTooLarge] = useState(false);
  const read = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    setTooLarge(file.size > LARGEST);
    // A byte order mark is no part of JSON.
    if (file.size <= LARGEST) onText((await file.text()).replace(/^\uFEFF/, ""), file.name);
  };
  return (
    <div>
      <Button onClick={() => input.current?.click()}>
        <FileUp size={15} aria-hidden />
        {words.openFile}
      </Button>
      <input
        ref={input}
        type="file"
        hidden
        accept=".json,application/json"
        aria-label={words.fileOfPlan}
        onChange={(event) => {
          const { files } = event.target;
          void read(files?.[0]);
          // The same file once more is a change too.
          event.target.value = "";
        }}
      />
      <GroupWrong>{tooLarge ? words.tooLarge : undefined}</GroupWrong>
    </div>
  );
}
