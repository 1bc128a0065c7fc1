/** Opening and sealing messages of one session. Pure: both sides call the same functions. */
import { lengthPrefixed, utf8 } from "../base/bytes.ts";
import { refuse, type Refusal } from "../base/errors.ts";
import type { PublicKey } from "../base/ids.ts";
import { sha256 } from "../crypto/digest.ts";
import { readEnvelope, seal, unseal, type Envelope } from "../crypto/envelope.ts";
import { signStatement, type Identity } from "../crypto/identity.ts";
import { MESSAGES, type Message, type MessageOf, type MessageType } from "./messages.ts";
import type * as z from "zod";

export interface Scopes {
  /** The coordinator's public key: names the federation. */
  readonly federation: string;
  /** Digest of both nonces; undefined until both are known. */
  readonly session: string | undefined;
}

export const sessionScope = (coordinatorNonce: string, siteNonce: string): string =>
  sha256(lengthPrefixed([utf8(coordinatorNonce), utf8(siteNonce)]));

/** A message as the text of one frame. */
export function sealMessage<T extends MessageType>(identity: Identity, scopes: Scopes, type: T, value: MessageOf<T>): string {
  return JSON.stringify(seal(identity, type, scopeOf(type, scopes), value));
}

/** The envelope itself, for statements that are stored before they are sent. */
export function sealStatement<T extends MessageType>(identity: Identity, scopes: Scopes, type: T, value: MessageOf<T>): Envelope {
  return seal(identity, type, scopeOf(type, scopes), value, signStatement);
}

export type Opened = { readonly ok: true; readonly message: Message; readonly envelope: Envelope } | Refusal;

/**
 * W1: a frame is verified under the peer's enrolled key, in its scope, before its payload is parsed; a message of a type that
 * this peer may not send, or over its size limit, is refused. Never throws.
 */
export function openMessage(
  text: string,
  peer: { readonly role: "site" | "coordinator"; readonly key: PublicKey },
  scopes: Scopes,
): Opened {
  const read = readEnvelope(text);
  if (!read.ok) return read;
  const envelope = read.value;
  const type = envelope.type as MessageType;
  const row = Object.hasOwn(MESSAGES, type) ? MESSAGES[type] : undefined;
  if (row === undefined) return refuse("bad-message", "Unknown message type.");
  if (row.sender !== "both" && row.sender !== peer.role) return refuse("bad-message", `A ${peer.role} may not send ${type}.`);
  if (text.length > row.maxBytes + 300) return refuse("message-too-big", `A ${type} message may have ${row.maxBytes} bytes.`);
  if (row.scope === "session" && scopes.session === undefined) return refuse("bad-message", `${type} before the session is set up.`);
  const opened = unseal(envelope, { type, scope: scopeOf(type, scopes), key: peer.key, schema: row.schema as z.ZodType<Message["value"]> });
  return opened.ok ? { ok: true, message: { type, value: opened.value } as Message, envelope } : opened;
}

const scopeOf = (type: MessageType, scopes: Scopes): string =>
  MESSAGES[type].scope === "federation" ? scopes.federation : (scopes.session ?? "");
