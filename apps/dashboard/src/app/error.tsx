"use client";
import { Button } from "../parts/button.tsx";
import { Failed } from "../parts/states.tsx";

/** A fault of the page itself. Runs are not touched by it. */
export default function PageError({ error, reset }: { readonly error: Error; readonly reset: () => void }) {
  return (
    <main className="mx-auto max-w-[640px] px-4 py-16">
      <h1>The page stopped</h1>
      <Failed error={error} title="A fault of this page" />
      <Button kind="primary" onClick={reset}>
        Show the page again
      </Button>
    </main>
  );
}
