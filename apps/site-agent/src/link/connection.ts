/** Keeps one link to the coordinator for as long as the agent runs: dial, greet, use, wait, dial again. */
import { EngraftError, isRefusal, refuse, type Code, type Refusal } from "@engraft/core/base/errors";
import type { Message } from "@engraft/core/protocol/messages";
import type { BlobStore } from "@engraft/runtime/blobs";
import { greetCoordinator, type GreetedCoordinator } from "@engraft/runtime/handshake";
import { Link } from "@engraft/runtime/link";
import type { Membership } from "../vault/federation.ts";
import { backoff, failuresAfter, longestWait, pause } from "./backoff.ts";
import { dial } from "./dial.ts";
import type { Route } from "./proxy.ts";

export interface Way {
  readonly url: string;
  readonly route: Route;
}

export interface ConnectionOptions {
  readonly membership: Membership;
  /** At least one: every address at which the coordinator may answer, and how to get there. */
  readonly ways: readonly Way[];
  readonly version: string;
  /** What to say about the engine in the greeting. */
  readonly engine: () => string;
  readonly blobs: BlobStore;
  readonly mayLeave: (digest: string) => boolean;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly random: () => number;
}

export interface ConnectionHandlers {
  online(link: Link, greeted: GreetedCoordinator, url: string): void;
  message(message: Message): void;
  bytes(direction: "in" | "out", count: number): void;
  /** How much of a blob has left for the coordinator. */
  served(done: number, total: number): void;
  /** The link is gone, or could not be made; the next attempt is in `retryMs`. */
  offline(code: Code, text: string, retryMs: number): void;
}

/** Somebody must act before another attempt can succeed. */
const NEEDS_SOMEBODY: ReadonlySet<Code> = new Set([
  "protocol-version",
  "unknown-key",
  "not-enrolled",
  "not-allowed",
  "replaced-by-new-link",
  "bad-signature",
]);

/**
 * Of several coordinators all but one stand by, so every end of a link is followed by the next address; the wait grows with each
 * time that all of them were tried. Returns when `signal` is aborted. Throws `coordinator-key-wrong`: going on could mean talking to an impostor.
 */
export async function stayConnected(options: ConnectionOptions, handlers: ConnectionHandlers): Promise<void> {
  const { ways, signal, now, random } = options;
  let failures = 0;
  let turn = 0;
  while (!signal.aborted) {
    const began = now();
    let bytes = 0;
    const counting: ConnectionHandlers = {
      online: (link, greeted, url) => handlers.online(link, greeted, url),
      message: (message) => handlers.message(message),
      bytes: (direction, count) => {
        bytes += count;
        handlers.bytes(direction, count);
      },
      served: (done, total) => handlers.served(done, total),
      offline: (code, text, retryMs) => handlers.offline(code, text, retryMs),
    };
    const end = await connectOnce(options, ways[turn % ways.length] as Way, counting);
    if (signal.aborted) return;
    if (end.code === "coordinator-key-wrong") throw new EngraftError(end.code, end.text);
    failures = failuresAfter(failures, { heldMs: now() - began, bytes });
    const wait = NEEDS_SOMEBODY.has(end.code) ? longestWait(random) : backoff(Math.floor(failures / ways.length), random);
    turn += 1;
    handlers.offline(end.code, end.text, Math.round(wait));
    await pause(wait, signal);
  }
}

/** One attempt, to its end; says why it ended. */
async function connectOnce(options: ConnectionOptions, { url, route }: Way, handlers: ConnectionHandlers): Promise<Refusal> {
  const { membership, version, engine, blobs, mayLeave, signal, now } = options;
  const { identity, federation } = membership;
  let inbox;
  try {
    inbox = await dial(url, route, signal);
  } catch (error) {
    return error instanceof EngraftError ? refuse(error.code, error.message) : refuse("unreachable", "The connection failed.");
  }
  const greeted = await greetCoordinator(inbox, {
    identity,
    coordinatorKey: federation.coordinator,
    site: federation.site,
    version,
    engine: engine().slice(0, 80),
    now,
  });
  if (isRefusal(greeted)) return greeted;
  return new Promise((resolve) => {
    let stop = (): void => undefined;
    const link = new Link(
      inbox,
      {
        role: "site",
        identity,
        peerKey: federation.coordinator,
        peerName: "coordinator",
        scopes: greeted.scopes,
        blobs,
        keep: "as cache",
        mayServe: mayLeave,
      },
      {
        message: (message) => handlers.message(message),
        bytes: (direction, count) => handlers.bytes(direction, count),
        served: (_digest, done, total) => handlers.served(done, total),
        close: (code, text) => {
          signal.removeEventListener("abort", stop);
          resolve(refuse(code, text));
        },
      },
    );
    stop = () => link.close("link-lost", "The agent was stopped by its own people.");
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    handlers.online(link, greeted, url);
  });
}
