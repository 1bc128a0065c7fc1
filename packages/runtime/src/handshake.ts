/** Setting up a session: both sides prove their key over fresh nonces and agree on a version (SPEC.md, W-rules). */
import { randomBytes } from "node:crypto";
import { toBase64url } from "@engraft/core/base/bytes";
import { CODES, EngraftError, isRefusal, refuse, type Code, type Refusal } from "@engraft/core/base/errors";
import type { PublicKey, SiteName } from "@engraft/core/base/ids";
import { readEnvelope } from "@engraft/core/crypto/envelope";
import type { Identity } from "@engraft/core/crypto/identity";
import type { MessageOf } from "@engraft/core/protocol/messages";
import { openMessage, sealMessage, sessionScope, type Scopes } from "@engraft/core/protocol/session";
import { commonVersion, SPOKEN, type VersionRange } from "@engraft/core/protocol/version";
import type { WebSocket } from "ws";
import type { Inbox } from "./inbox.ts";

const PATIENCE_MS = 10_000;

const freshNonce = (): string => toBase64url(randomBytes(32));

export interface Greeted {
  readonly ok: true;
  readonly scopes: Scopes;
  readonly protocol: number;
}

export interface GreetedSite extends Greeted {
  readonly site: SiteName;
  readonly key: PublicKey;
  readonly hello: MessageOf<"hello">;
  /** From the challenge to the hello, in ms: the hello's time is of some moment in between. */
  readonly roundMs: number;
}

/** A refusal, and who said to be there: `proven` where a key of that site's own, present or former, has signed it. */
export interface RefusedSite extends Refusal {
  readonly who?: { readonly site: SiteName; readonly proven: boolean; readonly version: string };
}

type Found = SiteName | (Refusal & { readonly site: SiteName }) | undefined;

/**
 * The coordinator's side. `findSite` answers which site a key is enrolled for, or why it is no more. Never throws: a refusal has been
 * sent and the socket closed.
 */
export async function greetSite(
  inbox: Inbox,
  options: {
    readonly identity: Identity;
    readonly findSite: (key: PublicKey) => Promise<Found>;
    readonly now: () => number;
    readonly spoken?: VersionRange;
  },
): Promise<GreetedSite | RefusedSite> {
  const { identity, findSite, now, spoken = SPOKEN } = options;
  const scopes = { federation: identity.publicKey, session: undefined };
  const farewell = ({ code, text }: Refusal): string => sealMessage(identity, scopes, "goodbye", { code, text });
  return orClose<GreetedSite>(inbox, farewell, async () => {
    const nonce = freshNonce();
    const asked = now();
    inbox.socket.send(sealMessage(identity, scopes, "challenge", { protocol: spoken, nonce, at: asked }));
    const text = await inbox.nextText(PATIENCE_MS);
    const envelope = readEnvelope(text);
    if (!envelope.ok) return envelope;
    const { key } = envelope.value;
    const site = await findSite(key);
    const opened = openMessage(text, { role: "site", key }, scopes);
    if (typeof site !== "string") {
      const why = site ?? refuse("unknown-key", "This key is not enrolled here. Enrol the site with an invite.");
      // A hello that its own key has signed says who it wants to be; anybody can say that, so it is shown and decides nothing.
      if (!opened.ok || opened.message.type !== "hello" || opened.message.value.challenge !== nonce) return plain(why);
      const { site: claimed, version } = opened.message.value;
      return { ...plain(why), who: { site: site?.site ?? claimed, proven: site !== undefined, version } };
    }
    if (!opened.ok) return opened;
    if (opened.message.type === "goodbye") {
      const said = refuse(opened.message.value.code, opened.message.value.text);
      return said.code === "protocol-version" ? { ...said, who: { site, proven: true, version: "" } } : said;
    }
    if (opened.message.type !== "hello") return refuse("bad-message", "Expected a hello.");
    const hello = opened.message.value;
    if (hello.challenge !== nonce) return refuse("bad-signature", "The hello answers another challenge.");
    if (hello.site !== site) return refuse("unknown-key", "This key is enrolled under another site name.");
    const version = commonVersion(spoken, hello.protocol);
    if (!version.ok) return { ...version, who: { site, proven: true, version: hello.version } };
    const heard = now();
    inbox.socket.send(sealMessage(identity, scopes, "welcome", { protocol: version.version, nonce: hello.nonce, at: heard }));
    return {
      ok: true,
      site,
      key,
      hello,
      roundMs: Math.max(0, heard - asked),
      protocol: version.version,
      scopes: { federation: identity.publicKey, session: sessionScope(nonce, hello.nonce) },
    };
  });
}

const plain = ({ code, text }: Refusal): Refusal => refuse(code, text);

export interface GreetedCoordinator extends Greeted {
  /** Coordinator's clock minus ours, ignoring the time on the wire. */
  readonly skewMs: number;
}

/** The agent's side. Never throws. */
export async function greetCoordinator(
  inbox: Inbox,
  options: {
    readonly identity: Identity;
    readonly coordinatorKey: PublicKey;
    readonly site: SiteName;
    readonly version: string;
    readonly engine: string;
    readonly now: () => number;
    readonly spoken?: VersionRange;
  },
): Promise<GreetedCoordinator | Refusal> {
  const { identity, coordinatorKey, site, version, engine, now, spoken = SPOKEN } = options;
  const scopes = { federation: coordinatorKey, session: undefined };
  const peer = { role: "coordinator", key: coordinatorKey } as const;
  // A coordinator whose key is wrong gets no signed word from us.
  return orClose<GreetedCoordinator>(inbox, undefined, async () => {
    const first = openMessage(await inbox.nextText(PATIENCE_MS), peer, scopes);
    if (!first.ok) {
      return first.code === "unknown-key"
        ? refuse(
            "coordinator-key-wrong",
            "This address answers with another key than the coordinator's that was pinned at enrolment. Nothing was sent. Ask the admin before you go on.",
          )
        : first;
    }
    if (first.message.type === "goodbye") return refuse(first.message.value.code, first.message.value.text);
    if (first.message.type !== "challenge") return refuse("bad-message", "Expected a challenge.");
    const challenge = first.message.value;
    const common = commonVersion(challenge.protocol, spoken);
    if (!common.ok) {
      // Genuine, so it may know who cannot join it.
      inbox.socket.send(sealMessage(identity, scopes, "goodbye", { code: common.code, text: common.text }));
      return common;
    }
    const nonce = freshNonce();
    inbox.socket.send(
      sealMessage(identity, scopes, "hello", { site, protocol: spoken, challenge: challenge.nonce, nonce, version, engine, at: now() }),
    );
    const second = openMessage(await inbox.nextText(PATIENCE_MS), peer, scopes);
    if (!second.ok) return second;
    if (second.message.type === "goodbye") return refuse(second.message.value.code, second.message.value.text);
    if (second.message.type !== "welcome" || second.message.value.nonce !== nonce)
      return refuse("bad-message", "Expected a welcome to this hello.");
    return {
      ok: true,
      protocol: second.message.value.protocol,
      skewMs: second.message.value.at - now(),
      scopes: { federation: coordinatorKey, session: sessionScope(challenge.nonce, nonce) },
    };
  });
}

/** Ends a failed handshake: a signed goodbye with the reason where we have one to say, then a close with its code. */
async function orClose<T extends Greeted>(
  inbox: Inbox,
  farewell: ((refusal: Refusal) => string) | undefined,
  greet: () => Promise<T | RefusedSite>,
): Promise<T | RefusedSite> {
  const outcome = await greet().catch((error: unknown) =>
    refuse(
      error instanceof EngraftError ? error.code : "link-lost",
      error instanceof Error ? error.message.slice(0, 500) : "The connection failed.",
    ),
  );
  if (isRefusal(outcome)) closeWith(inbox.socket, outcome, farewell?.(outcome));
  return outcome;
}

/** Closes with the table's code; `farewell` is sent first. A peer that does not close in turn is cut off. */
export function closeWith(socket: WebSocket, refusal: { readonly code: Code; readonly text: string }, farewell?: string): void {
  if (socket.readyState !== socket.OPEN) return;
  if (farewell !== undefined) socket.send(farewell);
  socket.close(CODES[refusal.code].close, refusal.code);
  setTimeout(() => socket.terminate(), 2_000).unref();
}
