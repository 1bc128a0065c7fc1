"use client";
import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { useWords } from "../words/language.ts";
import { partWords } from "../words/parts.ts";
import { useAnnounce } from "./announce.tsx";
import { Button } from "./button.tsx";

/** Copies `text`; says "Copied" for two seconds, in view and to screen readers. `what` completes the button's name. */
export function CopyButton({
  text,
  what,
  iconOnly = false,
  kind = "ghost",
}: {
  readonly text: string;
  readonly what: string;
  readonly iconOnly?: boolean;
  readonly kind?: "ghost" | "primary" | "plain";
}) {
  const announce = useAnnounce();
  const say = useWords(partWords);
  const [state, setState] = useState<"rest" | "copied" | "failed">("rest");
  useEffect(() => {
    if (state === "rest") return;
    const timer = setTimeout(() => setState("rest"), 2000);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async (): Promise<void> => {
    const done = await copyText(text);
    setState(done ? "copied" : "failed");
    announce(done ? say.copiedOf(what) : say.notCopied(what));
  };
  const words = state === "copied" ? say.copied : state === "failed" ? say.selectAndCopy : say.copy;
  return (
    <Button
      kind={kind}
      size="small"
      icon={iconOnly && state !== "failed"}
      aria-label={state === "rest" ? say.copyOf(what) : words}
      onClick={() => void copy()}
    >
      {state === "copied" ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
      {(!iconOnly || state === "failed") && words}
    </Button>
  );
}

/** The clipboard API is missing where the page came by plain http from another machine; the old way works there. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    area.style.opacity = "0";
    const focused = document.activeElement;
    const parent = focused?.parentElement ?? document.body;
    parent.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
    return done;
  }
}

export function CodeLine({ code, what }: { readonly code: string; readonly what: string }) {
  return (
    <div className="code">
      {/* Focusable, so that a keyboard can scroll it where it is wide. */}
      <pre tabIndex={0} aria-label={what}>
        {code}
      </pre>
      <div className="copy">
        <CopyButton text={code} what={what} iconOnly />
      </div>
    </div>
  );
}

/** Eight words to compare by phone. */
export function Words({ words, of }: { readonly words: readonly string[]; readonly of: string }) {
  const say = useWords(partWords);
  return (
    // The words are the same in every language: people read them to each other.
    <ol className="words" lang="en" aria-label={say.inWords(of)}>
      {words.map((word, index) => (
        // Words can repeat; their place is what tells them apart.
        // oxlint-disable-next-line react/no-array-index-key
        <li key={`${index}-${word}`}>{word}</li>
      ))}
    </ol>
  );
}
