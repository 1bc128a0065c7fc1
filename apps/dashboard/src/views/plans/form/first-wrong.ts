"use client";
import { useEffect, useState, type RefObject } from "react";

const CONTROLS = "input, select, textarea, button";

/** The first thing that is to be mended: a field, the first control of a group that is wrong as a whole, or the list of what is wrong. */
function firstWrong(within: HTMLElement): HTMLElement | null {
  const found = within.querySelector<HTMLElement>('[aria-invalid="true"], fieldset .wrong[role="alert"], [data-problems]');
  return found?.matches(".wrong") === true ? (found.closest("fieldset")?.querySelector<HTMLElement>(CONTROLS) ?? null) : found;
}

/** Moves the focus there once the page shows what is wrong. */
export function useFirstWrong(within: RefObject<HTMLElement | null>): () => void {
  const [asks, setAsks] = useState(0);
  useEffect(() => {
    if (asks > 0 && within.current !== null) firstWrong(within.current)?.focus();
  }, [asks, within]);
  return () => setAsks((before) => before + 1);
}
