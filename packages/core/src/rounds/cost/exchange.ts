/**
 * Bytes of one attempt of secure aggregation beside the masked vectors, by the formulas of ../../secagg (statement.ts for
 * the signed bodies, share.ts for leaves and paths). Free of node's modules, so that the dashboard shows the same numbers.
 */

/** What everything that one site says in an attempt takes, and everything it is told. Bytes of JSON text. */
export interface ExchangeBytes {
  readonly advert: number;
  readonly deal: number;
  readonly masked: number;
  readonly echo: number;
  readonly release: number;
  readonly up: number;
  readonly down: number;
}

const DIGEST = 32;
const KEY = 32;
/** A place, or a length of a name. */
const U8 = 1;
/** A length of a list or of a blob. */
const U16 = 2;
const U32 = 4;
/** Nonce and tag of a box. */
const BOX = 12 + 16;
/** Ed25519 in base64url. */
const SIGNATURE = 86;
const HEX = 64;
const STATEMENT = JSON.stringify({ site: "", body: "", signature: "" }).length + SIGNATURE;
const PART = JSON.stringify({ statement: 0, seedCommitment: "", seedPath: "", leaf: "", path: "" }).length - 1 + HEX;
/** Characters of base64url, without padding. */
const base64 = (bytes: number): number => Math.ceil((4 * bytes) / 3);
const quoted = (characters: number): number => characters + 2;
/** Items of a JSON list, its brackets and commas. */
const listed = (count: number, item: number): number => 2 + count * item + Math.max(0, count - 1);

const LEAF = base64(U8 + U16 + 2 * 32 + BOX + 2 * DIGEST);
/** A dealer seals no box to itself. */
const OWN_LEAF = base64(U8 + U16 + 2 * DIGEST);

/** `sites` take part and none drops out; `name`: characters of a site's name. */
export function exchangeBytes(sites: number, name: number): ExchangeBytes {
  const statement = (body: number): number => STATEMENT + name + base64(body);
  const who = U8 + name + U8;
  const advert = statement(DIGEST + U8 + name + 3 * KEY);
  const signed = statement(DIGEST + who + DIGEST);
  const deal = signed + HEX + listed(sites, quoted(LEAF)) - (LEAF - OWN_LEAF);
  const masked = statement(DIGEST + who + DIGEST + U32 + DIGEST);
  const echo = signed;
  // A share of every survivor's self-mask seed; keys only of those who dropped out.
  const release = statement(DIGEST + who + DIGEST + 2 * U16 + sites * (U8 + 32));
  // Leaf 0 of a dealer's tree is its own commitment.
  const path = base64(DIGEST * Math.ceil(Math.log2(sites + 1)));
  const part = PART + signed + LEAF + 2 * path;
  return {
    advert,
    deal,
    masked,
    echo,
    release,
    up: advert + deal + masked + echo + release,
    down: listed(sites, advert) + listed(sites, part) - (LEAF - OWN_LEAF) + listed(sites, masked) + listed(sites, echo),
  };
}
