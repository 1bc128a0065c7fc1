/** One site's link while it lasts, and which blobs the site may fetch over it. */
import type { Digest, SiteName } from "@engraft/core/base/ids";
import type { Ask } from "@engraft/core/protocol/messages";
import type { SiteAbout } from "@engraft/core/protocol/site-messages";
import type { BlobRef } from "@engraft/core/rounds/events";
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
  /** The greeting took so long: the clock's figure is right to half of it. */
  readonly roundMs: number;
  /** In the site's own words; undefined until it said so, and before protocol 2. */
  about: SiteAbout | undefined;
  readonly #allowed = new Set<Digest>();
  readonly #messages: RateLimit;
  #progressAt = 0;
  working: ProgressView | null = null;
  /** Blobs on their way to the site: since when, and from which byte on. */
  readonly leaving = new Map<string, { readonly at: number; readonly done: number }>();

  constructor(options: {
    readonly site: SiteName;
    readonly version: string;
    readonly protocol: number;
    readonly engine: string;
    readonly skewMs: number;
    readonly roundMs: number;
    readonly now: number;
    readonly open: (mayServe: (digest: Digest) => boolean, session: Session) => Link;
  }) {
    this.site = options.site;
    this.version = options.version;
    this.protocol = options.protocol;
    this.engine = options.engine;
    this.skewMs = options.skewMs;
    this.roundMs = options.roundMs;
    this.#messages = new RateLimit(MESSAGES_PER_SECOND, MESSAGES_AT_ONCE, options.now);
    this.link = options.open((digest) => this.#allowed.has(digest), this);
  }

  /** Sends an ask; from now on the site may fetch what it names, and what the plan does besides. */
  ask(ask: Ask, besides: readonly BlobRef[]): void {
    for (const { digest } of [ask.manifest, ask.weights, ask.checkpoint, ask.start, ...besides]) this.#allowed.add(digest);
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
