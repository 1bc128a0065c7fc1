/** Small recordings, what other readers make of them (test/vectors/recordings/make.py), and writers of formats that those do not write. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { filesInMemory, type RecordingFiles } from "./bytes.ts";
import { openRecording } from "./open.ts";
import type { Recording } from "./recording.ts";

interface Case {
  readonly name: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly leads: readonly {
    readonly name: string;
    readonly unit: string;
    readonly rate: number;
    readonly length: number;
    readonly digest: string;
    readonly first: readonly (number | null)[];
  }[];
  /** Sample (WFDB) or seconds (EDF+), and code. */
  readonly annotations: readonly (readonly [number, string])[] | null;
}

export const vector = (name: string): unknown =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`../../../../../test/vectors/recordings/${name}`, import.meta.url)), "utf8"));

export const CASES: readonly Case[] = (vector("files.json") as (Omit<Case, "files"> & { files: Record<string, string> })[]).map((one) => ({
  ...one,
  files: new Map(Object.entries(one.files).map(([name, text]) => [name, new Uint8Array(Buffer.from(text, "base64"))])),
}));

export const caseNamed = (name: string): Case => CASES.find((one) => one.name === name) as Case;

/** The recording's main file: that of several segments, else the only header, else the only file. */
export const mainOf = (files: ReadonlyMap<string, Uint8Array>): string =>
  ["m.hea", "r.hea"].find((name) => files.has(name)) ?? ([...files.keys()][0] as string);

export const inMemory = (files: ReadonlyMap<string, Uint8Array>): RecordingFiles => filesInMemory(mainOf(files), files);

export const openCase = (files: ReadonlyMap<string, Uint8Array>): Promise<Recording> =>
  Promise.resolve().then(() => openRecording(inMemory(files), { rate: 100, unit: "mV" }));

/** As make.py has it. */
export function digestOf(values: Float64Array): string {
  const bytes = new DataView(new ArrayBuffer(8 * values.length));
  values.forEach((value, at) => bytes.setFloat64(8 * at, Number.isNaN(value) ? 1e300 : value, true));
  return createHash("sha256").update(new Uint8Array(bytes.buffer)).digest("hex");
}

export const text = (content: string): Uint8Array => new TextEncoder().encode(content);

/** One lead of an annotated ECG. */
const sequence = (code: string, digits: string, scale: string): string =>
  `<component><sequence><code code="${code}" codeSystem="2.16.840.1.113883.6.24"/><value xsi:type="SLIST_PQ"><origin value="0" unit="uV"/><scale value="${scale}" unit="uV"/><digits>${digits}</digits></value></sequence></component>`;

export const aecg = (digits = "1 2 -3\n 4", before = ""): Uint8Array =>
  text(
    `<?xml version="1.0" encoding="UTF-8"?>${before}<AnnotatedECG xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><component><series><component><sequenceSet>` +
      `<component><sequence><code code="TIME_ABSOLUTE"/><value xsi:type="GLIST_TS"><head value="20020102030405"/><increment value="0.002" unit="s"/></value></sequence></component>` +
      `${sequence("MDC_ECG_LEAD_II", digits, "2.5")}${sequence("MDC_ECG_LEAD_AVR", digits, "5")}</sequenceSet></component>` +
      `<derivation><derivedSeries><component><sequenceSet>${sequence("MDC_ECG_LEAD_II", "9 9", "1")}</sequenceSet></component></derivedSeries></derivation>` +
      `</series></component></AnnotatedECG>`,
  );

type Element = readonly [tag: number, vr: string, value: Uint8Array | readonly (readonly Element[])[]];

/** A DICOM waveform of two leads, three points each, in one of the uncompressed transfer syntaxes. */
export function dicomWaveform(syntax: "implicit" | "little" | "big"): Uint8Array {
  const little = syntax !== "big";
  const number = (bytes: 2 | 4, ...values: number[]): Uint8Array => {
    const view = new DataView(new ArrayBuffer(bytes * values.length));
    values.forEach((value, at) => (bytes === 2 ? view.setInt16(2 * at, value, little) : view.setUint32(4 * at, value, little)));
    return new Uint8Array(view.buffer);
  };
  const even = (content: string, fill = " "): Uint8Array => text(content.length % 2 === 0 ? content : content + fill);
  const channel = (code: string, sensitivity: string): readonly Element[] => [
    [0x003a0208, "SQ", [[[0x00080100, "SH", even(code)]]]],
    [0x003a0210, "DS", even(sensitivity)],
    [0x003a0211, "SQ", [[[0x00080100, "SH", even("uV")]]]],
    [0x003a0212, "DS", even("2")],
    [0x003a0213, "DS", even("-1")],
  ];
  const waveform: readonly Element[] = [
    [0x003a0004, "CS", even("ORIGINAL")],
    [0x003a0005, "US", number(2, 2)],
    [0x003a0010, "UL", number(4, 3)],
    [0x003a001a, "DS", even("500")],
    [0x003a0200, "SQ", [channel("2:1", "1.25"), channel("5.6.3-9-61", "0.5")]],
    [0x54001004, "US", number(2, 16)],
    [0x54001006, "CS", even("SS")],
    [0x5400100a, "OW", number(2, -32_768)],
    [0x54001010, "OW", number(2, 1, -2, 300, -400, -32_768, 32_767)],
  ];
  const uid = { implicit: "1.2.840.10008.1.2", little: "1.2.840.10008.1.2.1", big: "1.2.840.10008.1.2.2" }[syntax];
  const written = (elements: readonly Element[], explicit: boolean, little: boolean): Uint8Array =>
    Buffer.concat(elements.map((element) => one(element, explicit, little)));
  const one = ([tag, vr, value]: Element, explicit: boolean, little: boolean): Uint8Array => {
    const body =
      value instanceof Uint8Array
        ? value
        : Buffer.concat(
            (value as readonly (readonly Element[])[]).map((item) => {
              const inner = written(item, explicit, little);
              return Buffer.concat([head(0xfffee000, little), length(inner.length, 4, little), inner]);
            }),
          );
    const long = ["OB", "OW", "SQ", "UN"].includes(vr);
    const size = !explicit || long ? length(body.length, 4, little) : length(body.length, 2, little);
    return Buffer.concat([head(tag, little), explicit ? text(vr) : text(""), explicit && long ? new Uint8Array(2) : text(""), size, body]);
  };
  const head = (tag: number, little: boolean): Uint8Array => {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint16(0, tag >>> 16, little);
    view.setUint16(2, tag & 0xffff, little);
    return new Uint8Array(view.buffer);
  };
  const length = (value: number, bytes: 2 | 4, little: boolean): Uint8Array => {
    const view = new DataView(new ArrayBuffer(bytes));
    if (bytes === 2) view.setUint16(0, value, little);
    else view.setUint32(0, value, little);
    return new Uint8Array(view.buffer);
  };
  const meta = written([[0x00020010, "UI", even(uid, "\0")]], true, true);
  const group = written([[0x00020000, "UL", length(meta.length, 4, true)]], true, true);
  const set = written(
    [
      [0x00100040, "CS", even("F")],
      [0x54000100, "SQ", [waveform]],
    ],
    syntax !== "implicit",
    little,
  );
  return new Uint8Array(Buffer.concat([new Uint8Array(128), text("DICM"), group, meta, set]));
}
