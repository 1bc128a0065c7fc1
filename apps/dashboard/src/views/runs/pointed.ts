"use client";
/**
 * What the reader points at on a run's page: a round (one crosshair over the metric chart, every site's small chart and the strip of
 * rounds) and a site (the others fade). Kept outside React's state, so that moving a mouse renders no card anew.
 */
import { useSyncExternalStore, type KeyboardEvent } from "react";

interface Pointed {
  /** Checkpoint; 0 is the start. Null where nobody points at one. */
  readonly round: number | null;
  /** The site's place in the run. */
  readonly slot: number | null;
}

const NOWHERE: Pointed = { round: null, slot: null };

let now = NOWHERE;
const listeners = new Set<() => void>();

export function pointAt(change: Partial<Pointed>): void {
  const next = { ...now, ...change };
  if (next.round === now.round && next.slot === now.slot) return;
  now = next;
  for (const listener of listeners) listener();
}

export const pointAtNothing = (): void => pointAt(NOWHERE);

export const pointed = (): Pointed => now;

export function watchPointed(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const usePointedRound = (): number | null =>
  useSyncExternalStore(
    watchPointed,
    () => now.round,
    () => null,
  );
/** Of a mark among many: only those that the pointer leaves or comes to are drawn anew. */
export const useIsPointed = (round: number): boolean =>
  useSyncExternalStore(
    watchPointed,
    () => now.round === round,
    () => false,
  );
export const usePointedSlot = (): number | null =>
  useSyncExternalStore(
    watchPointed,
    () => now.slot,
    () => null,
  );

/** For whatever stands for a site: pointing at it or focusing it lets the others fade. */
export const sitePointer = (slot: number) => ({
  onMouseEnter: () => pointAt({ slot }),
  onMouseLeave: () => pointAt({ slot: null }),
  onFocus: () => pointAt({ slot }),
  onBlur: () => pointAt({ slot: null }),
});

/** Arrows, Home and End move the crosshair over these checkpoints. True where the key was one of them. */
export function moveRound(event: KeyboardEvent, rounds: readonly number[]): boolean {
  const index = now.round === null ? rounds.length : rounds.indexOf(now.round);
  const at = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: rounds.length - 1 }[event.key];
  if (at === undefined || event.ctrlKey || event.metaKey || event.altKey) return false;
  event.preventDefault();
  pointAt({ round: rounds[Math.max(0, Math.min(rounds.length - 1, at))] ?? null });
  return true;
}
