/**
 * The secure rounds that this site takes part in. Everything goes through the journal: a step is worked out (phases.ts),
 * written down, and only then sent; a step that comes again gets the stored bytes. One step at a time.
 */
import { randomBytes } from "node:crypto";
import { EngraftError, isRefusal, refuse, type Refusal } from "@engraft/core/base/errors";
import type { Digest, RunId } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import { signBytes } from "@engraft/core/crypto/identity";
import type { Ask, Outcome, SecaggReply, SecaggStep } from "@engraft/core/protocol/messages";
import { advertise, attemptSecrets } from "@engraft/core/secagg/advertise";
import { withAnswer } from "@engraft/core/secagg/complaint";
import { directoryOfPlan } from "@engraft/core/secagg/of-plan";
import { announceMasked, maskInput, vectorBytes } from "@engraft/core/secagg/mask-input";
import { mayLeave } from "@engraft/core/secagg/release-rules";
import type { Keyed } from "@engraft/core/secagg/share";
import { statementText } from "@engraft/core/secagg/signed-text";
import type { Signing } from "@engraft/core/secagg/statement";
import type { BlobStore } from "@engraft/runtime/blobs";
import { crashPoint } from "@engraft/runtime/crash-point";
import type { Link } from "@engraft/runtime/link";
import type { Logger } from "@engraft/runtime/log";
import type { Emit } from "../../events.ts";
import { findCompared } from "../../vault/directories.ts";
import type { Membership } from "../../vault/federation.ts";
import type { Journal } from "../../vault/journal.ts";
import { findPlan } from "../../vault/plans.ts";
import type { SecureJournal } from "../../vault/secure/journal.ts";
import { maskedOf, type KeptAttempt } from "../../vault/secure/kept.ts";
import type { Agreed } from "../check-ask.ts";
import { admit, asEchoed, type Admitted } from "./admission.ts";
import {
  complainAbout,
  indexIn,
  readAnswered,
  readShares,
  replyOf,
  rosterOf,
  takeComplaint,
  takeEchoes,
  takeRoster,
  takeSurvivors,
  type Here,
  type PhaseStep,
} from "./phases.ts";
import type { Made } from "./vector.ts";

export interface SecureParts {
  readonly home: string;
  readonly membership: Membership;
  readonly secure: SecureJournal;
  readonly blobs: BlobStore;
  readonly link: () => Pick<Link, "send"> | undefined;
  readonly journal: Journal;
  readonly log: Logger;
  readonly emit: Emit;
  readonly now: () => number;
}

type SharesStep = Extract<SecaggStep, { phase: "shares" }>;

export class SecureRounds {
  readonly #with: SecureParts;
  readonly #by: Signing;
  /** Share sets with garbage in them, while the dealers are asked. */
  readonly #complaining = new Map<Digest, { readonly step: SharesStep; keyed: Keyed }>();
  #working: Promise<unknown> = Promise.resolve();

  constructor(parts: SecureParts) {
    this.#with = parts;
    const { identity, federation } = parts.membership;
    this.#by = { site: federation.site, identity, sign: signBytes };
  }

  /** The egress list of secure rounds: masked vectors of attempts that are still open. */
  mayLeave(digest: string): boolean {
    return maskedOf(this.#with.secure.memory).some((masked) => masked.digest === digest);
  }

  /** Sends the stored advert again; false where this attempt is not joined yet. */
  resend(ask: Ask): boolean {
    if (ask.attempt === null) return false;
    const known = this.#with.secure.attempt(ask.run, ask.round, ask.attempt.number);
    if (known === undefined || known.advert.plan !== ask.plan || known.advert.checkpoint !== ask.checkpoint.digest) return false;
    this.#send(known.advert, true);
    return true;
  }

  /** Whether the ask may be answered; notes what it tells of the last sum, and which run the approval serves. */
  async admit(agreed: Agreed): Promise<Admitted | Refusal> {
    const { secure, membership, home } = this.#with;
    const directory = directoryOfPlan(agreed.offered.plan);
    const compared = !isRefusal(directory) && (await findCompared(home, directory.hash)) !== undefined;
    const admitted = admit(agreed, { membership, memory: secure.memory, records: secure.records, compared });
    if (isRefusal(admitted)) return admitted;
    const { run, plan, round } = agreed.ask;
    if (admitted.news !== undefined) await this.#finish(run, admitted.news);
    if (admitted.newRun) {
      const rounds = agreed.offered.plan.rounds.count + 1;
      await secure.append({
        records: [{ kind: "approved", run, plan, directory: admitted.directory.hash, rounds, compared: true }],
        admit: { decision: agreed.decision.statement.sig, run },
      });
    }
    // What an earlier round left behind is of no more use.
    const old = [...Object.values(secure.memory.attempts), ...Object.values(secure.memory.rounds)];
    if (old.some((one) => one.run === run && one.round < round)) await this.#forget((one) => one.run === run && one.round < round);
    return admitted;
  }

  hasVector({ roundHash }: Admitted): boolean {
    return this.#with.secure.memory.rounds[roundHash] !== undefined;
  }

  /** G6: stored before any key exists; every attempt of the round masks it. */
  async store({ ask, roundHash }: Admitted, made: Made): Promise<void> {
    const { secure } = this.#with;
    const { run, round } = ask;
    await secure.storeVector(roundHash, made.bytes);
    const { figures, engine, seconds } = made;
    await secure.append({
      records: [{ kind: "stored", run, round, roundHash, vector: sha256(made.bytes) }],
      round: { run, round, roundHash, figures, engine, seconds },
    });
  }

  /** Joins the attempt with fresh keys. */
  async advertise({ ask, directory, roundHash, attemptHash }: Admitted, agreed: Agreed): Promise<{ readonly ok: true } | Refusal> {
    const { secure, now } = this.#with;
    const stored = secure.memory.rounds[roundHash];
    const { aggregation, cohort } = agreed.offered.plan;
    if (stored === undefined || aggregation.method !== "secure") return refuse("attempt-stale", "No vector is stored for this round.");
    const { run, round, plan, checkpoint, attempt } = ask;
    const about = { run, round, roundHash, plan, directory: directory.hash, attempt: attempt.number, attemptHash };
    const until = now() + 1000 * (cohort.deadlineSeconds + 5 * aggregation.phaseSeconds);
    const decision = mayLeave(secure.records, directory.numbers, {
      kind: "advertise",
      now: now(),
      ...about,
      maxAttempts: aggregation.attempts,
      until,
    });
    if (isRefusal(decision)) return decision;
    if (decision.repeat) return this.resend(ask) ? { ok: true } : refuse("attempt-stale", "The keys of this attempt are wiped.");
    const secrets = attemptSecrets(randomBytes(128));
    const { figures, engine, seconds } = stored;
    const advert = {
      ...{ run, round, attempt: attempt.number, phase: "advert" as const, plan, checkpoint: checkpoint.digest },
      statement: statementText(advertise(this.#by, attemptHash, secrets)),
      ...{ figures, engine, seconds },
    };
    const keep = { run, round, number: attempt.number, attemptHash, roundHash, plan, secrets, advert };
    await secure.append({ records: decision.records, attempt: { hash: attemptHash, keep } });
    this.#send(advert, false);
    return { ok: true };
  }

  /** A step of the coordinator's. Never throws: what cannot be done is refused by name, or logged. */
  step(step: SecaggStep): Promise<void> {
    const done = this.#working.then(() => this.#take(step)).catch((error: unknown) => this.#failed(step, error));
    this.#working = done;
    return done;
  }

  async #take(step: SecaggStep): Promise<void> {
    const { secure, log } = this.#with;
    const attempt = secure.attempt(step.run, step.round, step.attempt);
    if (step.phase === "outcome") return this.#outcome(step.run, step.outcome);
    if (step.phase === "dropped") return this.#dropped(step);
    if (attempt === undefined) {
      log.warn(
        { event: "secagg.unknown", run: step.run, round: step.round, attempt: step.attempt },
        "A step of an attempt that this site is not in.",
      );
      return;
    }
    const here = await this.#here(attempt);
    if (isRefusal(here)) return this.#refuse(step, here);
    if (step.phase === "shares") return this.#shares(here, step);
    if (step.phase === "answer") return this.#answered(here, step);
    const next =
      step.phase === "roster"
        ? takeRoster(here, step)
        : step.phase === "complaint"
          ? takeComplaint(here, step)
          : step.phase === "survivors"
            ? takeSurvivors(here, step)
            : takeEchoes(here, step);
    if (isRefusal(next)) return this.#refuse(step, next);
    await this.#perform(here, next);
  }

  async #here(attempt: KeptAttempt): Promise<Here | Refusal> {
    const { home, secure, now } = this.#with;
    const offered = await findPlan(home, attempt.plan);
    const directory =
      offered === undefined ? refuse("plan-unknown", "The plan of this attempt is not here.") : directoryOfPlan(offered.plan);
    if (isRefusal(directory)) return directory;
    return { directory, by: this.#by, attempt, records: secure.records, now: now(), random: (count) => randomBytes(count) };
  }

  async #perform(here: Here, next: Exclude<PhaseStep, Refusal>): Promise<void> {
    if (!next.again) {
      const { attemptHash } = here.attempt;
      await this.#with.secure.append({ records: next.records, attempt: { hash: attemptHash, keep: next.keep } });
    }
    this.#send(next.reply, next.again);
  }

  /** The share set: complain where it holds garbage, else mask. */
  async #shares(here: Here, step: SharesStep): Promise<void> {
    if (here.attempt.masked !== undefined && here.attempt.shared !== undefined) {
      // Decided once more, so that another share set is refused by its rule.
      const keyed = readShares(here, step);
      return isRefusal(keyed) ? this.#refuse(step, keyed) : this.#mask(here, step, keyed.value);
    }
    const keyed = readShares(here, step);
    if (isRefusal(keyed)) return this.#refuse(step, keyed);
    if (keyed.value.wrong.length === 0) return this.#mask(here, step, keyed.value);
    this.#complaining.set(here.attempt.attemptHash, { step, keyed: keyed.value });
    for (const dealer of keyed.value.wrong) {
      const now = await this.#here(this.#with.secure.memory.attempts[here.attempt.attemptHash] ?? here.attempt);
      if (isRefusal(now)) return this.#refuse(step, now);
      const next = complainAbout(now, keyed.value, dealer);
      await this.#perform(now, next);
    }
  }

  async #answered(here: Here, step: Extract<SecaggStep, { phase: "answer" }>): Promise<void> {
    const open = this.#complaining.get(here.attempt.attemptHash);
    if (open === undefined) return;
    const read = readAnswered(here, open.step, step);
    if (isRefusal(read)) return this.#refuse(step, read);
    open.keyed = withAnswer(open.keyed, read.value.dealer, read.value.shares);
    if (open.keyed.wrong.some((dealer) => !open.keyed.held.has(dealer))) return;
    this.#complaining.delete(here.attempt.attemptHash);
    await this.#mask(here, open.step, open.keyed);
  }

  async #mask(here: Here, step: SecaggStep, keyed: Keyed): Promise<void> {
    const { secure, blobs } = this.#with;
    const { attempt, directory } = here;
    const bytes = await secure.vector(attempt.roundHash);
    const { hash: shares, dealers, roster } = keyed;
    const request = { kind: "mask", now: here.now, roster: roster.hash, shares, dealers, vector: sha256(bytes) } as const;
    const decision = mayLeave(here.records, directory.numbers, request);
    if (isRefusal(decision)) return this.#refuse(step, decision);
    if (decision.repeat) {
      if (attempt.masked !== undefined) this.#send(attempt.masked, true);
      return;
    }
    const masked = maskInput(keyed, attempt.secrets, new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4));
    const body = await blobs.put(vectorBytes(masked));
    const statement = statementText(announceMasked(here.by, keyed, masked));
    const reply = { ...replyOf(attempt), phase: "masked", statement, body } as const;
    const keep = { shared: { hash: shares, dealers, held: [...keyed.held] }, masked: reply };
    await this.#perform(here, { ok: true, again: false, records: decision.records, keep, reply });
  }

  async #outcome(run: RunId, outcome: Outcome): Promise<void> {
    const { secure, log } = this.#with;
    const known = secure.memory.outcomes[run];
    if (known !== undefined && known.round >= outcome.round) return;
    if (!asEchoed(secure.records, outcome)) {
      log.error(
        { event: "secagg.outcome-wrong", run, round: outcome.round },
        "The sum is said to be of other inputs than this site confirmed.",
      );
      return;
    }
    await this.#finish(run, outcome);
    this.#with.emit({ event: "phase", run, round: outcome.round, attempt: outcome.attempt, phase: "done", bytes: 0 });
  }

  /** A sum is open: nothing of its round is needed any more. */
  async #finish(run: RunId, outcome: Outcome): Promise<void> {
    await this.#with.secure.append({ records: [{ kind: "finished", run, round: outcome.round }], outcome: { run, outcome } });
    await this.#forget((one) => one.run === run && one.round <= outcome.round);
  }

  /** The run is over for this site: its secrets are wiped, what the rules must remember stays. */
  async forgetRun(run: string): Promise<void> {
    await this.#working;
    const { attempts, rounds } = this.#with.secure.memory;
    if ([...Object.values(attempts), ...Object.values(rounds)].some((one) => one.run === run)) await this.#forget((one) => one.run === run);
  }

  async #forget(ended: (one: { readonly run: string; readonly round: number }) => boolean): Promise<void> {
    const { secure, blobs } = this.#with;
    const before = maskedOf(secure.memory);
    for (const [hash, { run, round }] of Object.entries(secure.memory.attempts)) {
      if (ended({ run, round })) this.#complaining.delete(hash as Digest);
    }
    await secure.compact((one) => !ended(one));
    const after = new Set(maskedOf(secure.memory).map(({ digest }) => digest));
    for (const { digest } of before) if (!after.has(digest)) await blobs.remove(digest);
  }

  #dropped({ run, round, attempt, code, text }: Extract<SecaggStep, { phase: "dropped" }>): void {
    const { journal, log, emit } = this.#with;
    journal.add({ what: "secagg.dropped", run, round, attempt, code, text });
    log.warn({ event: "secagg.dropped", run, round, attempt, code }, text);
    emit({ event: "phase", run, round, attempt, phase: "dropped", bytes: 0 });
  }

  /** A step that this site does not follow. The coordinator and the site's own people learn why; nothing else leaves. */
  #refuse(step: SecaggStep, refusal: Refusal): void {
    const { run, round, attempt } = step;
    const { journal, log, emit } = this.#with;
    const about = { run, round, attempt, step: step.phase, code: refusal.code };
    journal.add({ what: "secagg.refused", ...about, text: refusal.text });
    log.warn({ event: "secagg.refused", ...about }, refusal.text);
    emit({ event: "step.refused", ...about, text: refusal.text });
    const text = refusal.text.slice(0, 500);
    this.#with.link()?.send("secagg.reply", { run, round, attempt, phase: "refused", step: step.phase, code: refusal.code, text });
  }

  #failed(step: SecaggStep, error: unknown): void {
    const { log } = this.#with;
    if (error instanceof EngraftError) this.#refuse(step, refuse(error.code, error.message));
    else
      log.error(
        { event: "secagg.failed", run: step.run, round: step.round, phase: step.phase, err: error },
        "A step could not be followed.",
      );
  }

  #send(reply: SecaggReply, again: boolean): void {
    const { journal, log, emit, link } = this.#with;
    crashPoint(`send.${reply.phase}`);
    const open = link();
    if (open === undefined) return;
    open.send("secagg.reply", reply);
    const { run, round, attempt, phase } = reply;
    const bytes = phase === "masked" ? reply.body.bytes : 0;
    journal.add({ what: "secagg.sent", run, round, attempt, phase, bytes, again });
    log.info({ event: "secagg.sent", run, round, attempt, phase, bytes, again }, "Sent a statement of a secure round.");
    emit({ event: "phase", run, round, attempt, phase: PHASE_WORDS[phase], bytes });
  }
}

const PHASE_WORDS = {
  advert: "advertised",
  deal: "dealt",
  complaint: "complained",
  answer: "answered",
  masked: "masked",
  echo: "echoed",
  release: "released",
  refused: "refused",
} as const;
