/** The frozen example of test/vectors/compact.json: three of four sites in a compact sum, from updates to their mean. */
import { createHash } from "node:crypto";
import { fromHex, toHex } from "../base/bytes.ts";
import type { Digest } from "../base/ids.ts";
import { sha256 } from "../crypto/digest.ts";
import { keyStream } from "../crypto/mask.ts";
import { blocksOf } from "./blocks.ts";
import { chanceOf, value } from "./federation.fixture.ts";
import { vectorBytes } from "./mask-input.ts";
import { addSlice, layoutWords, pack, slicesOf } from "./pack.ts";
import { decodeSum, encodeInput, layoutOf, type Encoding } from "./quantize.ts";
import { rotationSeed } from "./rotate.ts";

/** Everything that goes in, as JSON. An update is the key stream of its seed: each word, signed, times 2^-36. */
export interface CompactInput {
  readonly round: Digest;
  readonly encoding: Encoding;
  readonly sites: readonly {
    readonly weight: number;
    readonly update: string;
    readonly totals: readonly number[];
    readonly chance: string;
  }[];
}

export function compactInput(): CompactInput {
  const chance = chanceOf("engraft compact vectors");
  const hex = (): string => toHex(chance(32));
  return {
    round: sha256("round"),
    encoding: { sites: 4, cap: 500, clipNorm: 0.5, clip: 0.03, values: 1601, totals: 3, noise: 0, words: "compact" },
    sites: [500, 256, 3].map((weight, at) => ({ weight, update: hex(), totals: [at, 5 - 7 * at, 2 ** 40 + at], chance: hex() })),
  };
}

const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array();

/** What the encoding makes of it, as JSON; long vectors by the SHA-256 of their bytes. */
export function compactOutput({ round, encoding, sites }: CompactInput) {
  const layout = layoutOf(encoding);
  const vectors = sites.map(({ weight, update, totals, chance }) => {
    const values = Float32Array.from(keyStream(bytes(update))(encoding.values), (word) => word * 2 ** -36);
    return encodeInput(encoding, round, { weight, update: values, totals }, bytes(chance));
  });
  const packed = vectors.map((vector) => pack(layout, vector));
  const sum = new Uint32Array(layoutWords(layout));
  for (const one of packed)
    for (const slice of slicesOf(layout, 100)) addSlice(sum, slice, one.slice(slice.from, slice.from + slice.words));
  const decoded = value(decodeSum(encoding, round, sum, sites.length));
  const mean = Float64Array.from(decoded.mean);
  return {
    rotation: toHex(rotationSeed(round)),
    blocks: blocksOf(encoding.values),
    words: vectors.map((vector) => [...new Int32Array(vector.buffer).subarray(0, 9)]),
    packed: packed.map((one) => ({ words: one.length, sha256: sha256(vectorBytes(one)) })),
    start: toHex(vectorBytes(packed[0] as Uint32Array).subarray(0, 24)),
    sum: sha256(vectorBytes(pack(layout, sum))),
    totalWeight: decoded.totalWeight,
    totals: decoded.totals,
    mean: createHash("sha256").update(new Uint8Array(mean.buffer)).digest("hex"),
    first: [...mean.subarray(0, 4)],
  };
}
