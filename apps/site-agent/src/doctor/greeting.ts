/**
 * A look at the coordinator's end of the link that starts no session: its signed challenge says who it is, what it speaks and
 * what time it is; a signed goodbye from this site is answered with whether its key is enrolled. A running agent's link stays.
 */
import { EngraftError, refuse, type Refusal } from "@engraft/core/base/errors";
import type { PublicKey } from "@engraft/core/base/ids";
import type { Identity } from "@engraft/core/crypto/identity";
import type { MessageOf } from "@engraft/core/protocol/messages";
import { openMessage, sealMessage } from "@engraft/core/protocol/session";
import type { Inbox } from "@engraft/runtime/inbox";
import { dial } from "../link/dial.ts";
import type { Route } from "../link/proxy.ts";

const PATIENCE_MS = 10_000;
/** What a key is answered that is not, or not any more, enrolled. */
const GONE: ReadonlySet<string> = new Set(["unknown-key", "not-enrolled"]);

export interface Greeting {
  /** The coordinator's first word; or why it is none of the pinned coordinator's. */
  readonly challenge: { readonly ok: true; readonly value: MessageOf<"challenge"> } | Refusal;
  /** Coordinator's clock minus ours, in ms, ignoring the time on the wire; undefined without a genuine challenge. */
  readonly skewMs: number | undefined;
  /** Whether the coordinator knows this site's key; undefined where it was not asked or did not say. */
  readonly enrolled: boolean | undefined;
}

/** Throws `unreachable` or `too-many` where there is no link, `link-lost` where it is silent. */
export async function greet(options: {
  readonly url: string;
  readonly route: Route;
  readonly coordinator: PublicKey;
  /** Undefined before joining. */
  readonly identity: Identity | undefined;
  readonly now: () => number;
}): Promise<Greeting> {
  const { url, route, coordinator, identity, now } = options;
  const inbox = await dial(url, route, AbortSignal.timeout(2 * PATIENCE_MS));
  try {
    const peer = { role: "coordinator", key: coordinator } as const;
    const scopes = { federation: coordinator, session: undefined };
    const first = openMessage(await inbox.nextText(PATIENCE_MS), peer, scopes);
    if (!first.ok) return { challenge: first, skewMs: undefined, enrolled: undefined };
    if (first.message.type !== "challenge")
      return { challenge: refuse("bad-message", "Expected a challenge."), skewMs: undefined, enrolled: undefined };
    const { value } = first.message;
    const skewMs = value.at - now();
    if (identity === undefined) return { challenge: { ok: true, value }, skewMs, enrolled: undefined };
    inbox.socket.send(sealMessage(identity, scopes, "goodbye", { code: "link-lost", text: "Only a look, by doctor." }));
    const answer = openMessage(await lastWord(inbox), peer, scopes);
    const enrolled = answer.ok && answer.message.type === "goodbye" ? !GONE.has(answer.message.value.code) : undefined;
    return { challenge: { ok: true, value }, skewMs, enrolled };
  } finally {
    inbox.socket.terminate();
  }
}

/** Empty where the link was closed without one. */
const lastWord = (inbox: Inbox): Promise<string> =>
  inbox.nextText(PATIENCE_MS).catch((error: unknown) => {
    if (error instanceof EngraftError) return "";
    throw error;
  });
