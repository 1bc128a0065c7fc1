/**
 * What everybody who masks must have seen alike. Each digest binds the one before it, and every key and mask is derived
 * under the roster's digest, so masks cancel only between sites that saw the same run, round, attempt, plan, base model,
 * directory and roster. A coordinator that shows one site something else gets noise from it.
 */
import { createHash } from "node:crypto";
import { blob, digest, fixed, list, name, record, u16, u32, u8 } from "../base/binary.ts";
import { fromHex, lengthPrefixed, utf8 } from "../base/bytes.ts";
import { assert } from "../base/errors.ts";
import type { Digest, PublicKey, RunId } from "../base/ids.ts";

/** Part of every hash and every signature here, so that none means anything elsewhere. */
export const DOMAIN = "engraft-secagg-1";

/** SHA-256 over domain, tag and parts, each with its length. */
export const taggedHash = (tag: string, ...parts: readonly Uint8Array[]): Digest =>
  createHash("sha256")
    .update(lengthPrefixed([utf8(DOMAIN), utf8(tag), ...parts]))
    .digest("hex") as Digest;

/** The 32 bytes of a digest, as salt or bound data. */
export function digestBytes(value: Digest): Uint8Array {
  const bytes = fromHex(value);
  assert(bytes?.length === 32, "no digest");
  return bytes;
}

/** What a round is about; the same in all its attempts. */
export interface RoundContext {
  readonly run: RunId;
  readonly round: number;
  /** Digest of the plan. */
  readonly plan: Digest;
  /** Digest of the model bytes that the site itself loaded, never one that it was told. */
  readonly base: Digest;
  readonly directory: Digest;
  readonly coordinator: PublicKey;
}

const Context = record({ run: name, round: u32, plan: digest, base: digest, directory: digest, coordinator: name });
const AttemptParts = record({ round: digest, attempt: u16, nonce: fixed(32) });
const RosterParts = record({ attempt: digest, threshold: u8, adverts: list(blob) });
const SharesParts = record({ roster: digest, deals: list(record({ index: u8, root: digest })) });
const InputsParts = record({ roster: digest, shares: digest, inputs: list(record({ index: u8, header: digest })) });

/** R0. Whatever shapes the encoded vector comes from this one, so that a stored vector fits a later attempt. */
export const roundHash = (context: RoundContext): Digest => taggedHash("round", Context.write(context));

/** T0. `nonce` is 32 bytes, fresh for every opening, so that a restored coordinator cannot make an old one again. */
export const attemptHash = (round: Digest, attempt: number, nonce: Uint8Array): Digest =>
  taggedHash("attempt", AttemptParts.write({ round, attempt, nonce }));

/** T1. `adverts` are the adverts' bodies in byte order of their sites' names; a place in that order, from 1, is a site's index. */
export const rosterHash = (attempt: Digest, threshold: number, adverts: readonly Uint8Array[]): Digest =>
  taggedHash("roster", RosterParts.write({ attempt, threshold, adverts }));

/** Whoever masks under one of these has seen the same commitments of the same sites. Ordered by index. */
export const sharesHash = (roster: Digest, deals: readonly { readonly index: number; readonly root: Digest }[]): Digest =>
  taggedHash("shares", SharesParts.write({ roster, deals }));

/** Fixes the inputs of the survivors, not only their names. `header` is the digest of a masked statement's body. Ordered by index. */
export const inputsHash = (
  roster: Digest,
  shares: Digest,
  inputs: readonly { readonly index: number; readonly header: Digest }[],
): Digest => taggedHash("inputs", InputsParts.write({ roster, shares, inputs }));
