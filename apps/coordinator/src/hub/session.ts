/** One site's link while it lasts, and which blobs the site may fetch over it. */
import type { Digest, SiteName } from "@engraft/core/base/ids";
import type { Ask } from "@engraft/core/protocol/messages";
import type { Link } from "@engraft/runtime/link";
import type { ProgressView } from "../api/views.ts";
import { RateLimit } from "../rate-limit.ts";

/** Above it a site is closed off; an honest one sends a few messages a round. */
const MESSAGES_PER_SECOND = 200;
const MESSAGES_AT_ONCE = 1000;
/** A progress bar moves no faster than this, whatever the agent sends. */
const PROGRESS_EVERY_MS = 100;

export class Session {
  readonly site: SiteName;
  readonly link: Link;
  readonly version: string;
  /** Of the protocol, which both sides speak. */
  readonly protocol: number;
  readonly engine: string;
  /** Site's clock minus ours. */
  readonly skewMs: number;
  readonly #allowed = new Set<Digest>();
  readonly #messages: RateLimit;
  #progressAt = 0;
  working: ProgressView | null = null;

  constructor(options: {
    readonly site: SiteName;
    readonly version: string;
    readonly protocol: number;
    readonly engine: string;
    readonly skewMs: number;
    readonly now: number;
    readonly open: (mayServe: (digest: Digest) => boolean, session: Session) => Link;
  }) {
    this.site = options.site;
    this.version = options.version;
    this.protocol = options.protocol;
    this.engine = options.engine;
    this.skewMs = options.skewMs;
    this.#messages = new RateLimit(MESSAGES_PER_SECOND, MESSAGES_AT_ONCE, options.now);
    this.link = options.open((digest) => this.#allowed.has(digest), this);
  }

  /** Sends an ask; from now on the site may fetch what it names, and the base's trunk where it has one. */
  ask(ask: Ask, trunk: Digest | undefined): void {
    for (const { digest } of [ask.manifest, ask.weights, ask.checkpoint, ask.start]) this.#allowed.add(digest);
    if (trunk !== undefined) this.#allowed.add(trunk);
    this.link.send("ask", ask);
  }

  mayTalk(now: number): boolean {
    return this.#messages.take(now);
  }

  /** True where this progress should be shown. */
  takeProgress(progress: ProgressView): boolean {
    const ended = progress.phase === "wait" || progress.done >= progress.total;
    const other = this.working?.phase !== progress.phase || this.working.round !== progress.round || this.working.run !== progress.run;
    this.working = progress.phase === "wait" ? null : progress;
    if (!ended && !other && progress.at - this.#progressAt < PROGRESS_EVERY_MS) return false;
    this.#progressAt = progress.at;
    return true;
  }
}
