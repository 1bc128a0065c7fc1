"use client";
import { Button } from "../parts/button.tsx";
import { Failed } from "../parts/states.tsx";
import { useWords } from "../words/language.ts";
import { shellWords } from "../words/shell.ts";

/** A fault of the page itself. Runs are not touched by it. */
export default function PageError({ error, reset }: { readonly error: Error; readonly reset: () => void }) {
  const words = useWords(shellWords);
  return (
    <main className="mx-auto max-w-[640px] px-4 py-16">
      <h1>{words.pageStopped}</h1>
      <Failed error={error} title={words.pageFault} />
      <Button kind="primary" onClick={reset}>
        {words.showAgain}
      </Button>
    </main>
  );
}
