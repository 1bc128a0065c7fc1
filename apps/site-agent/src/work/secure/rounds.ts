/**
 * The secure rounds that this site takes part in. Everything goes through the journal: a step is worked out (phases.ts),
 * written down, and only then sent; a step that comes again gets the stored bytes. One thing at a time, because what the
 * rules decide holds only for the journal that they have seen.
 */
import { randomBytes } from "node:crypto";
import { EngraftError, isRefusal, refuse, type Refusal } from "@engraft/core/base/errors";
import type { RunId } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import { signBytes } from "@engraft/core/crypto/identity";
import type { Outcome, SecaggStep } from "@engraft/core/protocol/messages";
import type { BlobRef, Purpose } from "@engraft/core/rounds/events";
import { advertise, attemptSecrets } from "@engraft/core/secagg/advertise";
import { vectorSizeOf } from "@engraft/core/models/analytic";
import { encodingOf } from "@engraft/core/secagg/encoding-of-plan";
import { directoryOfPlan } from "@engraft/core/secagg/of-plan";
import type { Layout } from "@engraft/core/secagg/pack";
import { layoutOf } from "@engraft/core/secagg/quantize";
import { mayLeave, type JournalRecord } from "@engraft/core/secagg/release-rules";
import { statementText } from "@engraft/core/secagg/signed-text";
import type { Signing } from "@engraft/core/secagg/statement";
import type { BlobStore } from "@engraft/runtime/blobs";
import { crashPoint } from "@engraft/runtime/crash-point";
import { findCompared } from "../../vault/directories.ts";
import type { Membership } from "../../vault/federation.ts";
import type { OfferedPlan } from "../../vault/plans.ts";
import type { SecureJournal } from "../../vault/secure/journal.ts";
import { maskedOf, type KeptAttempt, type StoredRound } from "../../vault/secure/kept.ts";
import type { Agreed } from "../check-ask.ts";
import { forPeer } from "../for-peer.ts";
import type { PlanStanding } from "../standing.ts";
import { admit, asEchoed, type Admitted } from "./admission.ts";
import { Masking } from "./masking.ts";
import { Outbound, type OutboundParts } from "./outbound.ts";
import { stillAllowed } from "./still-allowed.ts";
import { takeComplaint, takeEchoes, takeRoster, takeSurvivors, type Here, type PhaseStep } from "./phases.ts";
import type { Made } from "./vector.ts";

export interface SecureParts extends Omit<OutboundParts, "crash"> {
  readonly home: string;
  readonly membership: Membership;
  readonly secure: SecureJournal;
  readonly blobs: BlobStore;
  /** What the site's people say about a plan now. */
  readonly standing: (plan: string) => Promise<PlanStanding>;
  /** A round is over for this site: its sum is open. */
  readonly over: (run: RunId, purpose: Purpose) => Promise<void>;
  readonly now: () => number;
  /** Tests only: called before each send. */
  readonly crash?: (point: string) => void;
}

export class SecureRounds {
  readonly #with: SecureParts;
  readonly #by: Signing;
  readonly #masking: Masking;
  readonly #out: Outbound;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(parts: SecureParts) {
    this.#with = parts;
    const { identity, federation } = parts.membership;
    this.#by = { site: federation.site, identity, sign: signBytes };
    this.#masking = new Masking(parts.secure, parts.blobs);
    this.#out = new Outbound({ crash: crashPoint, ...parts });
  }

  /** One after the other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#busy.then(work);
    this.#busy = done.catch(() => undefined);
    return done;
  }

  /** The egress list of secure rounds: masked vectors of attempts that are still open. */
  mayLeave(digest: string): boolean {
    const now = this.#with.now();
    return maskedOf(this.#with.secure.memory).some((masked) => masked.digest === digest && now <= masked.until);
  }

  /** Masked vectors that the store must keep. */
  blobs(): readonly BlobRef[] {
    return maskedOf(this.#with.secure.memory);
  }

  /** Whether the ask may be answered; notes what it tells of the last sum, and which run the approval serves. */
  admit(agreed: Agreed): Promise<Admitted | Refusal> {
    return this.#inTurn(async () => {
      const { secure, membership, home, now } = this.#with;
      const directory = directoryOfPlan(agreed.offered.plan);
      const compared = !isRefusal(directory) && (await findCompared(home, directory.hash)) !== undefined;
      const admitted = admit(agreed, { membership, memory: secure.memory, records: secure.records, compared, now: now() });
      if (isRefusal(admitted)) return admitted;
      const { run, round } = agreed.ask;
      const { news, approved } = admitted;
      if (approved !== undefined) await secure.append({ records: [approved], admit: { decision: agreed.decision.statement.sig, run } });
      if (news !== undefined) {
        await secure.append({ records: [{ kind: "finished", run, round: news.round }], outcome: { run, outcome: news } });
      }
      // What earlier rounds left behind, and attempts whose time is over, are of no more use.
      await this.#forget(
        (attempt) => now() > attempt.until || (attempt.run === run && attempt.round < round),
        (stored) => stored.run === run && stored.round < round,
      );
      return admitted;
    });
  }

  get records(): readonly JournalRecord[] {
    return this.#with.secure.records;
  }

  hasVector({ roundHash }: Admitted): boolean {
    return this.#with.secure.memory.rounds[roundHash] !== undefined;
  }

  /** How this site rounds the round's values: 32 bytes that nobody else knows. */
  roundingSeed({ roundHash }: Admitted): Uint8Array {
    return this.#with.secure.secretFor("rounding", roundHash);
  }

  /** G6: stored before any key exists; every attempt of the round masks it. Once in a round. */
  store(admitted: Admitted, made: Made): Promise<void> {
    return this.#inTurn(async () => {
      const { secure } = this.#with;
      const { ask, roundHash } = admitted;
      if (this.hasVector(admitted)) return;
      const { figures, engine, seconds } = made;
      const { run, round, kind } = ask;
      await secure.storeVector(roundHash, made.bytes);
      await secure.append({
        records: [{ kind: "stored", run, round, roundHash, vector: sha256(made.bytes) }],
        round: { run, round, roundHash, purpose: kind, figures, engine, seconds },
      });
    });
  }

  /** Joins the attempt under fresh keys, or sends again what it joined with. */
  join({ ask, directory, roundHash, request }: Admitted): Promise<{ readonly ok: true } | Refusal> {
    return this.#inTurn(async () => {
      const { secure, now } = this.#with;
      const stored = secure.memory.rounds[roundHash];
      const { run, round, plan, checkpoint, attempt } = ask;
      const decision = mayLeave(secure.records, directory.numbers, request);
      if (isRefusal(decision)) return decision;
      const known = secure.memory.attempts[request.attemptHash];
      if (decision.repeat) {
        if (known === undefined || now() > known.until) return refuse("attempt-stale", "The time of this attempt is over (rule G12).");
        await this.#out.send(known.advert, true);
        return { ok: true };
      }
      if (stored === undefined) return refuse("attempt-stale", "No vector is stored for this round.");
      const secrets = attemptSecrets(random(128));
      const { figures, engine, seconds } = stored;
      const advert = {
        run,
        round,
        attempt: attempt.number,
        phase: "advert" as const,
        plan,
        checkpoint: checkpoint.digest,
        statement: statementText(advertise(this.#by, request.attemptHash, secrets)),
        figures,
        engine,
        seconds,
      };
      const { attemptHash, until } = request;
      const keep = { run, round, number: attempt.number, attemptHash, roundHash, plan, until, secrets, advert };
      await secure.append({ records: decision.records, attempt: { hash: attemptHash, keep } });
      // G8: this attempt ends all others of the run.
      await this.#forget((other) => other.run === run && other.attemptHash !== attemptHash);
      await this.#out.send(advert, false);
      return { ok: true };
    });
  }

  /** A step of the coordinator's. Never throws: what cannot be done is refused by name, or logged. */
  step(step: SecaggStep): Promise<void> {
    return this.#inTurn(() => this.#take(step).catch((error: unknown) => this.#failed(step, error)));
  }

  /** The run is over for this site: its secrets are wiped, what the rules must remember stays. */
  forgetRun(run: string): Promise<void> {
    return this.#inTurn(() =>
      this.#forget(
        (attempt) => attempt.run === run,
        (stored) => stored.run === run,
      ),
    );
  }

  async #take(step: SecaggStep): Promise<void> {
    const { secure } = this.#with;
    const { run, round, attempt: number } = step;
    if (step.phase === "outcome") return this.#outcome(step);
    const attempt = secure.attempt(run, round, number);
    if (step.phase === "dropped") {
      if (attempt === undefined) return;
      await this.#forget((one) => one === attempt);
      return this.#out.dropped(step);
    }
    if (attempt === undefined) return this.#out.refuse(step, refuse("attempt-stale", "This site is not in that attempt, or it is over."));
    const here = await this.#here(attempt);
    const next = isRefusal(here) ? here : await this.#next(here, step);
    if (next === undefined) return;
    if (isRefusal(next)) return this.#out.refuse(step, next);
    if (!next.again) await secure.append({ records: next.records, attempt: { hash: attempt.attemptHash, keep: next.keep } });
    for (const reply of next.replies) await this.#out.send(reply, next.again);
  }

  #next(
    here: Here,
    step: Exclude<SecaggStep, { phase: "outcome" | "dropped" }>,
  ): PhaseStep | Refusal | Promise<PhaseStep | Refusal | undefined> {
    switch (step.phase) {
      case "roster":
        return takeRoster(here, step);
      case "shares":
        return this.#masking.shares(here, step);
      case "complaint":
        return takeComplaint(here, step);
      case "answer":
        return this.#masking.answered(here, step);
      case "survivors":
        return takeSurvivors(here, step);
      case "echoes":
        return takeEchoes(here, step);
    }
  }

  /** The site's people can end their part at any time, also in the middle of an attempt. */
  async #here(attempt: KeptAttempt): Promise<Here | Refusal> {
    const { secure, now, standing } = this.#with;
    const allowed = stillAllowed(await standing(attempt.plan));
    if (isRefusal(allowed)) return allowed;
    const { offered, directory } = allowed;
    const round = secure.memory.rounds[attempt.roundHash];
    const layout = round === undefined ? undefined : layoutFor(offered, round);
    return { directory, by: this.#by, attempt, records: secure.records, layout, now: now(), random };
  }

  /** A sum is open: nothing of its round is needed any more. */
  async #outcome(step: Extract<SecaggStep, { phase: "outcome" }>): Promise<void> {
    const { secure, over } = this.#with;
    const { run, outcome } = step;
    const known = secure.memory.outcomes[run];
    const approved = secure.records.findLast((record) => record.kind === "approved" && record.run === run);
    // Said again with every link, and to sites that took no part.
    if (approved?.kind !== "approved" || (known !== undefined && known.round >= outcome.round)) return;
    if (outcome.round > approved.rounds || !asEchoed(secure.records, outcome)) {
      return this.#out.refuse(step, refuse("inputs-wrong", "The sum is said to be of other inputs than this site confirmed."));
    }
    const purpose = purposeOf(
      outcome,
      known,
      Object.values(secure.memory.rounds).filter((one) => one.run === run),
    );
    await secure.append({ records: [{ kind: "finished", run, round: outcome.round }], outcome: { run, outcome } });
    await this.#forget(
      (attempt) => attempt.run === run && attempt.round <= outcome.round,
      (stored) => stored.run === run && stored.round <= outcome.round,
    );
    this.#out.done(step);
    await over(run, purpose);
  }

  async #forget(attempts: (attempt: KeptAttempt) => boolean, rounds: (round: StoredRound) => boolean = () => false): Promise<void> {
    const { secure, blobs } = this.#with;
    const gone = await secure.compact({ attempts, rounds });
    const kept = new Set(this.blobs().map(({ digest }) => digest));
    for (const { attemptHash, masked } of gone) {
      this.#masking.forget(attemptHash);
      if (masked !== undefined && !kept.has(masked.body.digest)) await blobs.remove(masked.body.digest);
    }
  }

  #failed(step: SecaggStep, error: unknown): void {
    const { run, round, phase } = step;
    if (error instanceof EngraftError) {
      this.#with.log.error({ event: "secagg.failed", run, round, phase, code: error.code }, error.message);
      return this.#out.refuse(step, forPeer(error));
    }
    this.#with.log.error({ event: "secagg.failed", run, round, phase, err: error }, "A step could not be followed.");
  }
}

/** From the operating system. A copy, because small buffers share memory. */
const random = (count: number): Uint8Array => Uint8Array.from(randomBytes(count));

const layoutFor = ({ plan, manifest }: OfferedPlan, round: StoredRound): Layout =>
  layoutOf(encodingOf(plan, vectorSizeOf(plan, manifest), round));

/** An evaluation leaves the checkpoint as it was; so does a site see it that took no part in the round. */
const purposeOf = ({ round, checkpoint }: Outcome, known: Outcome | undefined, rounds: readonly StoredRound[]): Purpose =>
  rounds.find((stored) => stored.round === round)?.purpose ?? (known?.checkpoint === checkpoint ? "evaluate" : "train");
