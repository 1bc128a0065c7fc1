/**
 * Everything a site signs in an attempt. Each statement names the attempt or the roster it belongs to, so none can be
 * replayed into another. The signature is the envelope's scheme (length-prefixed domain, type and payload) over a binary
 * payload; a body is read only after its signature has been verified under the site's pinned key.
 */
import { decode, digest, fixed, list, name, record, u8, u32, type Decoded } from "../base/binary.ts";
import { lengthPrefixed, utf8 } from "../base/bytes.ts";
import { refuse, type Refusal } from "../base/errors.ts";
import type { SiteName } from "../base/ids.ts";
import { signStatement, verifyBytes, type Identity, type Signer } from "../crypto/identity.ts";
import { pinnedKey, type Directory } from "./directory.ts";
import { DOMAIN } from "./transcript.ts";

const Shares = list(record({ of: u8, share: fixed(32) }));

export const BODIES = {
  /** Fresh keys for one attempt: for share boxes and for masks. */
  advert: record({ attempt: digest, site: name, boxKey: fixed(32), maskKey: fixed(32), nonce: fixed(32) }),
  /** The root over a site's commitments and boxes. */
  deal: record({ roster: digest, site: name, index: u8, root: digest }),
  /** Announces a masked vector: how many 32-bit words travel and the digest of their bytes. */
  masked: record({ roster: digest, site: name, index: u8, shares: digest, words: u32, body: digest }),
  /** "I saw these inputs." */
  echo: record({ roster: digest, site: name, index: u8, inputs: digest }),
  /** Shares of the survivors' self-mask seeds, and of the mask keys of those who dropped out. */
  release: record({ roster: digest, site: name, index: u8, inputs: digest, seeds: Shares, keys: Shares }),
  /** "The shares that this dealer sent me do not fit its commitments." */
  complaint: record({ roster: digest, site: name, index: u8, dealer: u8 }),
  /** Both shares for one complainer, in clear. */
  answer: record({ roster: digest, site: name, index: u8, complainer: u8, seed: fixed(32), key: fixed(32) }),
} as const;

export type StatementKind = keyof typeof BODIES;
export type Body<K extends StatementKind> = Decoded<(typeof BODIES)[K]>;

export interface Statement<K extends StatementKind = StatementKind> {
  readonly kind: K;
  readonly site: SiteName;
  readonly body: Uint8Array;
  /** Ed25519, base64url. */
  readonly signature: string;
}

export interface Signing {
  readonly site: SiteName;
  readonly identity: Identity;
  readonly sign?: Signer;
}

const signedBytes = (kind: StatementKind, body: Uint8Array): Uint8Array =>
  lengthPrefixed([utf8(DOMAIN), utf8("statement"), utf8(kind), body]);

/** Signs a body. `by.sign` chooses the signer; both give the same bytes. */
export function state<K extends StatementKind>(by: Signing, kind: K, value: Omit<Body<K>, "site">): Statement<K> {
  const codec: { readonly write: (value: never) => Uint8Array } = BODIES[kind];
  const body = codec.write({ ...value, site: by.site } as never);
  return { kind, site: by.site, body, signature: (by.sign ?? signStatement)(by.identity, signedBytes(kind, body)) };
}

/** The body of a statement of a site of the directory. `roster-wrong` for a stranger, `bad-signature`, `bad-message`. */
export function readStatement<K extends StatementKind>(
  directory: Directory,
  kind: K,
  statement: Statement,
): { readonly ok: true; readonly value: Body<K> } | Refusal {
  const key = pinnedKey(directory, statement.site);
  if (key === undefined) return refuse("roster-wrong", "A message comes from a site that is not in the directory.");
  if (statement.kind !== kind) return refuse("bad-message", `Expected a ${kind} statement.`);
  if (!verifyBytes(key, signedBytes(kind, statement.body), statement.signature)) {
    return refuse("bad-signature", `The ${kind} statement is not signed by the key of ${statement.site} in the directory.`);
  }
  const value = decode<Body<StatementKind>>(BODIES[kind] as never, statement.body) as Body<K> | undefined;
  if (value === undefined || value.site !== statement.site) {
    return refuse("bad-message", `The ${kind} statement of ${statement.site} does not have the fields of its kind.`);
  }
  return { ok: true, value };
}
