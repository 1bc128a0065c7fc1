/**
 * The only signature scheme of Engraft: sign bytes, never objects; verify before parsing (SPEC.md, E-rules).
 *
 * An envelope carries its payload as the exact text that was signed. `scope` binds it to where it may be used: a
 * federation (the coordinator's public key) for statements that are stored and may be shown later, or one session for
 * messages that only make sense on one link. The scope does not travel: the verifier knows it.
 */
import * as z from "zod";
import { lengthPrefixed, utf8 } from "../base/bytes.ts";
import { refuse, type Refusal } from "../base/errors.ts";
import { PublicKey } from "../base/ids.ts";
import { signBytes, verifyBytes, type Identity, type Signer } from "./identity.ts";

export const Envelope = z.strictObject({
  type: z.string().min(1).max(40),
  payload: z.string(),
  key: PublicKey,
  sig: z.string().length(86),
});
export type Envelope = z.infer<typeof Envelope>;

const DOMAIN = "engraft-envelope-1";

const signedBytes = (type: string, scope: string, payload: string): Uint8Array =>
  lengthPrefixed([utf8(DOMAIN), utf8(type), utf8(scope), utf8(payload)]);

/** Signs `payload` as JSON text. */
export function seal(identity: Identity, type: string, scope: string, payload: unknown, sign: Signer = signBytes): Envelope {
  const text = JSON.stringify(payload);
  return { type, payload: text, key: identity.publicKey, sig: sign(identity, signedBytes(type, scope, text)) };
}

/** E1: the payload is parsed only after its signature has been verified under the key the caller expects. */
export function unseal<T>(
  envelope: Envelope,
  expected: { readonly type: string; readonly scope: string; readonly key: PublicKey; readonly schema: z.ZodType<T> },
): { readonly ok: true; readonly value: T } | Refusal {
  if (envelope.type !== expected.type) return refuse("bad-message", `Expected a ${expected.type} message.`);
  if (envelope.key !== expected.key) return refuse("unknown-key", "The message is signed by another key than the one enrolled.");
  if (!verifyBytes(envelope.key, signedBytes(envelope.type, expected.scope, envelope.payload), envelope.sig)) {
    return refuse("bad-signature", "The signature does not match the message.");
  }
  return parsePayload(envelope.payload, expected.schema);
}

function parsePayload<T>(text: string, schema: z.ZodType<T>): { readonly ok: true; readonly value: T } | Refusal {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse("bad-message", "The message is not JSON.");
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { ok: true, value: parsed.data };
  const first = parsed.error.issues[0];
  // The names of unknown fields come from a stranger and stay out of the answer.
  const why = first?.code === "unrecognized_keys" ? "has fields that are not known" : (first?.message ?? "");
  return refuse(
    "bad-message",
    `The message does not fit its schema: ${first?.path.join(".").slice(0, 120) ?? ""} ${why.slice(0, 300)}`.trim(),
  );
}

/** Reads an envelope from text without trusting anything in it. */
export function readEnvelope(text: string): { readonly ok: true; readonly value: Envelope } | Refusal {
  return parsePayload(text, Envelope);
}
