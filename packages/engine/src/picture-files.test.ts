/** Folders of pictures as hospitals have them, from the table that names them to the trained model; and what the data check finds in them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ImageField } from "@engraft/core/models/fields";
import type { Manifest } from "@engraft/core/models/manifest";
import type { Plan } from "@engraft/core/models/plan";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Net } from "./architectures/net.ts";
import { checkTable } from "./data/check.ts";
import type { TableDeclaration } from "./data/declaration.ts";
import { countsIn } from "./data/counts.ts";
import type { FindingKind } from "./data/findings.ts";
import { readTable, withoutFiles } from "./data/table.ts";
import { greyDicom, type DicomOptions } from "./data/images/dicom.fixture.ts";
import { initialVector } from "./import/base.ts";
import { baseFromLayers } from "./import/from-layers.ts";
import { randomTensors } from "./ir/networks.fixture.ts";
import { beyondSize, plan as tablePlan, tableOf } from "./model.fixture.ts";
import { openSession } from "./train/session.ts";

const SIDE = 24;
const folder = mkdtempSync(join(tmpdir(), "engraft-picture-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A body on black: a bright disc of 12 bits, brighter where sick, somewhere near the middle. `from` and `top` are those of the numbers. */
function disc(index: number, sick: boolean, top = 4095): Uint16Array {
  const [x, y] = [11 + (index % 3), 11 + (index % 2)];
  return Uint16Array.from({ length: SIDE * SIDE }, (_, at) => {
    const inside = Math.hypot((at % SIDE) - x, Math.floor(at / SIDE) - y) < 8;
    return Math.round(top * (inside ? (sick ? 0.9 : 0.5) + 0.02 * ((at * 7 + index) % 5) : 0.03));
  });
}

const field: ImageField = { kind: "image", name: "image", title: "Image", intensity: { from: "range", low: 0, high: 4095 } };
let base: { readonly manifest: Manifest; readonly weights: Uint8Array };

beforeAll(async () => {
  const net = new Net([1, 12, 12]);
  net.block("block");
  net.conv("conv", { out: 6, kernel: [3, 3], stride: 2, padding: "centred" });
  net.activation("relu");
  net.globalPool();
  const { architecture } = net.head("fc", 4);
  const made = await baseFromLayers(
    { architecture, tensors: randomTensors(architecture) },
    { name: "discs", version: "1.0", title: "Discs", description: "", licence: "CC0", origin: "A test", split: null, field, label },
  );
  base = { ...made, manifest: { ...made.manifest, fields: [field] } };
});

const label = { name: "sick", title: "Sick", positive: ["1"], negative: ["0"] };
const data = (image: ImageField): Plan["data"] => ({ fields: [image], label, split: { salt: "s", train: 0.6, validation: 0.2 } });
const trainable = { part: "head" } as const;
const plan = (): Plan => ({
  ...tablePlan,
  data: data(field),
  training: { ...tablePlan.training, trainable, optimizer: { name: "adam", learningRate: 0.1 }, amount: { unit: "updates", count: 150 } },
});
const control = { progress: () => undefined, aborted: () => false };

async function learns(table: TableDeclaration, patients: number): Promise<void> {
  const session = await openSession({ ...base, plan: plan(), table, backends: ["cpu"] }, control);
  const { train, validation, test } = session.counts;
  expect(train.rows + validation.rows + test.rows).toBe(patients);
  const from = initialVector(base.manifest, base.weights, trainable);
  const { update } = await session.train(from, { run: "r", round: 1, site: "here" }, control);
  const lossOf = async (vector: Float32Array) => (await session.evaluate(vector, "train"))?.values.loss?.value ?? Number.NaN;
  expect(await lossOf(from.map((value, at) => value + (update[at] as number)))).toBeLessThan(0.5 * (await lossOf(from)));
}

const PATIENTS = 40;
const people = Array.from({ length: PATIENTS }, (_, index) => ({ index, sick: index % 2 === 1 }));
const rowsOf = (named: (index: number) => string): string =>
  ["id,image,sick", ...people.map(({ index, sick }) => `p${index},${named(index)},${sick ? 1 : 0}`), ""].join("\n");

const below = (name: string): string => {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  return path;
};

async function writePngs(at: string): Promise<void> {
  for (const { index, sick } of people) {
    const raw = { width: SIDE, height: SIDE, channels: 1 } as const;
    const png = sharp(disc(index, sick), { raw }).toColourspace("grey16").png();
    await png.toFile(join(at, `${index}.png`));
  }
}

const writeDicoms = (at: string, options: (index: number) => Partial<DicomOptions> = () => ({})): void => {
  for (const { index, sick } of people) {
    const more = { columns: SIDE, accession: `00${index}`, instance: `1.2.3.${index}`, ...options(index) };
    const values = more.photometric === "MONOCHROME1" ? disc(index, sick).map((value) => 4095 - value) : disc(index, sick);
    mkdirSync(join(at, `study${index % 5}`), { recursive: true });
    writeFileSync(join(at, `study${index % 5}`, `${index}`), greyDicom(values, more));
  }
};

describe("[D42] pictures that a table names are trained on", () => {
  it("PNG of 16 bits, by path; one that is cut off is left out of training as of the check", async () => {
    const files = below("png");
    await writePngs(files);
    writeFileSync(join(files, "7.png"), (await sharp(join(files, "8.png")).png().toBuffer()).subarray(0, 90));
    const table = tableOf(
      rowsOf((index) => `${index}.png`),
      { files },
    );
    await learns(table, PATIENTS - 1);
    const report = await checkTable(table, data(field));
    expect(report.usable).toBe(PATIENTS - 1);
    expect(beyondSize(report.findings)).toMatchObject([{ kind: "unreadable-file", places: [{ line: 9 }] }]);
  });

  it("[D3] and a picture that can no longer be read moves no patient into another part, in the check or in training", async () => {
    const files = below("moved");
    await writePngs(files);
    const table = tableOf(
      rowsOf((index) => `${index}.png`),
      { files },
    );
    const keyed: Plan["data"] = { ...data(field), split: { ...data(field).split, keyed: true } };
    const site = { key: new Uint8Array(32).fill(7), folder: below("cuts"), keep: false };
    const read = (pictures: boolean) => readTable(table, keyed, { site, pictures });
    const before = await read(true);
    for (let index = 0; index < 15; index++) writeFileSync(join(files, `${2 * index}.png`), "gone");
    const [check, training] = [await read(true), await read(false)];
    expect([check.rows, training.rows]).toEqual([PATIENTS - 15, PATIENTS]);
    expect(check.table.parts).toEqual(before.table.parts);
    expect(training.table.parts).toEqual(before.table.parts);
    const bad = new Set(Array.from({ length: 15 }, (_, index) => 2 * index));
    expect(countsIn(label, withoutFiles(training.table, keyed, bad))).toEqual(check.counts);
  });

  it("training stops where fewer patients are left than the plan demands", async () => {
    const files = below("few");
    await writePngs(files);
    const table = tableOf(
      rowsOf((index) => `${index}.png`),
      { files },
    );
    const open = (perClass: number) => {
      const demanding = { ...plan(), data: { ...data(field), minimum: { train: 1, test: 1, perClass } } };
      return openSession({ ...base, plan: demanding, table, backends: ["cpu"] }, control);
    };
    await open(20);
    writeFileSync(join(files, "8.png"), "gone");
    await expect(open(20)).rejects.toMatchObject({ code: "data-invalid" });
    await open(19);
  });

  it("DICOM by accession number, whatever the files are called, half of them MONOCHROME1", async () => {
    const files = below("dicom");
    writeDicoms(files, (index) => ({ photometric: index % 4 < 2 ? "MONOCHROME1" : "MONOCHROME2" }));
    const table = tableOf(
      rowsOf((index) => `00${index}`),
      { files, match: "accession-number" },
    );
    await learns(table, PATIENTS);
    expect(beyondSize((await checkTable(table, data(field))).findings)).toEqual([]);
  });

  it("by the number of the image, and not by one that several files have", async () => {
    const files = below("instances");
    writeDicoms(files, () => ({ accession: "7" }));
    const instances = tableOf(
      rowsOf((index) => `1.2.3.${index}`),
      { files, match: "sop-instance-uid" },
    );
    expect((await checkTable(instances, data(field))).usable).toBe(PATIENTS);
    const rows = ["id,image,sick", "p1,7,1", "p2,8,0", ""].join("\n");
    const studies = await checkTable(tableOf(rows, { files, match: "accession-number" }), data(field));
    expect(beyondSize(studies.findings).map(({ kind, places }) => [kind, places[0]?.line])).toEqual([
      ["file-missing", 3],
      ["ambiguous-file", 2],
      ["no-file", 2],
    ]);
  });
});

describe("[D43] the data check finds in pictures", () => {
  /** A table in which one file, that of line 12, is another one. */
  async function found(image: ImageField, change: Uint8Array | Partial<DicomOptions>, wanted: Uint16Array = disc(10, false)) {
    const files = mkdtempSync(join(folder, "check-"));
    writeDicoms(files, () => ({ window: [2048, 4096] }));
    const other = change instanceof Uint8Array ? change : greyDicom(wanted, { columns: SIDE, ...change });
    writeFileSync(join(files, "study0", "10"), other);
    const table = tableOf(
      rowsOf((index) => `study${index % 5}/${index}`),
      { files },
    );
    const { findings, usable } = await checkTable(table, data(image));
    return { usable, found: beyondSize(findings).map(({ kind, places }) => [kind, ...places.map(({ line }) => line)]) };
  }
  const one = (kind: FindingKind, usable = PATIENTS - 1) => ({ usable, found: [[kind, 12]] });
  const plain = { window: [2048, 4096] } as const;

  it("nothing where nothing is wrong", async () => {
    expect(await found(field, plain)).toEqual({ usable: PATIENTS, found: [] });
    expect(await found({ ...field, background: "dark", expect: { width: SIDE, height: SIDE, bits: 12 } }, plain)).toEqual({
      usable: PATIENTS,
      found: [],
    });
  });

  it("one that is the negative of the others, in its values or by its header", async () => {
    const negative = disc(10, false).map((value) => 4095 - value);
    expect(await found(field, plain, negative)).toEqual(one("inverted-picture", PATIENTS));
    expect(await found(field, { photometric: "MONOCHROME1" })).toEqual(one("inverted-picture", PATIENTS));
    expect(await found(field, { photometric: "MONOCHROME1" }, negative)).toEqual({ usable: PATIENTS, found: [] });
  });

  it("all of them, where they lie on another ground than the plan says", async () => {
    const { found: all } = await found({ ...field, background: "bright" }, plain);
    expect(all).toEqual([["inverted-picture", ...Array.from({ length: PATIENTS }, (_, index) => index + 2)]]);
  });

  it("one of another size or with other bits than the plan expects", async () => {
    expect(await found({ ...field, expect: { width: SIDE, height: SIDE } }, { columns: 2 * SIDE })).toEqual(one("other-size"));
    expect(await found({ ...field, expect: { bits: 12 } }, { stored: 16 })).toEqual(one("other-bits"));
  });

  it("one that is cut off, or all of one value", async () => {
    const whole = greyDicom(disc(10, false), { columns: SIDE });
    expect(await found(field, whole.subarray(0, whole.length - 40))).toEqual(one("unreadable-file"));
    expect(await found(field, plain, new Uint16Array(SIDE * SIDE).fill(300))).toEqual(one("constant-picture", PATIENTS));
  });

  it("that nothing declares black and white, or only the files do", async () => {
    const { intensity: _, ...undeclared } = field;
    const { usable, found: both } = await found(undeclared, {});
    expect(usable).toBe(PATIENTS - 1);
    expect(both.map(([kind, , , , , , , , , , , line]) => [kind, line])).toEqual([
      ["no-range", undefined],
      ["own-window", 13],
    ]);
  });
});
