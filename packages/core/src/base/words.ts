/** Digests that people read to each other by phone. */
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { fromHex } from "./bytes.ts";

/**
 * The first `count` x 11 bits of a digest as words of the BIP-39 English list (2048 words, unique in their first four
 * letters). Eight words carry 88 bits, sixteen 176.
 */
export function digestWords(digest: string, count = 8): readonly string[] {
  const bytes = fromHex(digest);
  if (bytes === undefined || bytes.length * 8 < count * 11) throw new RangeError("digest too short for that many words");
  return Array.from({ length: count }, (_, index) => {
    let value = 0;
    for (let bit = index * 11; bit < (index + 1) * 11; bit++) {
      value = (value << 1) | (((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1);
    }
    return wordlist[value] ?? "";
  });
}
