/** Which part a patient belongs to. */
import { lengthPrefixed, utf8 } from "@engraft/core/base/bytes";
import type { Split } from "@engraft/core/models/fields";
import { createHash } from "node:crypto";

export const PARTS = ["train", "validation", "test"] as const;
export type Part = (typeof PARTS)[number];

/**
 * The part of a patient: SHA-256 over salt and patient id (each length-prefixed), its first 48 bits as a fraction of
 * 2^48, compared with the declared fractions. It depends on nothing else, so it is the same in every run.
 */
export function partOf(split: Split, patient: string): Part {
  const digest = createHash("sha256")
    .update(lengthPrefixed([utf8(split.salt), utf8(patient)]))
    .digest();
  const share = digest.readUIntBE(0, 6) / 2 ** 48;
  return share < split.train ? "train" : share < split.train + split.validation ? "validation" : "test";
}
