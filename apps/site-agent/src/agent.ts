/**
 * The daemon of a site. It dials the coordinator, hands plans to the steward, sends the steward's decisions, and answers asks.
 * What is owed is worked out anew on every connection: decisions not yet recorded go out again, and the coordinator asks again.
 */
import type { Code } from "@engraft/core/base/errors";
import type { Message, Progress } from "@engraft/core/protocol/messages";
import { clock } from "@engraft/runtime/clock";
import { takeLock } from "@engraft/runtime/lock";
import type { Link } from "@engraft/runtime/link";
import { openLog, type Logger } from "@engraft/runtime/log";
import { dataOf } from "./data/approved.ts";
import type { AgentEvent, Emit } from "./events.ts";
import { stayConnected } from "./link/connection.ts";
import { routeTo } from "./link/proxy.ts";
import { StewardExchange } from "./link/steward-exchange.ts";
import { StateBoard, stateAfter } from "./state.ts";
import { OPEN_POLICY } from "./rules/limits.ts";
import { openStores, type Stores } from "./stores.ts";
import { addresses, requireMembership, type Membership } from "./vault/federation.ts";
import { Journal } from "./vault/journal.ts";
import { pausedBy, resumedBy } from "./vault/participation.ts";
import { findPolicy } from "./vault/policy.ts";
import { VERSION } from "./version.ts";
import { Asks } from "./work/asks.ts";
import { Models } from "./work/models.ts";
import { PhaseTimes } from "./work/phase-times.ts";
import { ProgressReports } from "./work/progress.ts";
import { SiteWord } from "./work/site-word.ts";
import { planStanding } from "./work/standing.ts";
import type { OpenSiteModel } from "./work/site-model.ts";
import { SecureRounds } from "./work/secure/rounds.ts";
import { Uploads } from "./work/uploads.ts";
import { Vectors } from "./work/vectors.ts";

export interface AgentOptions {
  readonly home: string;
  /** PEM file of a certificate authority to trust beside Node's; the one given at enrolment by default. */
  readonly ca?: string | undefined;
  /** Ends the agent; without one it runs until its process ends. */
  readonly signal?: AbortSignal;
}

export interface AgentDependencies {
  readonly openSiteModel: OpenSiteModel;
  readonly log?: Logger;
  readonly emit?: Emit;
  readonly now?: () => number;
  readonly random?: () => number;
}

/** After these nothing is under way any more, until the next progress. */
const ENDS_WORK: ReadonlySet<AgentEvent["event"]> = new Set(["update.sent", "evaluation.sent", "phase", "answer", "refused", "declined"]);

/** How soon the steward's decisions, made by another process, are noticed. */
const LOOK_MS = 500;

/** Runs until `signal` is aborted. Throws `not-enrolled`, `locked`, `bad-config` or `coordinator-key-wrong`. */
export async function runAgent(options: AgentOptions, dependencies: AgentDependencies): Promise<void> {
  const { home } = options;
  const { emit = () => undefined, now = clock, random = Math.random } = dependencies;
  const membership = await requireMembership(home);
  const log = (dependencies.log ?? openLog("site-agent", "info")).child({ site: membership.federation.site });
  const ca = options.ca ?? membership.federation.ca ?? undefined;
  const ways = await Promise.all(addresses(membership.federation).map(async (url) => ({ url, route: await routeTo(url, ca) })));
  const lock = await takeLock(home, "site agent");
  const stores = await openStores({ home, membership, now, log, emit }).catch(async (error: unknown) => {
    await lock.release();
    throw error;
  });
  const board = new StateBoard(home, VERSION, now);
  board.set({ restored: stores.secure.memory.restored });
  const stopped = new AbortController();
  const signal = options.signal === undefined ? stopped.signal : AbortSignal.any([options.signal, stopped.signal]);
  const word = new SiteWord({ home, membership, audit: stores.audit, log, now, ca, signal });
  const agent = new SiteAgent({ home, membership, ...stores, board, word, log, emit, now, openSiteModel: dependencies.openSiteModel });
  const looking = setInterval(() => void agent.look(), LOOK_MS);
  try {
    await agent.look();
    await stayConnected(
      {
        membership,
        ways,
        version: VERSION,
        engine: () => board.state.engine ?? "none yet",
        blobs: stores.blobs,
        mayLeave: (digest) => agent.mayLeave(digest),
        signal,
        now,
        random,
      },
      agent,
    );
  } finally {
    clearInterval(looking);
    stopped.abort();
    await agent.stop();
    await board.stop();
    await stores.secure.close();
    await stores.audit.close();
    await lock.release();
  }
}

interface Parts extends Stores {
  readonly home: string;
  readonly membership: Membership;
  readonly board: StateBoard;
  readonly word: SiteWord;
  readonly log: Logger;
  readonly emit: Emit;
  readonly now: () => number;
  readonly openSiteModel: OpenSiteModel;
}

class SiteAgent {
  readonly #with: Parts;
  readonly #asks: Asks;
  readonly #secure: SecureRounds;
  readonly #journal: Journal;
  readonly #reports: ProgressReports;
  readonly #uploads: Uploads;
  readonly #times: PhaseTimes;
  readonly #steward: StewardExchange;
  readonly #standing: ReturnType<typeof planStanding>;
  #link: Link | undefined;
  #paused = false;
  /** Messages are taken one after the other. */
  #inbox: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.#with = parts;
    const { home, membership, blobs, outbox, secure, audit, board, log, emit, now, openSiteModel } = parts;
    const link = (): Link | undefined => (this.#link?.open === true ? this.#link : undefined);
    this.#journal = new Journal(home, now);
    this.#steward = new StewardExchange({ home, membership, audit, journal: this.#journal, log, emit, now });
    this.#reports = new ProgressReports((progress) => this.#progress(progress));
    this.#times = new PhaseTimes({ membership, now });
    const report = (progress: Progress): void => {
      this.#times.progress(progress);
      this.#reports.report(progress);
    };
    this.#uploads = new Uploads(report);
    const vectors = new Vectors(blobs, link);
    const models = new Models(home, openSiteModel, vectors, (engine) => board.set({ engine }));
    const standing = planStanding({ home, membership, planOf: (plan) => this.#steward.plan(plan), now });
    this.#standing = standing;
    const told = { link, audit, journal: this.#journal, log, emit: (event: AgentEvent) => this.#note(event) };
    this.#secure = new SecureRounds({
      ...told,
      home,
      membership,
      secure,
      blobs,
      standing,
      now,
      over: (run, purpose) => this.#asks.roundOver(run, purpose),
    });
    this.#asks = new Asks({
      ...told,
      secure: this.#secure,
      workshop: { home, membership, blobs, outbox, vectors, models, report, now },
      standing: async (ask) => {
        const known = await standing(ask.plan);
        return { ...known, ...(await dataOf(home, known.decision)) };
      },
    });
  }

  mayLeave(digest: string): boolean {
    return !this.#paused && (this.#with.outbox.mayLeave(digest) || this.#secure.mayLeave(digest));
  }

  online(link: Link, greeted: { readonly skewMs: number; readonly protocol: number }, url: string): void {
    const { board, word, log, emit, now, membership } = this.#with;
    word.connected(link, greeted.protocol, url);
    const { site } = membership.federation;
    this.#link = link;
    this.#times.connected(link, greeted.protocol);
    this.#steward.connected(link);
    board.set({ online: true, since: now(), reason: null, skewMs: greeted.skewMs });
    log.info({ event: "link.online", coordinator: url, skewMs: greeted.skewMs }, "Connected to the coordinator.");
    emit({ event: "online", site, coordinator: url, skewMs: greeted.skewMs });
    void this.look();
  }

  offline(code: Code, text: string, retryMs: number): void {
    const { board, log, emit, now } = this.#with;
    this.#link = undefined;
    this.#times.lost(code);
    this.#reports.clear();
    board.set({ online: false, ...(board.state.online ? { since: now() } : {}), reason: { code, text }, working: null });
    log.warn({ event: "link.offline", code, retryMs }, text);
    emit({ event: "offline", code, text, retryMs });
  }

  bytes(direction: "in" | "out", count: number): void {
    this.#with.board.count(direction, count);
  }

  readonly served = (done: number, total: number): void => this.#uploads.served(done, total);

  message(message: Message): void {
    // An ask is looked at at once, so that the order of asks and cancels is the coordinator's.
    this.#inbox = this.#inbox
      .then(() => this.#take(message))
      .catch((error: unknown) =>
        this.#with.log.error({ event: "message.failed", type: message.type, err: error }, "A message could not be dealt with."),
      );
  }

  async #take(message: Message): Promise<void> {
    switch (message.type) {
      case "plan.offer":
        return this.#steward.offered(message.value);
      case "approval.recorded":
        return this.#steward.recorded(message.value);
      case "ask":
        return this.#asks.receive(message.value);
      case "answer.recorded":
        return this.#asks.settled(message.value);
      case "secagg.step":
        this.#times.taken(message.value);
        return this.#secure.step(message.value);
      case "doctor.ask":
        return this.#with.word.ask(message.value);
      case "cancel":
        return this.#asks.cancel(message.value.run, message.value.text);
      default:
        this.#with.log.warn({ event: "message.unexpected", type: message.type }, "A message that an agent does not expect.");
    }
  }

  /** Looks at what other processes of this site have decided meanwhile. */
  async look(): Promise<void> {
    const { home, log } = this.#with;
    try {
      const paused = await pausedBy(home);
      const isPaused = paused !== undefined;
      if (isPaused !== this.#paused) this.#setPaused(isPaused, isPaused ? paused.by : await resumedBy(home));
      await this.#with.word.look(this.#paused);
      const signed = findPolicy(home);
      const policy = signed.then((found) => found?.policy ?? OPEN_POLICY);
      // Where it is damaged, whoever needs it first says so below.
      policy.catch(() => undefined);
      await this.#asks.look((plan) => this.#standing(plan, { paused: isPaused, policy }));
      await this.#steward.sendUnrecorded();
      const set = await signed;
      if (set !== undefined) await this.#steward.notePolicy(set);
      await this.#with.audit.sign("daily");
    } catch (error) {
      log.error({ event: "vault.unreadable", err: error }, error instanceof Error ? error.message : "The vault cannot be read.");
    }
  }

  #setPaused(paused: boolean, by: string | undefined): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    const what = paused ? "site.paused" : "site.resumed";
    this.#journal.add({ what });
    this.#with.audit.note(paused ? "paused" : "resumed", "site", {}, by === undefined ? undefined : `steward:${by}`);
    this.#with.log.info({ event: what }, paused ? "Paused: every ask is declined." : "Takes part again.");
    this.#with.emit({ event: "paused", paused });
    this.#asks.setPaused(paused);
  }

  #progress(progress: Progress): void {
    this.#link?.send("progress", progress);
    this.#with.board.set({ working: progress.phase === "wait" ? null : progress });
    this.#with.emit({ event: "progress", ...progress });
  }

  /** Keeps the picture of the state in step with what happens to asks. */
  readonly #note: Emit = (event) => {
    const { board, emit, now } = this.#with;
    const at = now();
    this.#times.heard(event);
    if (event.event === "update.sent" || (event.event === "phase" && event.phase === "masked")) this.#uploads.begin(event);
    if (event.event === "answer" || event.event === "refused" || (event.event === "phase" && event.phase === "echoed")) this.#uploads.end();
    if (ENDS_WORK.has(event.event)) this.#reports.clear();
    const change = stateAfter(event, at);
    if (change !== undefined) board.set(change);
    emit(event);
  };

  async stop(): Promise<void> {
    this.#times.stop();
    this.#reports.clear();
    await this.#asks.stop();
    await this.#journal.flush();
  }
}
