/**
 * A second signature over a release's files in the format of OpenSSF's model signing (predicate `model_signing/signature/v1.0` in a
 * Sigstore bundle v0.3), which knows no Ed25519: by an ECDSA key on P-256 of its own. Its public key is a file of the release, so the
 * coordinator's signature vouches for it.
 */
import { createPublicKey, sign, type KeyObject } from "node:crypto";
import { fromHex, utf8 } from "../base/bytes.ts";
import { sha256 } from "../crypto/digest.ts";
import { IN_TOTO, preAuthentication } from "./dsse.ts";

export const MODEL_SIGNATURE_FILE = "model.sig";
export const MODEL_KEY_FILE = "model-signing.pub.pem";

/** PEM of the public half, as the tool makes it too: the signature names the key by the digest of this text. */
export const publicPem = (key: KeyObject): string => createPublicKey(key).export({ type: "spki", format: "pem" }).toString();

interface Named {
  readonly name: string;
  /** Hex. */
  readonly sha256: string;
}

/** Text of `model.sig` for a folder that holds `files` and, unsigned by it, those of `ignored`. `key`: ECDSA on P-256. */
export function modelSignature(key: KeyObject, model: string, files: readonly Named[], ignored: readonly string[]): string {
  const ordered = files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const root = sha256(Buffer.concat(ordered.map((file) => fromHex(file.sha256) ?? new Uint8Array())));
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: model, digest: { sha256: root } }],
    predicateType: "https://model_signing/signature/v1.0",
    predicate: {
      serialization: { method: "files", hash_type: "sha256", allow_symlinks: false, ignore_paths: [MODEL_SIGNATURE_FILE, ...ignored] },
      resources: ordered.map((file) => ({ name: file.name, algorithm: "sha256", digest: file.sha256 })),
    },
  };
  const payload = utf8(JSON.stringify(statement));
  const bundle = {
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: { publicKey: { hint: sha256(publicPem(key)) }, tlogEntries: [] },
    dsseEnvelope: {
      payload: Buffer.from(payload).toString("base64"),
      payloadType: IN_TOTO,
      signatures: [{ sig: sign("sha256", preAuthentication(IN_TOTO, payload), key).toString("base64"), keyid: "" }],
    },
  };
  return `${JSON.stringify(bundle)}\n`;
}
