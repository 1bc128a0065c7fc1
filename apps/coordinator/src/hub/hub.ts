/** The agents' end: one ws connection for each site, which the agent dials. Knows who is online; decides nothing. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { isRefusal, type Code, type Refusal } from "@engraft/core/base/errors";
import { bySite, type PublicKey, type SiteName } from "@engraft/core/base/ids";
import type { Envelope } from "@engraft/core/crypto/envelope";
import type { Identity } from "@engraft/core/crypto/identity";
import { FRAME_DATA } from "@engraft/core/protocol/frame";
import { MAX_FRAME, type Message, type Progress } from "@engraft/core/protocol/messages";
import { SPOKEN, type VersionRange } from "@engraft/core/protocol/version";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { BlobStore } from "@engraft/runtime/blobs";
import { greetSite, type RefusedSite } from "@engraft/runtime/handshake";
import { Inbox } from "@engraft/runtime/inbox";
import { Link, type BytesKind, type LinkEnd } from "@engraft/runtime/link";
import type { Logger } from "@engraft/runtime/log";
import { WebSocketServer, type WebSocket } from "ws";
import type { ProgressView } from "../api/views.ts";
import { Session } from "./session.ts";

/** Connections that have not said who they are; each lives at most as long as a handshake's patience. */
const MAX_STRANGERS = 256;

export interface HubOptions {
  readonly identity: Identity;
  readonly blobs: BlobStore;
  readonly log: Logger;
  readonly now: () => number;
  /** Protocol versions; what this build speaks by default. */
  readonly spoken?: VersionRange | undefined;
  readonly findSite: (key: PublicKey) => Promise<SiteName | (Refusal & { readonly site: SiteName }) | undefined>;
}

export interface HubHandlers {
  readonly online: (session: Session) => void;
  /** `coordinator`: this program ends its links. */
  readonly offline: (session: Session, how: LinkEnd | "coordinator", code: Code) => void;
  /** The site said something about itself. */
  readonly about: (session: Session) => void;
  /** A blob took so long in one direction. */
  readonly moved: (session: Session, direction: "in" | "out", bytes: number, ms: number) => void;
  /** Everything but progress. */
  readonly message: (session: Session, message: Message, envelope: Envelope) => void;
  readonly progress: (progress: ProgressView) => void;
  readonly bytes: (direction: "in" | "out", count: number, kind: BytesKind) => void;
  /** A link that ended before its site was let in; `who` it said to be, where it said so. */
  readonly refused: (code: Code, who: RefusedSite["who"]) => void;
}

export class Hub {
  readonly #options: HubOptions;
  readonly #handlers: HubHandlers;
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_FRAME });
  readonly #sessions = new Map<SiteName, Session>();
  #strangers = 0;
  #stopped = false;

  constructor(options: HubOptions, handlers: HubHandlers) {
    this.#options = options;
    this.#handlers = handlers;
  }

  /** Takes an HTTP upgrade of the path /agent. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#stopped || this.#strangers >= MAX_STRANGERS) {
      socket.end("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n");
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (accepted) => void this.#greet(accepted));
  }

  /** Sites online, in byte order. */
  online(): SiteName[] {
    return [...this.#sessions.keys()].sort(bySite);
  }

  session(site: SiteName): Session | undefined {
    return this.#sessions.get(site);
  }

  sessions(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  async #greet(socket: WebSocket): Promise<void> {
    // In the same tick as the socket is accepted, so that no frame is missed.
    const inbox = new Inbox(socket);
    const { identity, findSite, now, log, spoken = SPOKEN } = this.#options;
    this.#strangers += 1;
    const greeted = await greetSite(inbox, { identity, findSite, now, spoken }).finally(() => {
      this.#strangers -= 1;
    });
    if (isRefusal(greeted)) {
      log.info({ code: greeted.code }, "link.refused");
      this.#handlers.refused(greeted.code, greeted.who);
      return;
    }
    if (this.#stopped) {
      socket.close(1001);
      return;
    }
    const { site, key, hello, scopes, protocol, roundMs } = greeted;
    const older = this.#sessions.get(site);
    const session = new Session({
      site,
      version: hello.version,
      protocol,
      engine: hello.engine,
      // The site read its clock somewhere in between: the middle is off by half of that at most.
      skewMs: hello.at - (now() - roundMs / 2),
      roundMs,
      now: now(),
      open: (mayServe, self) =>
        new Link(
          inbox,
          { role: "coordinator", identity, peerKey: key, peerName: site, scopes, blobs: this.#options.blobs, keep: "durably", mayServe },
          {
            message: (message, envelope) => this.#message(self, message, envelope),
            close: (code, _text, how) => this.#closed(self, code, how),
            served: (digest, done, total) => this.#served(self, digest, done, total),
            bytes: this.#handlers.bytes,
          },
        ),
    });
    this.#sessions.set(site, session);
    older?.link.close("replaced-by-new-link", "Another agent of this site has connected. Only one may run.");
    log.info({ site, version: hello.version, protocol }, "site.online");
    this.#handlers.online(session);
  }

  #message(session: Session, message: Message, envelope: Envelope): void {
    // Frames that came with the handshake are delivered while the session is still being made.
    queueMicrotask(() => {
      if (this.#sessions.get(session.site) !== session) return;
      if (message.type === "site.about") {
        session.about = message.value;
        this.#handlers.about(session);
        return;
      }
      if (message.type === "progress") {
        // How much has come is known here, without waiting behind it on a slow line.
        if (message.value.phase !== "upload") this.#show(session, message.value);
        return;
      }
      if (!session.mayTalk(this.#options.now())) {
        session.link.close("too-many", "Too many messages at once.");
        return;
      }
      this.#handlers.message(session, message, envelope);
    });
  }

  #show(session: Session, step: Progress): void {
    const progress = { site: session.site, ...step, at: this.#options.now() };
    if (session.takeProgress(progress)) this.#handlers.progress(progress);
  }

  /** Fetches what a site has announced, and shows meanwhile how much of it is here. Rejects as `Link.fetch` does. */
  async fetch(session: Session, about: Pick<Progress, "run" | "round">, ref: BlobRef): Promise<void> {
    // What comes in one frame is here before anybody could look.
    if (ref.bytes <= FRAME_DATA) return session.link.fetch(ref);
    let began: { readonly at: number; readonly done: number } | undefined;
    try {
      await session.link.fetch(ref, (done, total) => {
        began ??= { at: performance.now(), done };
        this.#show(session, { ...about, phase: "upload", done, total });
      });
      if (began !== undefined) this.#handlers.moved(session, "in", ref.bytes - began.done, performance.now() - began.at);
    } finally {
      this.#show(session, { ...about, phase: "wait", done: 0, total: 0 });
    }
  }

  /** From the first part of a blob that leaves to its last. */
  #served(session: Session, digest: string, done: number, total: number): void {
    const began = session.leaving.get(digest);
    if (began === undefined) session.leaving.set(digest, { at: performance.now(), done });
    if (done < total) return;
    session.leaving.delete(digest);
    if (began !== undefined) this.#handlers.moved(session, "out", done - began.done, performance.now() - began.at);
  }

  /** Ends the link of a site that is not what it was; it may dial again. */
  drop(site: SiteName, code: Code, text: string): void {
    this.#sessions.get(site)?.link.close(code, text);
  }

  #closed(session: Session, code: Code, how: LinkEnd): void {
    if (this.#sessions.get(session.site) !== session) return;
    this.#sessions.delete(session.site);
    this.#options.log.info({ site: session.site, code }, "site.offline");
    this.#handlers.offline(session, this.#stopped ? "coordinator" : how, code);
  }

  /** Ends every link. Agents dial again when the coordinator is back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const socket of this.#sockets.clients) socket.close(1001);
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const socket of this.#sockets.clients) socket.terminate();
  }
}
