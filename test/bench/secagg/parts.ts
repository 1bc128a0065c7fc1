/** What is timed: one site's part of a round and the coordinator's, by the product's functions, without network and disk. */
import { createHash, randomBytes } from "node:crypto";
import { openInPlace, sealBox, sealedPieces } from "@engraft/core/crypto/box";
import { sha256 } from "@engraft/core/crypto/digest";
import { addVector } from "@engraft/core/crypto/mask";
import { advertise, agreeOnRoster } from "@engraft/core/secagg/advertise";
import { acceptMasked, announceMasked, maskInPlace, vectorBytes } from "@engraft/core/secagg/mask-input";
import { decodeSum, encodedWords, encodeInput } from "@engraft/core/secagg/quantize";
import { acceptDeal, deal, dealEntropy, openShareSet, partsOf } from "@engraft/core/secagg/share";
import { agreeOnSurvivors, echo, readEchoes } from "@engraft/core/secagg/survivors";
import { acceptRelease, recoverSecrets, release, unmaskSum } from "@engraft/core/secagg/unmask";
import { ROUND, value, type Announced, type Federation } from "./federation.ts";

/** Key of the stored vector, and what it is bound to; any will do here. */
const AT_REST = new Uint8Array(32).fill(3);

/** A stored vector as it is read from the disk. */
export const storedVector = (words: number): Uint8Array => sealBox(AT_REST, new Uint8Array(12), AT_REST, new Uint8Array(4 * words));

/** CPU time of a function in milliseconds, of all threads of this process. */
export function cpu<T>(work: () => T): { readonly ms: number; readonly result: T } {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { ms: (user + system) / 1000, result };
}

/**
 * Keys, shares, encoding, masks, signatures, and the digest and encryption under which the vector is stored: all that a site
 * computes in a round beyond training. `stored` is opened where it lies.
 */
export function sitePart(
  { directory, roster, attempt, adverts, cut, survivors, encoding }: Federation,
  others: Announced,
  update: Float32Array,
  stored: Uint8Array,
) {
  const [own] = survivors;
  if (own === undefined) throw new Error("there is no site");
  const { by, index, secrets } = own;
  const encoded = encodeInput(encoding, ROUND, { weight: 100, update, totals: [] }, randomBytes(32));
  for (const piece of sealedPieces(AT_REST, randomBytes(12), AT_REST, vectorBytes(encoded))) void piece;
  sha256(vectorBytes(encoded));
  const advert = advertise(by, attempt, secrets);
  const agreed = value(agreeOnRoster(directory, attempt, adverts, advert));
  deal(by, agreed, index, secrets, randomBytes(dealEntropy(agreed)));
  const parts = cut.map((part) => part(index));
  const keyed = value(openShareSet(directory, agreed, own, parts));
  const opened = openInPlace(AT_REST, AT_REST, stored);
  if (opened === undefined) throw new Error("the stored vector cannot be read");
  const masked = new Uint32Array(opened.buffer, opened.byteOffset, opened.byteLength / 4);
  maskInPlace(keyed, secrets, masked);
  const header = announceMasked(by, keyed, masked);
  const survivorsSet = value(agreeOnSurvivors(directory, roster, keyed, others.headers));
  echo(by, roster, index, survivorsSet);
  value(readEchoes(directory, roster, others.echoes));
  release(by, roster, index, survivorsSet, others.given, keyed.held);
  return { header, masked };
}

/** Bodies come in frames of this size. */
const FRAME = 256 * 1024;

/** The masked vectors as they arrive: hashed and added to the sum, one frame at a time. */
export function receive(federation: Federation, others: Announced): Uint32Array {
  const { directory, roster, keyed, encoding } = federation;
  const shared = keyed[0];
  if (shared === undefined) throw new Error("there is no site");
  const words = encodedWords(encoding);
  const sum = new Uint32Array(words);
  others.headers.forEach((header, at) => {
    const { body } = value(acceptMasked(directory, roster, shared, words, header));
    const bytes = vectorBytes(others.bodies[at] as (typeof others.bodies)[number]);
    const hash = createHash("sha256");
    for (let from = 0; from < bytes.length; from += FRAME) {
      const frame = bytes.subarray(from, from + FRAME);
      hash.update(frame);
      addVector(sum.subarray(from / 4, (from + frame.length) / 4), new Uint32Array(frame.buffer, frame.byteOffset, frame.byteLength / 4));
    }
    if (hash.digest("hex") !== body) throw new Error("a masked vector has another digest than was signed");
  });
  return sum;
}

/** Verifies, hashes, sums, rebuilds the secrets, takes the masks off and decodes. */
export function coordinatorPart(federation: Federation, others: Announced) {
  const { directory, roster, attempt, adverts, dealt, survivors, keyed, encoding } = federation;
  value(agreeOnRoster(directory, attempt, adverts));
  const deals = dealt.map((one) => value(acceptDeal(directory, roster, one.deal)));
  for (const accepted of deals) {
    const part = partsOf(accepted);
    for (const { index } of dealt) part(index);
  }
  const sum = receive(federation, others);
  const shared = keyed[0];
  if (shared === undefined) throw new Error("there is no site");
  const agreed = value(agreeOnSurvivors(directory, roster, shared, others.headers));
  value(readEchoes(directory, roster, others.echoes));
  const opening = { roster, deals, survivors: agreed };
  const releases = others.releases.map((one) => value(acceptRelease(directory, opening, one)));
  const recovered = value(recoverSecrets(opening, releases));
  unmaskSum(sum, opening, recovered);
  const decoded = value(decodeSum(encoding, ROUND, sum, survivors.length));
  return { sum, decoded, digest: sha256(vectorBytes(sum)) };
}
