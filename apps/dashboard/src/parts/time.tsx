"use client";
import { useSyncExternalStore } from "react";
import { useWords } from "../words/language.ts";
import { partWords } from "../words/parts.ts";
import { agoText, countdownText, exactText, whenText } from "./figures.ts";

/** One clock for all: ticks each second while somebody looks. */
let now = Date.now();
const watchers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  now = Date.now();
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of watchers) each();
  }, 1000);
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

export const useNow = (): number =>
  useSyncExternalStore(
    watch,
    () => now,
    () => 0,
  );

export function Ago({ at }: { readonly at: number }) {
  const words = useWords(partWords);
  return (
    <time dateTime={new Date(at).toISOString()} title={exactText(at, words)}>
      {agoText(at, useNow(), words)}
    </time>
  );
}

/** Today's clock time, else the day. */
export function When({ at }: { readonly at: number }) {
  const words = useWords(partWords);
  return (
    <time dateTime={new Date(at).toISOString()} title={exactText(at, words)}>
      {whenText(at, useNow(), words)}
    </time>
  );
}

/** Time left. Its own component: each second draws nothing else anew. */
export const Countdown = ({ to }: { readonly to: number }) => countdownText(to - useNow());
