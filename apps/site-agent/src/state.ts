/** What the running agent is doing, in a file that `engraft-site status` reads. A picture, not a record: it is not synced. */
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { CodeText } from "@engraft/core/base/code-text";
import { Instant } from "@engraft/core/base/ids";
import { readIfThere } from "@engraft/runtime/files";
import type { AgentEvent } from "./events.ts";

const AboutAsk = { run: z.string(), round: z.int(), kind: z.enum(["train", "evaluate"]), at: Instant };

export const AgentState = z.object({
  pid: z.int(),
  version: z.string(),
  startedAt: Instant,
  /** Rewritten every few seconds: an old one is of an agent that is gone. */
  updatedAt: Instant,
  stopped: z.boolean(),
  online: z.boolean(),
  /** Online or offline since. */
  since: Instant,
  /** Why it is offline. */
  reason: z.object({ code: CodeText, text: z.string() }).nullable(),
  /** Coordinator's clock minus this machine's. */
  skewMs: z.number().nullable(),
  engine: z.string().nullable(),
  working: z.object({ run: z.string(), round: z.int(), phase: z.string(), done: z.number(), total: z.number() }).nullable(),
  lastAnswer: z.object(AboutAsk).nullable(),
  lastRefusal: z.object({ ...AboutAsk, code: CodeText, text: z.string() }).nullable(),
  lastDecline: z.object({ ...AboutAsk, code: CodeText, text: z.string() }).nullable(),
  /** Since when the folder counts as restored from an older copy, and why. */
  restored: z.object({ at: Instant, why: z.string() }).nullable(),
  sentBytes: z.number(),
  receivedBytes: z.number(),
});
export type AgentState = z.infer<typeof AgentState>;

const WRITE_MS = 500;
const ALIVE_MS = 5_000;
const path = (home: string): string => join(home, "state.json");

/** True where an agent has written its state lately. */
export const looksAlive = (state: AgentState, now: number): boolean => !state.stopped && now - state.updatedAt < 3 * ALIVE_MS;

/** Undefined where no agent has run here, or what it left cannot be read. */
export async function readState(home: string): Promise<AgentState | undefined> {
  const text = await readIfThere(path(home));
  try {
    return text === undefined ? undefined : AgentState.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** What an event changes of the picture; undefined where nothing. */
export function stateAfter(event: AgentEvent, at: number): Partial<AgentState> | undefined {
  if (event.event === "phase")
    return event.phase === "done" ? { lastAnswer: { run: event.run, round: event.round, kind: "train", at }, working: null } : undefined;
  if (event.event !== "answer" && event.event !== "refused" && event.event !== "declined") return undefined;
  const { run, round, kind } = event;
  if (event.event === "answer") return { lastAnswer: { run, round, kind, at }, working: null };
  const why = { run, round, kind, code: event.code, text: event.text, at };
  return event.event === "refused" ? { lastRefusal: why, working: null } : { lastDecline: why, working: null };
}

export class StateBoard {
  readonly #home: string;
  readonly #now: () => number;
  #state: AgentState;
  #timer: NodeJS.Timeout | undefined;
  readonly #alive: NodeJS.Timeout;
  #writing: Promise<void> = Promise.resolve();

  constructor(home: string, version: string, now: () => number) {
    this.#home = home;
    this.#now = now;
    const at = now();
    this.#state = {
      pid: process.pid,
      version,
      startedAt: at,
      updatedAt: at,
      stopped: false,
      online: false,
      since: at,
      reason: null,
      skewMs: null,
      engine: null,
      working: null,
      lastAnswer: null,
      lastRefusal: null,
      lastDecline: null,
      restored: null,
      sentBytes: 0,
      receivedBytes: 0,
    };
    this.#alive = setInterval(() => this.set({}), ALIVE_MS);
    this.#alive.unref();
    this.set({});
  }

  get state(): AgentState {
    return this.#state;
  }

  set(change: Partial<AgentState>): void {
    this.#state = { ...this.#state, ...change };
    this.#timer ??= setTimeout(() => void this.#write(), WRITE_MS);
  }

  /** Counts without asking for a write: the next one shows it. */
  count(direction: "in" | "out", bytes: number): void {
    if (direction === "in") this.#state.receivedBytes += bytes;
    else this.#state.sentBytes += bytes;
  }

  async stop(): Promise<void> {
    clearInterval(this.#alive);
    this.#state = { ...this.#state, stopped: true, online: false, working: null };
    clearTimeout(this.#timer);
    await this.#write();
  }

  #write(): Promise<void> {
    this.#timer = undefined;
    this.#writing = this.#writing
      .then(async () => {
        const text = JSON.stringify({ ...this.#state, updatedAt: this.#now() });
        const beside = `${path(this.#home)}.tmp`;
        await writeFile(beside, text, { mode: 0o600 });
        await rename(beside, path(this.#home));
      })
      .catch(() => undefined);
    return this.#writing;
  }
}
