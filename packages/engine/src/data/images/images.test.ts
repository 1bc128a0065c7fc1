/** Pictures against the numbers of pydicom, Pillow, gdcm and nibabel (test/vectors/pictures/make.py). */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ImageField } from "@engraft/core/models/fields";
import { describe, expect, it } from "vitest";
import { findShared, requireOrSkip } from "../../../../../test/support/require.ts";
import { levelsOf } from "./levels.ts";
import type { Picture } from "./picture.ts";
import { resized } from "./resize.ts";
import { pictureSample, readPicture, type ImageRule } from "./sample.ts";

interface Expected {
  readonly sha256: string;
  readonly shape: readonly number[];
  readonly some: readonly number[];
  readonly all?: readonly number[];
  readonly window?: readonly number[];
  readonly within?: number;
}

const folder = fileURLToPath(new URL("../../../../../test/vectors/pictures", import.meta.url));
const bytesOf = (name: string): Uint8Array => readFileSync(join(folder, name));
const reference = JSON.parse(readFileSync(join(folder, "reference.json"), "utf8")) as Readonly<Record<string, Expected>>;
const expectedOf = (name: string): Expected => reference[name] as Expected;
const field = (more: Partial<ImageField> = {}): ImageField => ({ kind: "image", name: "image", title: "Image", ...more });

function expectEqual({ values, width, height, channels }: Picture, { sha256, shape, some, within }: Expected): void {
  expect([height, width, ...(channels === 1 ? [] : [3])]).toEqual(shape);
  const every = Math.max(1, Math.floor(values.length / 7));
  const taken = [...values].filter((_, at) => at % every === 0);
  some.forEach((value, index) => expect(Math.abs((taken[index] as number) - value)).toBeLessThanOrEqual(within ?? 0));
  if (within === undefined) expect(createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex")).toBe(sha256);
}

describe("[D40] a picture holds the values that its file says", () => {
  it.each([
    "monochrome1.dcm",
    "signed12.dcm",
    "high-bit.dcm",
    "planar.dcm",
    "big-endian8.dcm",
    "deflated.dcm",
    "palette.dcm",
    "ybr-full.dcm",
    "rgb.dcm",
    "rle-rgb.dcm",
    "j2k-rgb.dcm",
    "jls-rgb.dcm",
    "rle-signed12.dcm",
    "j2k-signed12.dcm",
    "lossless-12.dcm",
    "jpeg-colour.dcm",
    "grey16.png",
    "grey16.tif",
    "rgb8.tif",
  ])("%s", async (name) => expectEqual(await readPicture(bytesOf(name), field()), expectedOf(name)));

  it.each(["axial", "coronal", "sagittal"] as const)("in a %s slice of a volume, wherever its axes point", async (plane) => {
    for (const name of ["las.nii.gz", "oblique.nii"])
      expectEqual(await readPicture(bytesOf(name), field({ slice: { plane, at: 0.5 } })), expectedOf(`${name}/${plane}`));
  });

  requireOrSkip("the shared DICOM samples", findShared("data/dicom-samples")).describe("of other makers", (samples) => {
    it.each(Object.keys(reference).filter((name) => /^(CT|MR|SC|JPEG)/.test(name)))("%s", async (name) =>
      expectEqual(await readPicture(readFileSync(join(samples, name)), field()), expectedOf(name)),
    );
    it("waveform_ecg.dcm is no picture", async () => {
      await expect(readPicture(readFileSync(join(samples, "waveform_ecg.dcm")), field())).rejects.toMatchObject({
        kind: "unreadable-file",
      });
    });
  });
});

describe("[D40] what is black and what is white is declared", () => {
  it("by the file's window as pydicom applies it, small values bright in MONOCHROME1", async () => {
    const picture = await readPicture(bytesOf("monochrome1.dcm"), field());
    const levels = [...levelsOf(picture, field())].filter((_, at) => at % 29 === 0);
    // pydicom gives the window's output in the stored values' own range, 0 to 4095, before the inversion.
    expectedOf("monochrome1.dcm").window?.forEach((value, index) => expect(levels[index]).toBeCloseTo(255 - (value * 255) / 4095, 3));
  });

  it("by the plan's range, whatever the file's window says", async () => {
    const picture = await readPicture(bytesOf("monochrome1.dcm"), field());
    const levels = levelsOf(picture, field({ intensity: { from: "range", low: 1000, high: 2000 } }));
    picture.values.forEach((value, at) =>
      expect(levels[at]).toBeCloseTo(255 - (255 * (Math.min(2000, Math.max(1000, value)) - 1000)) / 1000, 3),
    );
  });

  it("by the bits of the file", async () => {
    const picture = await readPicture(bytesOf("grey16.png"), field());
    const levels = levelsOf(picture, field({ intensity: { from: "bits" } }));
    picture.values.forEach((value, at) => expect(levels[at]).toBeCloseTo((255 * value) / 65_535, 3));
  });

  it.each(["grey16.png", "grey16.tif", "signed12.dcm", "high-bit.dcm"])(
    "or %s is refused: never by the values of the picture",
    async (name) => {
      const picture = await readPicture(bytesOf(name), field());
      expect(() => levelsOf(picture, field())).toThrow(expect.objectContaining({ kind: "no-range" }));
    },
  );

  it("and a file without a window is refused where the plan takes the files' own", async () => {
    const picture = await readPicture(bytesOf("signed12.dcm"), field());
    expect(() => levelsOf(picture, field({ intensity: { from: "file" } }))).toThrow(expect.objectContaining({ kind: "no-range" }));
  });
});

describe("[D40] a picture is refused by name", () => {
  it.each([
    ["frames.dcm", "several-pictures"],
    ["video.dcm", "video-picture"],
    ["jpip.dcm", "remote-pixels"],
    ["unknown.dcm", "unknown-syntax"],
    ["las.nii.gz", "no-slice"],
  ])("%s: %s", async (name, kind) => {
    await expect(readPicture(bytesOf(name), field())).rejects.toMatchObject({ kind });
  });

  const rule: ImageRule = { kind: "image", field: "image", width: 4, height: 4, channels: 1, mean: [0], sd: [1] };
  it.each([
    [{ expect: { width: 16 } }, "other-size"],
    [{ expect: { height: 11, width: 17 } }, "other-size"],
    [{ expect: { bits: 16 } }, "other-bits"],
  ])("where the plan expects %j: %s", async (more, kind) => {
    await expect(pictureSample(bytesOf("monochrome1.dcm"), rule, field(more))).rejects.toMatchObject({ kind });
    await expect(pictureSample(bytesOf("rgb8.tif"), rule, field(more))).rejects.toMatchObject({ kind });
  });

  it("where its end is missing", async () => {
    for (const name of ["grey16.png", "grey16.tif", "rgb.dcm", "rle-rgb.dcm", "jls-rgb.dcm", "deflated.dcm", "oblique.nii", "las.nii.gz"]) {
      const bytes = bytesOf(name);
      const cut = readPicture(bytes.subarray(0, Math.floor(bytes.length * 0.8)), field({ slice: { plane: "axial", at: 1 } }));
      await expect(cut).rejects.toMatchObject({ kind: "unreadable-file" });
    }
  });
});

describe("from a picture to a model's input", () => {
  it.each(["5x4", "40x31", "17x5"])("sizes are changed to %s as Pillow does it", (size) => {
    const [width, height] = size.split("x").map(Number) as [number, number];
    return readPicture(bytesOf("grey16.png"), field()).then((picture) => {
      const small = resized(picture, width, height);
      expectedOf(`resized-${size}`).all?.forEach((value, at) => expect(Math.abs((small[at] as number) - value)).toBeLessThan(0.01));
    });
  });

  it.each([
    [40, 31],
    [17, 30],
    [30, 8],
  ])("so are those of eight bits that are enlarged, to %i x %i pixels", async (width, height) => {
    const whole = await readPicture(bytesOf("rgb8.tif"), field());
    const sample = await pictureSample(
      bytesOf("rgb8.tif"),
      { kind: "image", field: "image", width, height, channels: 3, mean: [0, 0, 0], sd: [1, 1, 1] },
      field(),
    );
    for (const channel of [0, 1, 2]) {
      const values = whole.values.filter((_, at) => at % 3 === channel);
      resized({ width: whole.width, height: whole.height, values }, width, height).forEach((value, at) =>
        expect(Math.abs((sample[channel * width * height + at] as number) - value)).toBeLessThan(1.01),
      );
    }
  });

  const rule: ImageRule = { kind: "image", field: "image", width: 6, height: 6, channels: 3, mean: [0, 0, 100], sd: [1, 1, 10] };
  const range = field({ intensity: { from: "range", low: 0, high: 4095 } });

  it("grey is given to every channel, each with its own mean and spread", async () => {
    const sample = await pictureSample(bytesOf("high-bit.dcm"), rule, range);
    for (let at = 0; at < 36; at++) {
      expect(sample[36 + at]).toBe(sample[at]);
      expect(sample[72 + at]).toBeCloseTo(((sample[at] as number) - 100) / 10, 4);
    }
  });

  it("the middle is cut out, or black is put beside the whole", async () => {
    const picture = await readPicture(bytesOf("high-bit.dcm"), range);
    const levels = levelsOf(picture, range);
    const one = { ...rule, width: 12, height: 12, channels: 1 as const, mean: [0], sd: [1] };
    const crop = await pictureSample(bytesOf("high-bit.dcm"), { ...one, fit: "crop" }, range);
    // 17 wide: two and a half columns go on each side, so each new pixel lies between two old ones.
    expect(crop[0]).toBeCloseTo(((levels[2] as number) + (levels[3] as number)) / 2, 3);
    const pad = await pictureSample(bytesOf("high-bit.dcm"), { ...one, width: 17, height: 16, fit: "pad" }, range);
    expect([...pad.subarray(0, 34), ...pad.subarray(-34)].every((value) => value === 0)).toBe(true);
    pad.subarray(34, -34).forEach((value, at) => expect(value).toBeCloseTo(levels[at] as number, 3));
  });
});
