/** Every reader against another one, to the last bit of the last point. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findShared, requireOrSkip } from "../../../../../test/support/require.ts";
import { FilesOnDisk, filesInMemory } from "./bytes.ts";
import { formatOf, openRecording } from "./open.ts";
import type { RecordingFaultKind } from "./recording.ts";
import { aecg, caseNamed, CASES, dicomWaveform, digestOf, openCase, text, vector } from "./recordings.fixture.ts";
import { isBeat } from "./wfdb-annotations.ts";

const single = (name: string, bytes: Uint8Array) => openCase(new Map([[name, bytes]]));
const fault = (kind: RecordingFaultKind) => expect.objectContaining({ name: "RecordingFault", kind });
const header = (...lines: string[]): Uint8Array => text(`${lines.join("\n")}\n`);
const changed = (name: string, changes: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>>) =>
  openCase(new Map([...caseNamed(name).files].map(([file, bytes]) => [file, changes[file]?.(bytes) ?? bytes])));
const edited = (from: string | RegExp, to: string) => (bytes: Uint8Array) =>
  new Uint8Array(Buffer.from(Buffer.from(bytes).toString("latin1").replace(from, to), "latin1"));

describe("[D20] recordings are read as wfdb and pyedflib read them", () => {
  it.each(CASES)("$name", async ({ files, leads, annotations }) => {
    const recording = await openCase(files);
    expect(recording.leads.map(({ name, unit, rate, length }) => ({ name, unit, rate, length }))).toEqual(
      leads.map(({ name, unit, rate, length }) => ({ name, unit, rate, length })),
    );
    for (const [index, lead] of recording.leads.entries()) {
      const values = await lead.values();
      expect(Array.from(values.slice(0, 3), (value) => (Number.isNaN(value) ? null : value))).toEqual(leads[index]?.first);
      expect(digestOf(values)).toBe(leads[index]?.digest);
    }
    if (annotations === null) return;
    const rate = files.has("r.atr") ? 360 : 1;
    const found = await recording.annotations("atr");
    expect(found.map(({ seconds, code }) => [seconds, code])).toEqual(annotations.map(([at, code]) => [at / rate, code]));
  });

  it("labels of a header", async () => {
    expect([...(await openCase(caseNamed("format 16").files)).labels]).toEqual([
      ["Age", "61"],
      ["Dx", "426177001,164889003"],
    ]);
  });

  it("beats are told from other annotations", () => {
    expect(["N", "V", "/", "?", "+", "~", '"', "|", "["].map(isBeat)).toEqual([true, true, true, true, false, false, false, false, false]);
  });
});

describe("WFDB", () => {
  it("a segment that is missing has no values, and a layout in front gives the leads", async () => {
    const point = (value: number) => new Uint8Array(Int16Array.of(value, value).buffer);
    const recording = await openCase(
      new Map([
        ["m.hea", header("m/4 2 100 6", "m_layout 0", "a 2", "~ 2", "b 2")],
        ["m_layout.hea", header("m_layout 2 100 0", "~ 0 100/mV 12 0 0 0 0 I", "~ 0 200/mV 12 0 0 0 0 II")],
        ["a.hea", header("a 1 100 2", "a.dat 16 200/mV 12 0 100 200 0 II")],
        ["a.dat", point(100)],
        ["b.hea", header("b 1 100 2", "b.dat 16 100/mV 12 0 50 100 0 I")],
        ["b.dat", point(50)],
      ]),
    );
    const gap = Number.NaN;
    expect(recording.leads.map(({ name }) => name)).toEqual(["I", "II"]);
    expect(await Promise.all(recording.leads.map(async ({ values }) => [...(await values())]))).toEqual([
      [gap, gap, gap, gap, 0.5, 0.5],
      [0.5, 0.5, gap, gap, gap, gap],
    ]);
  });

  it.each([
    [
      "a point that was changed, by its checksum",
      "damaged-recording",
      { "r.dat": (bytes: Uint8Array) => bytes.with(7, (bytes[7] as number) ^ 1) },
    ],
    ["a file that was cut", "damaged-recording", { "r.dat": (bytes: Uint8Array) => bytes.slice(0, -2) }],
    ["a file that is missing", "damaged-recording", { "r.hea": edited(/r\.dat/g, "s.dat") }],
    ["a name that leads out", "file-elsewhere", { "r.hea": edited(/r\.dat/g, "../r.dat") }],
    ["an absolute name", "file-elsewhere", { "r.hea": edited(/r\.dat/g, "/etc/passwd") }],
    ["a name of another drive", "file-elsewhere", { "r.hea": edited(/r\.dat/g, "c:r.dat") }],
    ["a format that is FLAC", "unsupported-recording", { "r.hea": edited(/r\.dat 16/g, "r.dat 516") }],
    ["a length beyond all bounds", "unsupported-recording", { "r.hea": edited("257 301", "257 99999999999") }],
    ["more signals than there are", "unreadable-recording", { "r.hea": edited("r 2", "r 3") }],
  ] as const)("refuses %s", async (_, kind, changes) => {
    const reading = changed("format 16", changes).then(({ leads }) => Promise.all(leads.map(({ values }) => values())));
    await expect(reading).rejects.toEqual(fault(kind));
  });
});

describe("EDF", () => {
  const read = (change: (bytes: Uint8Array) => Uint8Array, name = "EDF+") =>
    changed(name, { "r.edf": change, "r.bdf": change }).then(({ leads }) => Promise.all(leads.map(({ values }) => values())));

  it("that says it is discontinuous is read where it has no pause, and refused where it has one", async () => {
    expect(await read(edited("EDF+C", "EDF+D"))).toHaveLength(3);
    await expect(read((bytes) => edited("+2\x14\x14", "+3\x14\x14")(edited("EDF+C", "EDF+D")(bytes)))).rejects.toEqual(
      fault("unsupported-recording"),
    );
  });

  it("whose number of data records was never written is read to its end", async () => {
    const [first] = await read(edited(/4 {7}1 {7}/, "-1      1       "), "EDF");
    expect(first).toHaveLength(1024);
  });

  it("that was cut is refused", () => expect(read((bytes) => bytes.slice(0, -1))).rejects.toEqual(fault("damaged-recording")));
  it("without a scale is refused", () => expect(read(edited("-32768", "32767 "))).rejects.toEqual(fault("unreadable-recording")));
});

describe("DICOM waveforms", () => {
  it.each(["implicit", "little", "big"] as const)("in the %s transfer syntax: scale, correction, baseline, padding", async (syntax) => {
    const recording = await single("ecg", dicomWaveform(syntax));
    expect(recording.leads.map(({ name, unit, rate, length }) => [name, unit, rate, length])).toEqual([
      ["I", "uV", 500, 3],
      ["III", "uV", 500, 3],
    ]);
    const values = await Promise.all(recording.leads.map(async ({ values }) => [...(await values())]));
    expect(values).toEqual([
      [1.5, 749, Number.NaN],
      [-3, -401, 32_766],
    ]);
    expect([...recording.labels]).toEqual([["Sex", "F"]]);
  });
});

describe("annotated ECG", () => {
  it("gives the leads of a series, not those that were derived from it", async () => {
    const { leads } = await single("ecg.xml", aecg());
    expect(leads.map(({ name, unit, rate }) => [name, unit, rate])).toEqual([
      ["II", "uV", 500],
      ["aVR", "uV", 500],
    ]);
    expect([...((await leads[0]?.values()) ?? [])]).toEqual([2.5, 5, -7.5, 10]);
  });

  const bomb = `<!DOCTYPE x [<!ENTITY a "1 1 1 1 1 1 1 1 1 1">${["b", "c", "d", "e", "f", "g", "h", "i"].map((name, at) => `<!ENTITY ${name} "${`&${"abcdefgh"[at]};`.repeat(10)}">`).join("")}]>`;
  it.each([
    ["entities that grow without end", aecg("&i;", bomb), "unsupported-recording"],
    ["a document type", aecg("1", `<!DOCTYPE x SYSTEM "file:///etc/passwd">`), "unsupported-recording"],
    ["an entity that nobody declared", aecg("&a;"), "unreadable-recording"],
    ["other XML", text("<html/>"), "unsupported-recording"],
    ["tags nested without end", text(`<AnnotatedECG>${"<a>".repeat(100_000)}`), "unreadable-recording"],
    ["digits that are none", aecg("1 2 x"), "unreadable-recording"],
  ] as const)("refuses %s", async (_, bytes, kind) => {
    await expect(single("ecg.xml", bytes)).rejects.toEqual(fault(kind));
  });
});

describe("which format a file has", () => {
  const formatNamed = (name: string, content: string) => formatOf(filesInMemory(name, new Map([[name, text(content)]])));
  it("is said by its mark or its ending, and never tried", async () => {
    expect(await formatNamed("a.hea", "a 1 100 5\n")).toBe("wfdb");
    expect(await formatNamed("a.CSV", "I,II\n1,2\n")).toBe("csv");
    expect(await formatNamed("a", "0       X X X X")).toBe("edf");
    expect(await formatNamed("a.xml", "\uFEFF <AnnotatedECG/>")).toBe("aecg");
    for (const [name, content] of [
      ["a", "I,II\n1,2\n"],
      ["a.edf", "I,II\n1,2\n"],
      ["a.dcm", "0       X X X X"],
      ["a.csv", "<AnnotatedECG/>"],
      ["a.dat", "whatever"],
      ["a.edf", ""],
    ] as const)
      await expect(formatNamed(name, content)).rejects.toEqual(fault("unsupported-recording"));
  });
});

describe("[D21] nothing outside the folder is read", () => {
  let folder = "";
  beforeAll(async () => {
    const outer = await mkdtemp(join(tmpdir(), "engraft-records-"));
    folder = join(outer, "inside");
    await mkdir(folder);
    for (const [name, bytes] of caseNamed("format 16").files) await writeFile(join(outer, name), bytes);
    await symlink(join(outer, "r.hea"), join(folder, "linked.hea"));
    await symlink(join(outer, "r.dat"), join(folder, "r.dat"));
    await writeFile(join(folder, "r.hea"), caseNamed("format 16").files.get("r.hea") as Uint8Array);
    await mkdir(join(folder, "d.hea"));
  });
  afterAll(() => rm(join(folder, ".."), { recursive: true, force: true }));

  const opened = async (name: string) => {
    const files = await FilesOnDisk.open(join(folder, name), folder);
    return openRecording(files, { rate: undefined, unit: "mV" }).finally(() => files.close());
  };
  it("through a link to a recording", () => expect(opened("linked.hea")).rejects.toEqual(fault("file-elsewhere")));
  it("through a link to a signal file", () => expect(opened("r.hea")).rejects.toEqual(fault("file-elsewhere")));
  it("through a path", () => expect(opened("../r.hea")).rejects.toEqual(fault("file-elsewhere")));
  it("nor a folder", () => expect(opened("d.hea")).rejects.toEqual(fault("unreadable-recording")));
});

requireOrSkip("the shared recordings", findShared("data/mitbih")).describe("real recordings as wfdb and pydicom read them", (found) => {
  const shared = join(found, "..");
  it.each(Object.entries(vector("shared.json") as Record<string, { leads: string; annotations?: string }>))("%s", async (path, wanted) => {
    const files = await FilesOnDisk.open(join(shared, path), shared);
    const recording = await openRecording(files, { rate: undefined, unit: "mV" });
    const lines = [];
    for (const { name, values } of recording.leads) lines.push(`${name} ${digestOf(await values())}\n`);
    expect(createHash("sha256").update(lines.join("")).digest("hex")).toBe(wanted.leads);
    if (wanted.annotations !== undefined) {
      const found = (await recording.annotations("atr")).map(({ seconds, code }) => [Math.round(seconds * 360), code]);
      expect(createHash("sha256").update(JSON.stringify(found)).digest("hex")).toBe(wanted.annotations);
    }
    await files.close();
  });

  it("a record that was cut short is refused", async () => {
    const [header, points] = ["100.hea", "100.dat"].map((name) => new Uint8Array(readFileSync(join(shared, "mitbih/wfdb", name)))) as [
      Uint8Array,
      Uint8Array,
    ];
    const cut = openRecording(
      filesInMemory(
        "100.hea",
        new Map([
          ["100.hea", header],
          ["100.dat", points.subarray(0, 1_000_000)],
        ]),
      ),
      { rate: undefined, unit: "mV" },
    );
    await expect(cut.then(({ leads }) => leads[0]?.values())).rejects.toEqual(fault("damaged-recording"));
  });
});
