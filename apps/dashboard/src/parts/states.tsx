"use client";
/** What a view shows when it has nothing to show: not yet, nothing there, or an error. */
import { OctagonX, Sprout } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { troubleOf, type Trouble } from "../api/trouble.ts";
import { useWords } from "../words/language.ts";
import { partWords } from "../words/parts.ts";
import { troubleWords } from "../words/trouble.ts";
import { Button } from "./button.tsx";
import { Note } from "./chip.tsx";

export function Empty({ title, children, action }: { readonly title: string; readonly children: ReactNode; readonly action?: ReactNode }) {
  return (
    <div className="grid justify-items-center gap-1 px-4 py-8 text-center">
      <span className="mb-2 grid size-9 place-items-center rounded-full bg-accent-soft text-accent">
        <Sprout size={18} aria-hidden />
      </span>
      <p className="font-semibold">{title}</p>
      <p className="max-w-[46ch] text-fg-2">{children}</p>
      {action !== undefined && <div className="mt-3 flex gap-2">{action}</div>}
    </div>
  );
}

/** Grey shapes of what comes, only after 200 ms: a quick answer never flickers. */
export function Skeleton({ rows = 4, label }: { readonly rows?: number; readonly label?: string }) {
  const { loading } = useWords(partWords);
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 200);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div role="status" aria-busy="true" className="grid gap-4 px-4 py-5" style={{ minHeight: 28 * rows + 40, opacity: shown ? 1 : 0 }}>
      <span className="sr-only">{label ?? loading}</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="flex justify-between gap-10" aria-hidden>
          <div className="sk" style={{ width: `${46 - ((row * 13) % 22)}%` }} />
          <div className="sk w-[18%]" />
        </div>
      ))}
    </div>
  );
}

/** What happened, what is safe, what to do; the code last and small. */
export function Failed({
  error,
  retry,
  title,
}: {
  readonly error: unknown;
  readonly retry?: (() => void) | undefined;
  readonly title?: string;
}) {
  const words = useWords(partWords);
  const trouble = troubleOf(error, useWords(troubleWords));
  return (
    <div className="grid gap-3 p-4" role="alert">
      <Note tone="bad" icon={<OctagonX size={16} aria-hidden />}>
        <b className="font-semibold">{title ?? words.notShown}.</b> <Said trouble={trouble} />
      </Note>
      <p className="text-fg-2">
        {trouble.safe} {trouble.next}
      </p>
      <div className="flex items-center gap-3">
        {retry !== undefined && <Button onClick={retry}>{words.tryAgain}</Button>}
        {trouble.code !== null && <code className="text-fg-3">{trouble.code}</code>}
      </div>
    </div>
  );
}

/** The coordinator speaks English, whatever the page speaks. */
function Said({ trouble: { what, kind } }: { readonly trouble: Trouble }) {
  return <span lang={kind === "forbidden" || kind === "missing" || kind === "refused" ? "en" : undefined}>{what}</span>;
}

/** An action that was refused, beside the button that asked for it. */
export function Refused({ error, what }: { readonly error: unknown; readonly what: string }) {
  const trouble = troubleOf(error, useWords(troubleWords));
  return (
    <Note tone="bad" role="alert" icon={<OctagonX size={16} aria-hidden />}>
      <b className="font-semibold">{what}</b> <Said trouble={trouble} /> {trouble.safe} {trouble.next}
      {trouble.code !== null && <code className="ml-2 whitespace-nowrap text-fg-3">{trouble.code}</code>}
    </Note>
  );
}

interface Asked<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly refetch: () => unknown;
}

/**
 * The content once it is there. Figures that are there stay, even when a later refresh fails: the banner says so. An
 * error stays in view while it is tried again by itself.
 */
export function Loaded<T>({
  query,
  rows,
  label,
  children,
}: {
  readonly query: Asked<T>;
  readonly rows?: number;
  readonly label?: string;
  readonly children: (data: T) => ReactNode;
}) {
  const [failed, setFailed] = useState<unknown>(null);
  const error = query.error ?? null;
  if (error !== null && error !== failed) setFailed(error);
  if (query.data !== undefined) return children(query.data);
  if (failed !== null || error !== null) return <Failed error={error ?? failed} retry={() => void query.refetch()} />;
  return <Skeleton {...(rows === undefined ? {} : { rows })} {...(label === undefined ? {} : { label })} />;
}
