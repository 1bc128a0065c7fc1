/**
 * The only interpreter of the round machine (packages/core/src/rounds): one queue for each run. A step is: decide what queued
 * commands lead to, append the events in ONE transaction, evolve, and do what is then owed. Nothing is sent before its event
 * is durable; what is owed is a function of the state, so a restart, a reconnect and a lost message are one code path.
 */
import { EngraftError, type Refusal } from "@engraft/core/base/errors";
import type { SiteName } from "@engraft/core/base/ids";
import type { Command } from "@engraft/core/rounds/decide";
import type { BlobRef } from "@engraft/core/rounds/events";
import { ABSENT, evolve } from "@engraft/core/rounds/evolve";
import { owed, type Obligation } from "@engraft/core/rounds/owed";
import { isEnded, type RunParams, type RunState } from "@engraft/core/rounds/state";
import type { Ask } from "@engraft/core/protocol/messages";
import type { Logger } from "@engraft/runtime/log";
import type { StoredEvent } from "../api/views.ts";
import type { Append, Appended } from "../store/store.ts";
import { Alarm } from "./alarm.ts";
import type { Combine } from "./combine.ts";
import { stepOf, type Ordered, type Outcome, type Statement } from "./step.ts";

/** Everything that a run does to the world. */
export interface Effects {
  readonly now: () => number;
  readonly log: Logger;
  readonly online: () => SiteName[];
  /** Changes with every new link of the site; undefined while it is offline. */
  readonly sessionOf: (site: SiteName) => object | undefined;
  /** Whether the site's last decision about the plan is yes. */
  readonly mayAsk: (site: SiteName) => boolean;
  readonly ask: (site: SiteName, ask: Ask) => void;
  readonly cancel: (run: string, sites: readonly SiteName[], text: string) => void;
  readonly append: (append: Append) => Promise<Appended>;
  readonly load: () => Promise<readonly StoredEvent[]>;
  readonly combine: (due: Combine) => Promise<BlobRef>;
  /** The last checkpoint becomes a release. */
  readonly release: (checkpoint: BlobRef) => Promise<void>;
  /** Called with everything that became durable, after the state has it. */
  readonly happened: (appended: Appended) => void;
  /** Nothing is owed any more. */
  readonly done: () => void;
}

interface Queued extends Ordered {
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** In place of a session, for a site that may not be asked. */
const NOT_ASKED = {};
/** Wait before doing again what failed: the disk or the database may be back. */
const RETRY_MS = 3_000;

export class Runner {
  readonly run: string;
  readonly params: RunParams;
  readonly #effects: Effects;
  #state: RunState = ABSENT;
  #version = 0;
  #queue: Queued[] = [];
  #working: Promise<void> | undefined;
  #stopped = false;
  /** Which ask each site was sent, and over which session. */
  readonly #asked = new Map<SiteName, { readonly what: string; readonly session: object }>();
  #busy: "combine" | "release" | undefined;
  readonly #look: Alarm;
  #retry: NodeJS.Timeout | undefined;
  #done = false;

  constructor(run: string, params: RunParams, effects: Effects) {
    this.run = run;
    this.params = params;
    this.#effects = effects;
    this.#look = new Alarm(effects.now);
  }

  get state(): RunState {
    return this.#state;
  }

  /** Folds what is stored and goes on from there. */
  async resume(): Promise<void> {
    await this.#fold();
    this.#perform();
    this.lookNow();
  }

  async #fold(): Promise<void> {
    const events = await this.#effects.load();
    this.#state = events.map(({ event }) => event).reduce(evolve(this.params), ABSENT);
    this.#version = events.length;
  }

  /** Queues a command. Resolves, once the events are durable, with what the command led to. Rejects where storing failed. */
  submit(command: Command, statement?: Statement): Promise<Outcome> {
    return this.#enqueue({ command, statement, refusal: undefined });
  }

  /** Records that an answer was refused, without asking the round machine again. */
  refuse(command: Command, refusal: Refusal): Promise<Outcome> {
    return this.#enqueue({ command, statement: undefined, refusal });
  }

  #enqueue(queued: Ordered): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ ...queued, resolve, reject });
      this.#wake();
    });
  }

  #wake(): void {
    if (this.#working !== undefined || this.#queue.length === 0) return;
    this.#working = this.#work().finally(() => {
      this.#working = undefined;
      // Something may have been queued between the last look at the queue and here.
      this.#wake();
    });
  }

  /** A site came or went: ask it what it has not been asked in this session; a waiting round may open. */
  presenceChanged(): void {
    this.#perform();
    if (this.#state.phase === "gathering") this.lookNow();
  }

  lookNow(): void {
    if (this.#state.phase === "absent" || isEnded(this.#state)) return;
    void this.submit({ do: "look", at: this.#effects.now(), online: this.#effects.online() }).catch(() => undefined);
  }

  /** Ends timers; resolves when the step under way is durable. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#look.clear();
    clearTimeout(this.#retry);
    await this.#working;
  }

  async #work(): Promise<void> {
    // Commands of the same tick share a transaction.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0);
      await this.#step(batch).catch((error: unknown) => this.#failed(batch, error));
    }
  }

  async #step(batch: readonly Queued[]): Promise<void> {
    const first = await this.#tryStep(batch).catch(async (error: unknown) => {
      if (!(error instanceof EngraftError) || error.code !== "version-conflict") throw error;
      await this.#fold();
      return this.#tryStep(batch);
    });
    for (const [index, { resolve }] of batch.entries()) resolve(first[index] as Outcome);
    this.#perform();
  }

  async #tryStep(batch: readonly Queued[]): Promise<readonly Outcome[]> {
    const { outcomes, state, append } = stepOf(this.run, this.params, this.#state, this.#version, batch);
    if (append.events.length === 0 && (append.audit ?? []).length === 0) return outcomes;
    const appended = await this.#effects.append(append);
    this.#state = state;
    this.#version += append.events.length;
    this.#effects.happened(appended);
    return outcomes;
  }

  /** Storing failed. What was stored after all is read again; sites are asked again, and answer with what they kept. */
  #failed(batch: readonly Queued[], error: unknown): void {
    for (const { reject } of batch) reject(error);
    this.#effects.log.error({ run: this.run, err: error }, "step.failed");
    this.#asked.clear();
    this.#later(() => this.resume());
  }

  #later(action: () => Promise<void> | void): void {
    if (this.#stopped) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      Promise.resolve()
        .then(action)
        .catch((error: unknown) => {
          this.#effects.log.error({ run: this.run, err: error }, "retry.failed");
          this.#later(action);
        });
    }, RETRY_MS);
  }

  /** Does what is owed and not yet done. */
  #perform(): void {
    if (this.#stopped || this.#done) return;
    for (const due of owed(this.params, this.#state)) {
      if (due.owe === "ask") this.#ask(due);
      // One look at each due time: where it led to nothing, only a change of presence makes another worth while.
      else if (due.owe === "look") this.#look.set(`${this.#version} ${due.at}`, due.at, () => this.lookNow());
      else if (due.owe === "combine") this.#combine(due);
      else if (due.owe === "release") this.#release(due);
      else {
        this.#effects.cancel(due.run, due.sites, due.text);
        this.#finish();
      }
    }
  }

  #ask({ site, ask }: Extract<Obligation, { owe: "ask" }>): void {
    const session = this.#effects.sessionOf(site);
    const what = `${ask.kind} ${ask.round}`;
    const asked = this.#asked.get(site);
    if (!this.#effects.mayAsk(site)) {
      if (asked?.what === what && asked.session === NOT_ASKED) return;
      this.#asked.set(site, { what, session: NOT_ASKED });
      const text = "The site has not approved this plan, or no longer does.";
      void this.submit({
        do: "decline",
        at: this.#effects.now(),
        site,
        decline: { run: ask.run, round: ask.round, kind: ask.kind, plan: ask.plan, code: "plan-not-approved", text },
      }).catch(() => undefined);
      return;
    }
    if (session === undefined || (asked?.what === what && asked.session === session)) return;
    this.#asked.set(site, { what, session });
    this.#effects.ask(site, ask);
  }

  #combine(due: Combine): void {
    if (this.#busy !== undefined) return;
    this.#busy = "combine";
    this.#effects.combine(due).then(
      (checkpoint) => {
        this.#busy = undefined;
        const { now, online } = this.#effects;
        void this.submit({ do: "combined", at: now(), round: due.round, checkpoint, online: online() }).catch(() => undefined);
      },
      (error: unknown) => this.#faulted("combine.failed", error),
    );
  }

  #release(due: Extract<Obligation, { owe: "release" }>): void {
    if (this.#busy !== undefined) return;
    this.#busy = "release";
    this.#effects.release(due.checkpoint).then(
      () => this.#finish(),
      (error: unknown) => this.#faulted("release.failed", error),
    );
  }

  #faulted(event: string, error: unknown): void {
    this.#busy = undefined;
    this.#effects.log.error({ run: this.run, err: error }, event);
    this.#later(() => this.#perform());
  }

  #finish(): void {
    this.#done = true;
    void this.stop();
    this.#effects.done();
  }
}
