/**
 * When a site did what in a round, by its own clock and under its signature. Fixed words and figures only: no text could carry data.
 * Site to coordinator, from protocol 2 on; each message holds the whole of what one process of the agent did in one round, so that the
 * newest stands for all before it.
 */
import * as z from "zod";
import { CodeText } from "../base/code-text.ts";
import { Instant, RunId } from "../base/ids.ts";

/** The protocol version from which both sides know the message. */
export const TIMINGS_FROM = 2;

export const TIMED_PHASES = ["download", "prepare", "train", "evaluate", "mask", "upload", "unmask"] as const;
export type TimedPhase = (typeof TIMED_PHASES)[number];

const NOTE_KINDS = ["link-lost", "link-back", "interrupted", "resumed", "declined", "refused", "dropped", "cancelled"] as const;

const Step = z.strictObject({
  phase: z.enum(TIMED_PHASES),
  from: Instant,
  /** Null while it goes on; only the last one may. */
  to: Instant.nullable(),
  /** Of all there is to move; null where nothing is. */
  bytes: z.int().min(0).nullable(),
  /** How many of them were moved so far; null where nothing is. */
  moved: z.int().min(0).nullable(),
  /** Of a secure round; null in a plain one. */
  attempt: z.int().min(1).max(20).nullable(),
});

const Note = z.strictObject({
  at: Instant,
  kind: z.enum(NOTE_KINDS),
  code: CodeText.nullable(),
  /** Where a transfer was cut, or goes on: bytes from its beginning. Null for every other kind. */
  offset: z.int().min(0).nullable(),
});
export type TimingNote = z.infer<typeof Note>;
export type TimingNoteKind = TimingNote["kind"];

export const MAX_STEPS = 60;

const inOrder = (steps: readonly z.infer<typeof Step>[]): boolean =>
  steps.every(({ from, to }, at) => {
    const next = steps[at + 1];
    return to === null ? next === undefined : from <= to && (next === undefined || to <= next.from);
  });

export const Timings = z.strictObject({
  run: RunId,
  round: z.int().min(0).max(10_000),
  /** When the agent's process began: after a restart another one. */
  life: Instant,
  /** As the message was written. A clock that does not jump: it began with the site's and counts on by itself. */
  at: Instant,
  steps: z.array(Step).max(MAX_STEPS).refine(inOrder, "steps follow each other"),
  notes: z.array(Note).max(MAX_STEPS),
});
export type Timings = z.infer<typeof Timings>;
export type TimedStep = Timings["steps"][number];
