/**
 * The asks of the coordinator. It sends what is owed whenever it looks, so the same ask may come any number of times: one that
 * is answered gets the stored answer again, one that is under way or waits is let be, and only a new one is worked on. One at a
 * time: a site's machine has better things to do than to train two models at once.
 */
import { EngraftError, isRefusal, refuse, type Refusal } from "@engraft/core/base/errors";
import type { RunId } from "@engraft/core/base/ids";
import type { Ask, Decline, MessageOf } from "@engraft/core/protocol/messages";
import type { Purpose } from "@engraft/core/rounds/events";
import { crashPoint } from "@engraft/runtime/crash-point";
import { namedStorageFault } from "@engraft/runtime/files";
import type { Link } from "@engraft/runtime/link";
import type { Logger } from "@engraft/runtime/log";
import type { Emit } from "../events.ts";
import type { SiteAudit } from "../vault/audit.ts";
import type { Journal } from "../vault/journal.ts";
import type { StoredAnswer } from "../vault/outbox.ts";
import { answerAsk } from "./answer.ts";
import { about, ENDS_WORK, idOf, PASSING } from "./ask-names.ts";
import type { SecureRounds } from "./secure/rounds.ts";
import { makeVector } from "./secure/vector.ts";
import { checkAsk, stillWanted, type Agreed, type Standing } from "./check-ask.ts";
import { forPeer } from "./for-peer.ts";
import type { PlanStanding } from "./standing.ts";
import type { Workshop } from "./workshop.ts";

export interface AsksDependencies {
  readonly workshop: Workshop;
  readonly secure: SecureRounds;
  readonly link: () => Pick<Link, "send" | "sendStatement"> | undefined;
  readonly standing: (ask: Ask) => Promise<Standing>;
  readonly audit: SiteAudit;
  readonly journal: Journal;
  readonly log: Logger;
  readonly emit: Emit;
}

/** For an ask that was refused before work on it began. */
const NEVER = new AbortController().signal;

interface Current {
  ask: Ask;
  readonly abort: AbortController;
}

export class Asks {
  readonly #with: AsksDependencies;
  readonly #waiting: Ask[] = [];
  /** Asks whose answer the coordinator has refused for good. */
  readonly #refused = new Map<string, { readonly run: RunId; readonly refusal: Refusal }>();
  /** Under secure aggregation `ask` is the newest of the round. */
  #current: Current | undefined;
  #working: Promise<void> = Promise.resolve();
  #paused = false;
  #lastAsked = "";

  constructor(dependencies: AsksDependencies) {
    this.#with = dependencies;
  }

  /** What is being worked on. */
  get current(): Ask | undefined {
    return this.#current?.ask;
  }

  receive(ask: Ask): Promise<void> | void {
    const { outbox } = this.#with.workshop;
    const id = idOf(ask);
    this.#asked(ask);
    if (this.#paused) return this.#decline(ask, refuse("paused", "This site is paused by its own people. Only they can resume it."));
    if (this.#current !== undefined && idOf(this.#current.ask) === id && !this.#current.abort.signal.aborted) {
      this.#current.ask = ask;
      return undefined;
    }
    const waiting = this.#waiting.findIndex((other) => idOf(other) === id);
    if (waiting >= 0) {
      this.#waiting[waiting] = ask;
      return undefined;
    }
    // What the disk does not let this site write down is declined by name: the coordinator need not wait for it.
    if (ask.attempt !== null) return this.#receiveSecure(ask).catch((error: unknown) => this.#failed(ask, error, NEVER));
    const stored = outbox.find(ask);
    if (stored !== undefined) return this.#sendStored(stored, true);
    const refused = this.#refused.get(id);
    if (refused !== undefined) return this.#decline(ask, refused.refusal);
    return this.#enqueue(ask);
  }

  /** Only a round whose vector is not stored yet waits for its turn; an attempt of one that is is joined at once. */
  async #receiveSecure(ask: Ask): Promise<void> {
    const { secure } = this.#with;
    const checked = checkAsk(ask, await this.#with.standing(ask));
    if (isRefusal(checked)) return this.#decline(ask, checked);
    const admitted = await secure.admit(checked);
    if (isRefusal(admitted)) return this.#decline(ask, admitted);
    if (!secure.hasVector(admitted)) return this.#enqueue(ask);
    const joined = await secure.join(admitted);
    return isRefusal(joined) ? this.#decline(ask, joined) : undefined;
  }

  /** A run has one ask at a time: this one replaces whatever was owed before. */
  #enqueue(ask: Ask): void {
    this.#drop(ask.run, "The run has moved on.");
    for (const [other, { run }] of this.#refused) if (run === ask.run) this.#refused.delete(other);
    this.#waiting.push(ask);
    if (this.#current === undefined) this.#working = this.#work();
  }

  /** The run is over for this site. */
  async cancel(run: RunId, text: string): Promise<void> {
    const { workshop, journal, emit } = this.#with;
    const known = this.#drop(run, text) || workshop.outbox.all().some((answer) => answer.run === run);
    await this.#with.secure.forgetRun(run);
    if (!known) return;
    journal.add({ what: "run.cancelled", run, text });
    emit({ event: "cancelled", run, text });
    await this.#forget(run);
  }

  /** A secure round's sum is open. After an evaluation the run is done for this site. */
  async roundOver(run: RunId, purpose: Purpose): Promise<void> {
    if (purpose === "evaluate") await this.#forget(run);
  }

  /** The coordinator has settled an answer. */
  async settled(message: MessageOf<"answer.recorded">): Promise<void> {
    const { workshop, journal, log, emit } = this.#with;
    const answer = workshop.outbox.get(message);
    // A decline, or an answer that was settled before.
    if (answer === undefined) return;
    const which = about(message);
    if (message.outcome === "accepted") {
      journal.add({ what: "answer.accepted", ...which });
      log.info({ ...which, event: "answer.accepted" }, "The coordinator keeps the answer.");
      emit({ event: "answer", outcome: "accepted", ...which });
    } else {
      const code = message.code ?? "bad-input";
      const text = message.text ?? "The coordinator gave no reason.";
      journal.add({ what: "answer.refused", ...which, code, text });
      log.warn({ ...which, event: "answer.refused", code }, text);
      emit({ event: "refused", ...which, code, text });
      if (PASSING.has(code)) return;
      const { run, round, kind, checkpoint } = answer;
      const plan = (JSON.parse(answer.statement.payload) as { plan: Ask["plan"] }).plan;
      this.#refused.set(`${run} ${round} ${kind} ${plan} ${checkpoint}`, { run, refusal: refuse(code, text) });
    }
    if (message.kind === "evaluate") await this.#forget(message.run);
    else await workshop.outbox.remove(message);
  }

  /** Y2: work that the site's own people no longer allow, or not at this hour, is declined. The table may be gone meanwhile: nobody looks. */
  async look(standing: (plan: Ask["plan"]) => Promise<PlanStanding>): Promise<void> {
    const current = this.#current;
    if (current === undefined || current.abort.signal.aborted) return;
    const wanted = stillWanted(current.ask, await standing(current.ask.plan));
    if (isRefusal(wanted) && ENDS_WORK.has(wanted.code) && this.#current === current) this.#end(current, wanted);
  }

  #end({ ask, abort }: Current, refusal: Refusal): void {
    this.#decline(ask, refusal);
    abort.abort(new EngraftError(refusal.code, refusal.text));
  }

  /** The site's own people stop or let go on: what is under way ends now and is declined. */
  setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (!paused) return;
    const refusal = refuse("paused", "This site was paused by its own people while it worked.");
    for (const ask of this.#waiting.splice(0)) this.#decline(ask, refusal);
    if (this.#current !== undefined) this.#end(this.#current, refusal);
  }

  /** Ends all work and waits until it has ended. */
  async stop(): Promise<void> {
    this.#waiting.length = 0;
    this.#current?.abort.abort(new EngraftError("link-lost", "The agent stops."));
    await this.#working;
    await this.#with.workshop.models.close();
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const ask = this.#waiting.shift() as Ask;
      const abort = new AbortController();
      this.#current = { ask, abort };
      await this.#answer(ask, abort.signal).catch((error: unknown) => this.#failed(ask, error, abort.signal));
      this.#current = undefined;
    }
  }

  async #answer(ask: Ask, signal: AbortSignal): Promise<void> {
    const { workshop, log, emit } = this.#with;
    const checked = checkAsk(ask, await this.#with.standing(ask));
    if (isRefusal(checked)) return this.#decline(ask, checked);
    log.info({ ...about(ask), event: "ask.accepted", plan: ask.plan }, "Working on an ask.");
    emit({ event: "ask", ...about(ask), rounds: checked.offered.plan.rounds.count, attempt: ask.attempt?.number ?? null });
    // Answers to earlier rounds of this run are no longer wanted.
    for (const old of workshop.outbox.all()) if (old.run === ask.run) await workshop.outbox.remove(old);
    if (ask.attempt !== null) return this.#answerSecurely(checked, signal);
    await this.#sendStored(await answerAsk(workshop, checked, signal), false);
  }

  /** Train first, then open the keys: most sites that vanish do so before the others rely on them. */
  async #answerSecurely(agreed: Agreed, signal: AbortSignal): Promise<void> {
    const { workshop, secure } = this.#with;
    const admitted = await secure.admit(agreed);
    if (isRefusal(admitted)) return this.#decline(agreed.ask, admitted);
    if (!secure.hasVector(admitted)) {
      const shaping = { round: admitted.roundHash, rounding: secure.roundingSeed(admitted), records: secure.records };
      const made = await makeVector(workshop, agreed, shaping, signal);
      signal.throwIfAborted();
      await secure.store(admitted, made);
      made.bytes.fill(0);
    }
    signal.throwIfAborted();
    // A later attempt of the round may have been opened meanwhile.
    const newest = this.#current?.ask ?? agreed.ask;
    if (newest !== agreed.ask) return this.#answer(newest, signal);
    const joined = await secure.join(admitted);
    if (isRefusal(joined)) return this.#decline(agreed.ask, joined);
    return this.#current === undefined || this.#current.ask === agreed.ask ? undefined : this.#answer(this.#current.ask, signal);
  }

  async #failed(ask: Ask, thrown: unknown, signal: AbortSignal): Promise<void> {
    const { workshop, log } = this.#with;
    if (signal.aborted) return;
    const error = thrown instanceof EngraftError ? thrown : (namedStorageFault(thrown, "A file of this agent") ?? thrown);
    const refusal =
      error instanceof EngraftError
        ? forPeer(error)
        : refuse("training-failed", "Training stopped with an unexpected error. The agent's log at the site says more.");
    if (refusal.code === "link-lost") {
      log.info({ ...about(ask), event: "ask.interrupted" }, refusal.text);
      return;
    }
    log.error(
      { ...about(ask), event: "ask.failed", code: refusal.code, err: error instanceof EngraftError ? undefined : error },
      error instanceof EngraftError ? error.message : refusal.text,
    );
    // An engine that failed once is started anew the next time.
    if (signal !== NEVER) await workshop.models.close().catch(() => undefined);
    this.#decline(ask, refusal);
  }

  async #sendStored(answer: StoredAnswer, again: boolean): Promise<void> {
    const { audit, journal, emit, log } = this.#with;
    if (this.#with.link() === undefined) return;
    const which = { run: answer.run, round: answer.round, kind: answer.kind };
    const about = { round: answer.round, again };
    const what = answer.kind === "train" ? "update" : "evaluation";
    await audit.left({ what, subject: answer.run, about, text: JSON.stringify(answer.statement), body: answer.blob });
    const link = this.#with.link();
    if (link === undefined) return;
    crashPoint(`send.${answer.kind}`);
    link.sendStatement(answer.statement);
    const bytes = answer.blob?.bytes ?? 0;
    journal.add({ what: "answer.sent", ...which, bytes, digest: answer.blob?.digest ?? null, again });
    log.info({ ...which, event: "answer.sent", bytes, again }, "Sent an answer.");
    emit(answer.kind === "train" ? { event: "update.sent", ...which, bytes, again } : { event: "evaluation.sent", ...which, again });
  }

  #decline(ask: Ask, refusal: Refusal): void {
    const { audit, journal, log, emit } = this.#with;
    const link = this.#with.link();
    if (link === undefined) return;
    const decline: Decline = { ...about(ask), plan: ask.plan, code: refusal.code, text: refusal.text.slice(0, 500) };
    link.send("decline", decline);
    audit.note("declined", ask.run, { round: ask.round, kind: ask.kind, code: refusal.code });
    journal.add({ what: "ask.declined", ...about(ask), plan: ask.plan, code: refusal.code, text: refusal.text });
    log.warn({ ...about(ask), event: "ask.declined", code: refusal.code, plan: ask.plan }, refusal.text);
    emit({ event: "declined", ...about(ask), code: refusal.code, text: refusal.text });
  }

  /** Entered once, however often the coordinator asks it. */
  #asked({ run, round, kind, plan, checkpoint, attempt }: Ask): void {
    const detail = { round, kind, plan, checkpoint: checkpoint.digest, attempt: attempt?.number ?? null };
    const text = JSON.stringify([run, detail]);
    if (text === this.#lastAsked) return;
    this.#lastAsked = text;
    this.#with.audit.note("asked", run, detail, "coordinator");
  }

  /** Takes a run's asks off the queue and ends the work on it; true where there was any. */
  #drop(run: RunId, why: string): boolean {
    const before = this.#waiting.length;
    this.#waiting.splice(0, before, ...this.#waiting.filter((ask) => ask.run !== run));
    const current = this.#current?.ask.run === run;
    if (current) this.#current?.abort.abort(new EngraftError("run-ended", why));
    return current || this.#waiting.length < before;
  }

  async #forget(run: RunId): Promise<void> {
    const { outbox, vectors, models } = this.#with.workshop;
    for (const answer of outbox.all()) if (answer.run === run) await outbox.remove(answer);
    await vectors.keepOnly(run, []);
    if (this.#current === undefined) await models.close();
  }
}
