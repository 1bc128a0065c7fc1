/**
 * Phase 3: the stored vector under one self mask and one mask for each pair of dealers. A pair's masks cancel in the sum;
 * self masks are there because a site may answer after it was taken for lost.
 */
import { concat, utf8 } from "../base/bytes.ts";
import { assert, isRefusal, refuse, type Refusal } from "../base/errors.ts";
import { sha256 } from "../crypto/digest.ts";
import { applyMask } from "../crypto/mask.ts";
import { agree, agreementKey, deriveKey } from "../crypto/x25519.ts";
import { memberAt, readOfRoster, type AttemptSecrets, type Roster } from "./advertise.ts";
import type { Digest } from "../base/ids.ts";
import type { Directory } from "./directory.ts";
import type { Keyed } from "./share.ts";
import { state, type Body, type Signing, type Statement } from "./statement.ts";
import { digestBytes } from "./transcript.ts";

type AgreementKey = ReturnType<typeof agreementKey>;

/** The one key of the mask between two members, the same from both sides. */
export function pairMaskKey(roster: Roster, mine: AgreementKey, me: number, other: number, theirs: Uint8Array): Uint8Array {
  const shared = agree(mine, theirs);
  assert(shared !== undefined, "a weak key came through the roster");
  const pair = Uint8Array.of(Math.min(me, other), Math.max(me, other));
  return deriveKey(shared, digestBytes(roster.hash), concat([utf8("mask"), pair]));
}

export const selfMaskKey = (roster: Roster, index: number, seed: Uint8Array): Uint8Array =>
  deriveKey(seed, digestBytes(roster.hash), concat([utf8("self"), Uint8Array.of(index)]));

/** The lower index adds a pair's mask, the higher one subtracts it. */
export const pairSign = (me: number, other: number): 1 | -1 => (me < other ? 1 : -1);

/** The words' bytes as they travel (no copy). */
export const vectorBytes = (vector: Uint32Array): Uint8Array => new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);

/** Masks `vector` in place. Only once in a roster, and only the vector stored for the round (SPEC.md, G6). */
export function maskInPlace(keyed: Keyed, secrets: AttemptSecrets, vector: Uint32Array): void {
  assert(
    keyed.wrong.every((dealer) => keyed.held.has(dealer)),
    "a complaint is not answered yet",
  );
  applyMask(vector, selfMaskKey(keyed.roster, keyed.index, secrets.seed), 1);
  const mine = agreementKey(secrets.mask);
  for (const other of keyed.dealers) {
    if (other === keyed.index) continue;
    const key = pairMaskKey(keyed.roster, mine, keyed.index, other, memberAt(keyed.roster, other).maskKey);
    applyMask(vector, key, pairSign(keyed.index, other));
  }
}

/** A masked copy of `vector`. */
export function maskInput(keyed: Keyed, secrets: AttemptSecrets, vector: Uint32Array): Uint32Array {
  const masked = Uint32Array.from(vector);
  maskInPlace(keyed, secrets, masked);
  return masked;
}

/** `packed`: the masked vector as it travels (pack.ts); `body`: digest of its bytes, where it is known already. */
export const announceMasked = (by: Signing, keyed: Keyed, packed: Uint32Array, body = sha256(vectorBytes(packed))): Statement<"masked"> =>
  state(by, "masked", { roster: keyed.roster.hash, index: keyed.index, shares: keyed.hash, words: packed.length, body });

/** Coordinator, before the body is fetched: what may not spoil the survivors' set later is refused here. `words` travel. */
export function acceptMasked(
  directory: Directory,
  roster: Roster,
  shared: { readonly hash: Digest; readonly dealers: readonly number[] },
  words: number,
  statement: Statement,
): { readonly ok: true; readonly value: Body<"masked"> } | Refusal {
  const read = readOfRoster(directory, roster, "masked", statement);
  if (isRefusal(read)) return read;
  const { value } = read;
  if (!shared.dealers.includes(value.index)) return refuse("inputs-wrong", `${statement.site} dealt no shares and cannot send a vector.`);
  if (value.shares !== shared.hash) return refuse("inputs-wrong", `${statement.site} masked against other shares than the rest.`);
  return value.words === words ? read : refuse("wrong-shape", `${statement.site} announces ${value.words} words instead of ${words}.`);
}
