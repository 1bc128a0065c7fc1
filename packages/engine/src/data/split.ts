/** Which part a patient belongs to. */
import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { lengthPrefixed, utf8 } from "@engraft/core/base/bytes";
import type { Split } from "@engraft/core/models/fields";

export const PARTS = ["train", "validation", "test"] as const;
export type Part = (typeof PARTS)[number];

/** Shares below the first cut train, those from it to below the second validate. */
export type Cuts = readonly [train: number, validation: number];

/**
 * A patient's share: the first 48 bits, as a fraction of 2^48, of SHA-256 over salt and patient id (each length-prefixed); of
 * HMAC-SHA-256 under the site's key where the plan says `keyed`.
 */
export function shareOf(split: Split, patient: string, key: Uint8Array = new Uint8Array()): number {
  const hash: Hash | Hmac = split.keyed === true ? createHmac("sha256", key) : createHash("sha256");
  return (
    hash
      .update(lengthPrefixed([utf8(split.salt), utf8(patient)]))
      .digest()
      .readUIntBE(0, 6) /
    2 ** 48
  );
}

const NAMES: Readonly<Record<string, Part>> = {
  train: "train",
  training: "train",
  validation: "validation",
  valid: "validation",
  val: "validation",
  dev: "validation",
  test: "test",
  testing: "test",
};

/** The part that a cell of a declared split names. */
export const partNamed = (text: string): Part | undefined => NAMES[text.toLowerCase()];

/** The cuts that the plan's fractions are. */
export const cutsOf = ({ train, validation }: Split): Cuts => [train, train + validation];

export const partAt = (share: number, [train, validation]: Cuts): Part =>
  share < train ? "train" : share < validation ? "validation" : "test";

/** The part of a patient by the fractions alone: the same in every run, however the table grows. */
export const partOf = (split: Split, patient: string, key?: Uint8Array): Part => partAt(shareOf(split, patient, key), cutsOf(split));

/**
 * The cuts nearest to the plan's that divide these shares as the plan's fractions say: the train and validation parts get the
 * rounded numbers of patients, and test at least one of three or more.
 */
export function fittingCuts(shares: readonly number[], split: Split): Cuts {
  const sorted = shares.toSorted((a, b) => a - b);
  const count = sorted.length;
  const test = count < 3 ? 0 : 1;
  const train = Math.min(Math.round(split.train * count), count - test);
  const upToValidation = Math.min(Math.max(train, Math.round((split.train + split.validation) * count)), count - test);
  const [wantedTrain, wantedValidation] = cutsOf(split);
  const first = cutBetween(sorted, train, wantedTrain);
  return [first, Math.max(first, cutBetween(sorted, upToValidation, wantedValidation))];
}

/** A cut with so many of the shares below it: the wanted one where that does, else one close by. */
function cutBetween(sorted: readonly number[], below: number, wanted: number): number {
  const [last = 0, next = 1] = [sorted[below - 1], sorted[below]];
  if (wanted > last && wanted <= next) return wanted;
  const middle = (last + next) / 2;
  return wanted <= last ? Math.min(middle, last + CLOSE) : Math.max(middle, next - CLOSE);
}

const CLOSE = 0.01;
