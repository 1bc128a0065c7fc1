/**
 * DSSE, the signing envelope of in-toto and of model signing (secure-systems-lab/dsse, protocol.md and envelope.md, version 1):
 * the signature is over the payload's type and exact bytes, and the payload is parsed only after it was verified.
 */
import * as z from "zod";
import { toBase64url, utf8 } from "../base/bytes.ts";
import { refuse, type Refusal } from "../base/errors.ts";
import { PublicKey } from "../base/ids.ts";
import { fingerprint, signBytes, verifyBytes, type Identity } from "../crypto/identity.ts";

export const IN_TOTO = "application/vnd.in-toto+json";

/** Plain base64 with padding, as the specification writes it; the one spelling of its bytes. */
const Base64 = z.string().refine((text) => Buffer.from(text, "base64").toString("base64") === text, "is not base64");

export const DsseEnvelope = z.strictObject({
  payloadType: z.literal(IN_TOTO),
  payload: Base64,
  signatures: z.array(z.strictObject({ keyid: z.string(), sig: Base64 })).length(1),
});
export type DsseEnvelope = z.infer<typeof DsseEnvelope>;

/** Pre-authentication encoding: "DSSEv1", then type and payload, each with its length in bytes before it. */
export function preAuthentication(type: string, payload: Uint8Array): Uint8Array {
  return Buffer.concat([utf8(`DSSEv1 ${utf8(type).length} ${type} ${payload.length} `), payload]);
}

/** `keyid` is the SHA-256 of the public key's 32 bytes. */
export function signDsse(identity: Identity, payload: Uint8Array): DsseEnvelope {
  const sig = Buffer.from(signBytes(identity, preAuthentication(IN_TOTO, payload)), "base64url").toString("base64");
  return {
    payloadType: IN_TOTO,
    payload: Buffer.from(payload).toString("base64"),
    signatures: [{ keyid: fingerprint(identity.publicKey), sig }],
  };
}

/** The signed bytes. `bad-message` for what is no envelope, `unknown-key` and `bad-signature`. */
export function openDsse(text: string, key: PublicKey): { readonly ok: true; readonly payload: Uint8Array } | Refusal {
  const envelope = readDsse(text);
  if (envelope === undefined) return refuse("bad-message", "It is no DSSE envelope of an in-toto statement with one signature.");
  const payload = Buffer.from(envelope.payload, "base64");
  const [{ keyid, sig } = { keyid: "", sig: "" }] = envelope.signatures;
  if (keyid !== fingerprint(key)) return refuse("unknown-key", "It names another key than the coordinator's.");
  const signature = toBase64url(Buffer.from(sig, "base64"));
  return verifyBytes(key, preAuthentication(envelope.payloadType, payload), signature)
    ? { ok: true, payload }
    : refuse("bad-signature", "The coordinator's signature does not fit what it says.");
}

/** Only in the one spelling that `dsseText` gives, so that no byte of a file can change unseen. */
export function readDsse(text: string): DsseEnvelope | undefined {
  try {
    const envelope = DsseEnvelope.parse(JSON.parse(text));
    return dsseText(envelope) === text ? envelope : undefined;
  } catch {
    return undefined;
  }
}

export const dsseText = (envelope: DsseEnvelope): string => `${JSON.stringify(envelope, null, 2)}\n`;
