/**
 * The only interpreter of the round machine (packages/core/src/rounds): one queue for each run. A step is: decide what queued
 * commands lead to, append the events in ONE transaction, evolve, and do what is then owed. Nothing is sent before its event
 * is durable; what is owed is a function of the state, so a restart, a reconnect and a lost message are one code path.
 */
import { EngraftError, isRefusal, type Refusal } from "@engraft/core/base/errors";
import type { SiteName } from "@engraft/core/base/ids";
import type { Command } from "@engraft/core/rounds/decide";
import { ABSENT, evolve } from "@engraft/core/rounds/evolve";
import { owed, type Obligation } from "@engraft/core/rounds/owed";
import type { Steering } from "@engraft/core/rounds/steering";
import type { OweStep } from "@engraft/core/rounds/secure/owed";
import { isSecure, type Unmasking } from "@engraft/core/rounds/secure/state";
import { isEnded, type RunParams, type RunState } from "@engraft/core/rounds/state";
import { crashPoint } from "@engraft/runtime/crash-point";
import { Alarm } from "./alarm.ts";
import type { Combine } from "./combine.ts";
import type { Effects } from "./effects.ts";
import { Sent } from "./sent.ts";
import { stepOf, type Ordered, type Outcome as Decided, type Statement } from "./step.ts";

interface Queued extends Ordered {
  readonly resolve: (outcome: Decided) => void;
  readonly reject: (error: unknown) => void;
}

const outcomeKey = ({ outcome }: Extract<Obligation, { owe: "outcome" }>): string => `outcome ${outcome.round}.${outcome.attempt}`;

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
  readonly #sent = new Sent();
  #busy: "combine" | "open" | "release" | undefined;
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
    if (this.#state.phase === "absent" || isEnded(this.#state)) return this.#perform();
    // While this process was away nobody could answer.
    // Where that cannot be stored it is tried again, from here.
    await this.submit({ do: "back", ...this.#occasion() }).catch(() => undefined);
    this.lookNow();
  }

  async #fold(): Promise<void> {
    const events = await this.#effects.load();
    this.#state = events.map(({ event }) => event).reduce(evolve(this.params), ABSENT);
    this.#version = events.length;
  }

  /** Queues a command. Resolves, once the events are durable, with what the command led to. Rejects where storing failed. */
  submit(command: Command, statement?: Statement): Promise<Decided> {
    return this.#enqueue({ command, statement, refusal: undefined });
  }

  /** Records that an answer was refused, without asking the round machine again. */
  refuse(command: Command, refusal: Refusal): Promise<Decided> {
    return this.#enqueue({ command, statement: undefined, refusal });
  }

  #enqueue(queued: Ordered): Promise<Decided> {
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

  /** What an admin does to the run. */
  steer(command: Steering): Promise<Decided> {
    return this.submit({ ...command, ...this.#occasion() });
  }

  /** A site came or went: ask it what it has not been asked in this session; a waiting round may open. */
  presenceChanged(): void {
    this.#perform();
    if (this.#state.phase === "gathering") this.lookNow();
  }

  lookNow(): void {
    if (this.#state.phase === "absent" || isEnded(this.#state)) return;
    void this.submit({ do: "look", ...this.#occasion() }).catch(() => undefined);
  }

  /** What a command knows with which a round may open. */
  #occasion() {
    const { now, online, nonce } = this.#effects;
    return { at: now(), online: online(), ...(this.params.secure === null ? {} : { nonce: nonce() }) };
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
    const before = this.#state.phase;
    const first = await this.#tryStep(batch).catch(async (error: unknown) => {
      if (!(error instanceof EngraftError) || error.code !== "version-conflict") throw error;
      await this.#fold();
      return this.#tryStep(batch);
    });
    for (const [index, { resolve }] of batch.entries()) resolve(first[index] as Decided);
    this.#perform();
    // An attempt has ended: whether the next one can begin depends on who is there.
    if (this.#state.phase === "gathering" && before !== "gathering") this.lookNow();
  }

  async #tryStep(batch: readonly Queued[]): Promise<readonly Decided[]> {
    const { outcomes, state, append } = stepOf(this.run, this.params, this.#state, this.#version, batch);
    if (append.events.length === 0 && (append.audit ?? []).length === 0) return outcomes;
    const appended = await this.#effects.append(append);
    for (const { type } of append.events) crashPoint(`event.${type}`);
    this.#state = state;
    this.#version += append.events.length;
    this.#effects.happened(appended);
    return outcomes;
  }

  /** Storing failed. What was stored after all is read again; sites are asked again, and answer with what they kept. */
  #failed(batch: readonly Queued[], error: unknown): void {
    for (const { reject } of batch) reject(error);
    this.#effects.log.error({ run: this.run, err: error }, "step.failed");
    this.#sent.clear();
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
    const all = owed(this.params, this.#state);
    // One look at each due time: where it led to nothing, only a change of presence makes another worth while.
    const times = all.flatMap((due) => (due.owe === "look" ? [due.at] : []));
    this.#look.set(`${this.#version} ${times.join()}`, times, () => this.lookNow());
    for (const due of all) {
      if (due.owe === "ask") this.#ask(due);
      else if (due.owe === "look") continue;
      else if (due.owe === "step") this.#sendStep(due);
      else if (due.owe === "outcome")
        this.#sent.once(due.site, this.#session(due.site), outcomeKey(due), () => this.#effects.outcome(due.site, due.outcome));
      else if (due.owe === "open") this.#open(due.state);
      else if (due.owe === "combine") this.#combine(due);
      else if (due.owe === "release") this.#release(due);
      else {
        this.#effects.cancel(due.run, due.sites, due.text);
        this.#finish();
      }
    }
  }

  #ask({ site, ask }: Extract<Obligation, { owe: "ask" }>): void {
    const what = `${ask.kind} ${ask.round}.${ask.attempt?.number ?? 0}`;
    if (this.#effects.mayAsk(site)) {
      this.#sent.once(site, this.#session(site), what, () => {
        this.#effects.ask(site, ask).catch((error: unknown) => this.again("ask.not-sent", error));
      });
      return;
    }
    this.#sent.once(site, NOT_ASKED, what, () => {
      const text = "The site has not approved this plan, or no longer does.";
      void this.submit({
        do: "decline",
        at: this.#effects.now(),
        site,
        decline: { run: ask.run, round: ask.round, kind: ask.kind, plan: ask.plan, code: "plan-not-approved", text },
      }).catch(() => undefined);
    });
  }

  #session(site: SiteName): object | undefined {
    return this.#effects.sessionOf(site);
  }

  #sendStep(due: OweStep): void {
    const state = this.#state;
    if (state.phase === "absent" || !isSecure(state)) return;
    this.#sent.once(due.site, this.#session(due.site), due.what, () => {
      this.#effects.step(due, state).catch((error: unknown) => this.again("step.not-sent", error));
    });
  }

  #open(state: Unmasking): void {
    if (this.#busy !== undefined) return;
    this.#busy = "open";
    const { round, number: attempt } = state.attempt;
    this.#effects.open(state).then(
      (opened) => {
        this.#busy = undefined;
        const command: Command = opened.ok
          ? { do: "opened", ...this.#occasion(), round, attempt, ...opened }
          : { do: "not-opened", at: this.#effects.now(), round, attempt, releases: state.releases.length, ...opened };
        void this.submit(command).catch(() => undefined);
      },
      (error: unknown) => this.#faulted("open.failed", error),
    );
  }

  #combine(due: Combine): void {
    if (this.#busy !== undefined) return;
    this.#busy = "combine";
    this.#effects.combine(due).then(
      (made) => {
        this.#busy = undefined;
        const { round } = due;
        const command: Command = isRefusal(made)
          ? { do: "lost", at: this.#effects.now(), round, text: made.text }
          : { do: "combined", ...this.#occasion(), round, ...made };
        void this.submit(command).catch(() => undefined);
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
    this.again(event, error);
  }

  /** Something failed that may pass: after a while everything that is owed is done again. */
  again(event: string, error: unknown): void {
    this.#sent.clear();
    this.#effects.log.error({ run: this.run, err: error }, event);
    this.#later(() => this.#perform());
  }

  #finish(): void {
    this.#done = true;
    void this.stop();
    this.#effects.done();
  }
}
