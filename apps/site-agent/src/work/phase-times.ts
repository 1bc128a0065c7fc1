/**
 * When this site did what in the round it works on, told to the coordinator under the site's signature (SPEC.md, C). It is made from what
 * the agent tells its own people anyway; at most four messages a second leave, each with all there is of the round.
 */
import type { Code } from "@engraft/core/base/errors";
import type { RunId } from "@engraft/core/base/ids";
import type { Envelope } from "@engraft/core/crypto/envelope";
import type { Progress, SecaggStep } from "@engraft/core/protocol/messages";
import { sealStatement } from "@engraft/core/protocol/session";
import {
  MAX_STEPS,
  TIMINGS_FROM,
  type TimedPhase,
  type TimedStep,
  type TimingNoteKind,
  type Timings,
} from "@engraft/core/protocol/timings";
import type { Link } from "@engraft/runtime/link";
import type { AgentEvent } from "../events.ts";
import type { Membership } from "../vault/federation.ts";

const EVERY_MS = 250;
/** How far a transfer is need not be as fresh: each message is signed, and written at the coordinator. */
const MOVED_EVERY_MS = 1_000;

const MOVES: ReadonlySet<TimedPhase> = new Set(["download", "upload"]);

interface Round {
  readonly run: RunId;
  readonly round: number;
  /** Of a secure round, the newest that the site knows of. */
  attempt: number | null;
  /** The transfer under way was cut. */
  cut: boolean;
  steps: TimedStep[];
  notes: Timings["notes"];
}

type Speaking = Pick<Link, "open" | "sendStatement">;

export interface PhaseTimesOptions {
  readonly membership: Pick<Membership, "identity" | "federation">;
  readonly now: () => number;
  /** Milliseconds that never jump. */
  readonly ticking?: () => number;
}

export class PhaseTimes {
  readonly #membership: PhaseTimesOptions["membership"];
  readonly #life: number;
  readonly #ticking: () => number;
  readonly #began: number;
  #link: Speaking | undefined;
  #round: Round | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When it goes off, by `ticking`. */
  #due = 0;

  constructor({ membership, now, ticking = () => performance.now() }: PhaseTimesOptions) {
    this.#membership = membership;
    this.#life = Math.round(now());
    this.#ticking = ticking;
    this.#began = ticking();
  }

  connected(link: Speaking, protocol: number): void {
    this.#link = protocol >= TIMINGS_FROM ? link : undefined;
    if (this.#round !== undefined) this.#note("link-back", null);
  }

  lost(code: Code): void {
    this.#link = undefined;
    const last = this.#round?.steps.at(-1);
    if (this.#round === undefined || last?.to !== null) return;
    this.#note("link-lost", code);
    if (!MOVES.has(last.phase)) return;
    this.#round.cut = true;
    this.#note("interrupted", null, last.moved);
  }

  /** What the agent tells its people. */
  heard(event: AgentEvent): void {
    switch (event.event) {
      case "ask":
        return this.#enter(event, event.attempt);
      case "update.sent":
        // What an earlier process had made is sent again.
        if (this.#round === undefined) this.#enter(event, null);
        return this.#is(event) && event.bytes > 0 ? this.#begin("upload", event.bytes) : this.#end();
      case "phase":
        // An attempt that needs no work is joined without being asked for any.
        if (event.phase === "advertised" && (this.#round?.run ?? event.run) === event.run) this.#enter(event, event.attempt);
        if (!this.#is(event)) return;
        if (event.phase === "masked") this.#begin("upload", event.bytes);
        else this.#end();
        if (event.phase === "dropped") this.#note("dropped", null);
        return;
      case "evaluation.sent":
      case "answer":
        return this.#is(event) ? this.#end() : undefined;
      case "declined":
      case "refused":
        if (!this.#is(event)) return;
        this.#end();
        return this.#note(event.event, event.code);
      case "cancelled":
        if (event.run !== this.#round?.run) return;
        this.#end();
        return this.#note("cancelled", null);
      default:
    }
  }

  /** A step of the coordinator's in a secure round is taken: its work begins. */
  taken({ run, round, attempt, phase }: Pick<SecaggStep, "run" | "round" | "attempt" | "phase">): void {
    // What an earlier process had begun goes on.
    if (this.#round === undefined && phase !== "outcome" && phase !== "dropped") this.#enter({ run, round }, attempt);
    if (!this.#is({ run, round })) return;
    if (phase === "roster" || phase === "shares") this.#begin("mask", null);
    if (phase === "survivors" || phase === "echoes") this.#begin("unmask", null);
  }

  progress({ run, round, phase, done, total }: Progress): void {
    if (!this.#is({ run, round }) || phase === "wait") return;
    const moved = MOVES.has(phase);
    const last = this.#round?.steps.at(-1);
    if (phase === "upload" && last?.to === null && last.phase !== "upload") return;
    if (last?.to !== null || last.phase !== phase) {
      // The last report of something that is over already.
      if (phase === "upload" && done >= total) return;
      this.#begin(phase, moved ? Math.round(total) : null);
    }
    if (!moved) return;
    this.#moved(Math.round(done));
    if (done < total) return;
    // What has come is opened: an engine starts, which takes a while.
    if (phase === "download") this.#begin("prepare", null);
    else this.#end();
  }

  #is({ run, round }: { readonly run: string; readonly round: number }): boolean {
    return this.#round?.run === run && this.#round.round === round;
  }

  /** A round of which something is to be said; another attempt of it ends what was under way. */
  #enter({ run, round }: { readonly run: string; readonly round: number }, attempt: number | null): void {
    if (!this.#is({ run, round })) {
      // How the round before ended may not have left yet.
      if (this.#timer !== undefined) this.#flush();
      this.#round = { run: run as RunId, round, attempt, cut: false, steps: [], notes: [] };
      return this.#changed();
    }
    if (this.#round === undefined || this.#round.attempt === attempt) return;
    this.#end();
    this.#round.attempt = attempt;
  }

  #moved(bytes: number): void {
    const round = this.#round;
    const last = round?.steps.at(-1);
    if (round === undefined || last?.to !== null) return;
    if (round.cut) {
      round.cut = false;
      this.#note("resumed", null, bytes);
    }
    if (last.moved === bytes) return;
    round.steps = [...round.steps.slice(0, -1), { ...last, moved: bytes }];
    this.#changed(MOVED_EVERY_MS);
  }

  #time(): number {
    return this.#life + Math.round(this.#ticking() - this.#began);
  }

  #begin(phase: TimedPhase, bytes: number | null): void {
    const round = this.#round;
    if (round === undefined) return;
    const last = round.steps.at(-1);
    if (last?.to === null && last.phase === phase) return;
    this.#end();
    const moved = bytes === null ? null : 0;
    round.steps = [...round.steps, { phase, from: this.#time(), to: null, bytes, moved, attempt: round.attempt }].slice(-MAX_STEPS);
    this.#changed();
  }

  #end(): void {
    const round = this.#round;
    const last = round?.steps.at(-1);
    if (round === undefined || last?.to !== null) return;
    round.cut = false;
    round.steps = [...round.steps.slice(0, -1), { ...last, to: this.#time() }];
    this.#changed();
  }

  #note(kind: TimingNoteKind, code: Code | null, offset: number | null = null): void {
    if (this.#round === undefined) return;
    this.#round.notes = [...this.#round.notes, { at: this.#time(), kind, code, offset }].slice(-MAX_STEPS);
    this.#changed();
  }

  #changed(within = EVERY_MS): void {
    const due = this.#ticking() + within;
    if (this.#timer !== undefined && this.#due <= due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.#flush(), within);
    this.#timer.unref();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#send();
  }

  #send(): void {
    const statement = this.statement();
    if (this.#link?.open === true && statement !== undefined) this.#link.sendStatement(statement);
  }

  /** All there is of the round, signed. */
  statement(): Envelope | undefined {
    if (this.#round === undefined) return undefined;
    const { run, round, steps, notes } = this.#round;
    const { identity, federation } = this.#membership;
    const scopes = { federation: federation.coordinator, session: undefined };
    return sealStatement(identity, scopes, "timings", { run, round, life: this.#life, at: this.#time(), steps, notes });
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
