/** Pictures that hostile people made: bombs, mutated files, links, and headers full of names. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync, gzipSync } from "node:zlib";
import type { ImageField } from "@engraft/core/models/fields";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { numbers } from "../../../../core/src/base/numbers.fixture.ts";
import { mutateBytes, pick } from "../../../../../test/support/mutate.ts";
import { tableOf } from "../../model.fixture.ts";
import { checkTable } from "../check.ts";
import { PictureDecoder, matched } from "./decoder.ts";
import { dicom, element, encapsulated } from "./dicom.fixture.ts";
import { folderIndex } from "./folder-index.ts";
import { PictureRefused } from "./picture.ts";
import { pictureSample, readPicture, type ImageRule } from "./sample.ts";

const SEED = Number(process.env["ENGRAFT_SEED"]);
const vectors = fileURLToPath(new URL("../../../../../test/vectors/pictures", import.meta.url));
const bytesOf = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(join(vectors, name)));
const folder = mkdtempSync(join(tmpdir(), "engraft-hostile-pictures-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const field: ImageField = { kind: "image", name: "image", title: "Image", slice: { plane: "axial", at: 0.5 }, intensity: { from: "bits" } };
const rule: ImageRule = { kind: "image", field: "image", width: 8, height: 8, channels: 1, mean: [0], sd: [1] };

describe("[D40] mutated files are read or refused, 1000 of each format", () => {
  const formats = {
    "uncompressed DICOM": ["monochrome1.dcm", "planar.dcm", "palette.dcm", "ybr-full.dcm", "deflated.dcm", "big-endian8.dcm"],
    "RLE and JPEG-LS": ["rle-rgb.dcm", "jls-rgb.dcm", "rle-signed12.dcm"],
    "JPEG 2000": ["j2k-rgb.dcm", "j2k-signed12.dcm"],
    JPEG: ["lossless-12.dcm", "jpeg-colour.dcm"],
    NIfTI: ["las.nii.gz", "oblique.nii"],
    "PNG and TIFF": ["grey16.png", "grey16.tif", "rgb8.tif"],
  };
  it.each(Object.entries(formats))("%s", { timeout: 240_000 }, async (_, names) => {
    const originals = names.map(bytesOf);
    const seen = { read: 0, refused: 0 };
    for (let index = 0; index < 1000; index++) {
      const random = numbers(SEED + index);
      const error = await pictureSample(mutateBytes(random, pick(random, originals)), rule, field).then(
        (sample) => {
          expect(sample.length === 64 && sample.every(Number.isFinite)).toBe(true);
        },
        (reason: unknown) => reason,
      );
      if (error === undefined) seen.read++;
      else if (error instanceof PictureRefused) seen.refused++;
      else throw new Error(`Case ${index} of seed ${SEED} was answered with no refusal`, { cause: error });
    }
    expect(Math.min(seen.read, seen.refused)).toBeGreaterThan(10);
  });
});

/** The size of a JPEG 2000 picture, and nothing behind it. */
function hugeJpeg2000(side: number): Buffer {
  const size = Buffer.alloc(41 + 4);
  size.set([0xff, 0x4f, 0xff, 0x51, 0, 41]);
  for (const [index, value] of [side, side, 0, 0, side, side, 0, 0].entries()) size.writeUInt32BE(value, 8 + 4 * index);
  size.writeUInt16BE(1, 40);
  return Buffer.concat([size.subarray(0, 42), Buffer.from([7, 1, 1]), Buffer.alloc(64)]);
}

describe("[D40] what would fill the memory is refused", () => {
  const expectRefused = async (bytes: Uint8Array, kind: string): Promise<void> => {
    const before = process.memoryUsage().rss;
    await expect(readPicture(bytes, field)).rejects.toMatchObject({ kind });
    expect(process.memoryUsage().rss - before).toBeLessThan(900 * 1024 * 1024);
  };

  it("PNG and TIFF of a few kilobytes and 10,000 x 10,000 pixels", async () => {
    const wide = sharp({ create: { width: 10_000, height: 10_000, channels: 3, background: "black" } });
    await expectRefused(await wide.clone().png().toBuffer(), "too-large-picture");
    await expectRefused(await wide.clone().tiff({ compression: "deflate" }).toBuffer(), "too-large-picture");
  });

  it("DICOM that claims 65,535 x 65,535 pixels", () =>
    expectRefused(
      dicom("1.2.840.10008.1.2.1", 65_535, 65_535, (header) => Buffer.concat([header, element(0x7fe0, 0x10, "OB", Buffer.alloc(16))])),
      "too-large-picture",
    ));

  it("deflated DICOM and gzipped NIfTI of 600 MiB of zeros", { timeout: 120_000 }, async () => {
    const zeros = Buffer.alloc(600 * 1024 * 1024);
    await expectRefused(
      dicom("1.2.840.10008.1.2.1.99", 100, 100, (header) => deflateRawSync(Buffer.concat([header, element(0x7fe0, 0x10, "OB", zeros)]))),
      "too-large-picture",
    );
    await expectRefused(gzipSync(zeros), "too-large-picture");
  });

  it("JPEG 2000 and JPEG whose own size is not that of their header", async () => {
    const small = (syntax: string, stream: Uint8Array): Uint8Array =>
      dicom(syntax, 16, 16, (header) => Buffer.concat([header, encapsulated(stream)]));
    await expectRefused(small("1.2.840.10008.1.2.4.90", hugeJpeg2000(60_000)), "unreadable-file");
    const jpeg = Buffer.from([
      0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0xff, 0xff, 0xff, 0xff, 1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0,
    ]);
    await expectRefused(small("1.2.840.10008.1.2.4.50", jpeg), "unreadable-file");
  });

  it("a picture that can name other files (SVG)", () =>
    expectRefused(
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><image href="/etc/passwd"/></svg>'),
      "unreadable-file",
    ));
});

it("[D40] a file that takes for ever ends its thread, and the next one is read by a new one", async () => {
  const decoder = new PictureDecoder(1);
  const long = dicom("1.2.840.10008.1.2.1.99", 100, 100, (header) =>
    deflateRawSync(Buffer.concat([header, element(0x7fe0, 0x10, "OB", Buffer.alloc(400 * 1024 * 1024))])),
  );
  const ask = () => decoder.ask({ kind: "picture", bytes: Uint8Array.from(long), slice: undefined });
  await expect(ask()).rejects.toMatchObject({ kind: "unreadable-file" });
  await expect(ask()).rejects.toMatchObject({ kind: "unreadable-file" });
  await decoder.close();
  expect((await readPicture(bytesOf("planar.dcm"), field)).width).toBe(17);
});

describe("[D41] only files of the declared folder are opened", () => {
  it("neither by a path, nor by a link, nor a pipe that never ends", async () => {
    const [inside, outside] = [join(folder, "inside"), join(folder, "outside")];
    for (const path of [inside, outside]) mkdirSync(path);
    writeFileSync(join(outside, "secret.dcm"), bytesOf("planar.dcm"));
    writeFileSync(join(inside, "good.dcm"), bytesOf("planar.dcm"));
    symlinkSync(join(outside, "secret.dcm"), join(inside, "link.dcm"));
    symlinkSync(outside, join(inside, "beside"));
    symlinkSync(join(inside, "good.dcm"), join(inside, "within.dcm"));
    execFileSync("mkfifo", [join(inside, "pipe.dcm")]);
    const names = [
      "good.dcm",
      "within.dcm",
      "link.dcm",
      "beside/secret.dcm",
      "../outside/secret.dcm",
      join(outside, "secret.dcm"),
      "pipe.dcm",
      ".",
    ];
    const table = tableOf(["id,image,sick", ...names.map((name, index) => `p${index},${name},1`), ""].join("\n"), { files: inside });
    const report = await checkTable(table, planOf(field));
    expect(report.usable).toBe(2);
    const lines = Object.fromEntries(report.findings.map(({ kind, places }) => [kind, places.map(({ line }) => line)]));
    expect(lines).toMatchObject({ "file-elsewhere": [4, 5, 6, 7, 9], "unreadable-file": [8] });
    expect([...(await folderIndex(inside, "accession-number")).values()]).toEqual([join(inside, "good.dcm")]);
  });
});

const planOf = (image: ImageField) => ({
  fields: [image],
  label: { name: "sick", title: "Sick", positive: ["1"], negative: ["0"] },
  split: { salt: "s", train: 0.6, validation: 0.2 },
});

describe("[D41] nothing of a header but what pixels need comes out", () => {
  const names = ["monochrome1.dcm", "signed12.dcm", "palette.dcm", "j2k-rgb.dcm", "deflated.dcm", "frames.dcm", "video.dcm", "unknown.dcm"];
  const everything = (value: unknown): string =>
    value instanceof Error
      ? `${value.name} ${value.message} ${value.stack ?? ""} ${everything(value.cause)} ${JSON.stringify(Object.entries(value))}`
      : (JSON.stringify(value, (_, inner: unknown) =>
          ArrayBuffer.isView(inner) ? Buffer.from(inner.buffer, inner.byteOffset, inner.byteLength).toString("latin1") : inner,
        ) ?? "");
  // Written in names, dates, words and private elements of each of them (make.py).
  const canaries = /CANARY|19010203/;

  it("of files as they are, cut off, or broken", { timeout: 120_000 }, async () => {
    for (const name of names) {
      const bytes = bytesOf(name);
      expect(/CANARY/.test(Buffer.from(bytes).toString("latin1")) || name === "deflated.dcm").toBe(true);
      const random = numbers(SEED);
      const variants = [
        bytes,
        ...Array.from({ length: 40 }, () => mutateBytes(random, bytes)),
        ...[0.2, 0.5, 0.9].map((part) => bytes.subarray(0, bytes.length * part)),
      ];
      for (const variant of variants) {
        const said = await readPicture(variant, field).catch((error: unknown) => error);
        expect(everything(said)).not.toMatch(canaries);
      }
      expect(everything(await matched(bytes, "accession-number", true))).toMatch(/^"A\d+"$/);
    }
  });

  it("in the report of the data check", async () => {
    const rows = names.map((_, index) => `p${index},A${index},1`);
    const table = tableOf(["id,image,sick", ...rows, ""].join("\n"), { files: vectors, match: "accession-number" });
    expect(everything(await checkTable(table, planOf(field)))).not.toMatch(canaries);
  });
});
