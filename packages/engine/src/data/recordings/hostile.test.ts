/** Recordings that hostile people made: mutated at random from what each reader reads. */
import { describe, expect, it } from "vitest";
import { numbers } from "../../../../core/src/base/numbers.fixture.ts";
import { below, mutateBytes, pick, type Numbers } from "../../../../../test/support/mutate.ts";
import type { ByteSource, RecordingFiles } from "./bytes.ts";
import { openRecording } from "./open.ts";
import { MAX_WHOLE, RecordingFault } from "./recording.ts";
import { aecg, caseNamed, dicomWaveform, inMemory, text } from "./recordings.fixture.ts";

const SEED = Number(process.env["ENGRAFT_SEED"]);
const CASES = 1000;
/** A file of a few kilobytes may ask for no more than this: most of it is a block of 1 MiB for each decoded lead. */
const MOST_BYTES = 64 * 2 ** 20;

const csv = text(`time,I,II\n${Array.from({ length: 50 }, (_, at) => `${at},${at / 7},${-at / 3}`).join("\n")}\n`);
const one = (name: string, bytes: Uint8Array) => new Map([[name, bytes]]);

const READERS: Readonly<Record<string, readonly ReadonlyMap<string, Uint8Array>[]>> = {
  wfdb: [
    "format 80",
    "format 212",
    "format 16",
    "format 24",
    "format 32",
    "format 61",
    "format 310",
    "frames, skew, offset, two files",
    "segments",
  ].map((name) => caseNamed(name).files),
  annotations: [caseNamed("annotations").files],
  edf: ["EDF", "EDF+"].map((name) => caseNamed(name).files),
  bdf: ["BDF", "BDF+"].map((name) => caseNamed(name).files),
  dicom: (["implicit", "little", "big"] as const).map((syntax) => one("r.dcm", dicomWaveform(syntax))),
  aecg: [one("r.xml", aecg())],
  csv: [one("r.csv", csv)],
};

/** Numbers in a text replaced by others that mean trouble. */
function mutateText(random: Numbers, bytes: Uint8Array): Uint8Array {
  const content = Buffer.from(bytes).toString("latin1");
  const found = [...content.matchAll(/-?\d+/g)];
  const { index, 0: number } = pick(random, found);
  const other = pick(random, [
    "0",
    "-1",
    "1",
    "99999999",
    "4294967296",
    "1e308",
    "NaN",
    "",
    "../x",
    "/etc/passwd",
    String(below(random, 70_000)),
  ]);
  // Of the same width where fields have one.
  const kept = random() < 0.5 ? other : other.padEnd(number.length).slice(0, number.length);
  return new Uint8Array(Buffer.from(content.slice(0, index) + kept + content.slice(index + number.length), "latin1"));
}

function mutated(random: Numbers, files: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  const name = pick(random, [...files.keys()]);
  const bytes = files.get(name) as Uint8Array;
  const binary = /\.(dat|atr|dcm)$/.test(name);
  return new Map(files).set(name, !binary && random() < 0.6 ? mutateText(random, bytes) : mutateBytes(random, bytes));
}

/** Names of the files that were asked for, and the largest stretch. */
function watched(files: RecordingFiles): { readonly files: RecordingFiles; readonly names: string[] } {
  const names: string[] = [];
  const open = async (name: string): Promise<ByteSource> => {
    const source = await files.open(name);
    names.push(name);
    return source;
  };
  return { files: { ...files, open }, names };
}

/** Everything that can be asked of a recording. */
async function readAll(files: RecordingFiles, annotated: boolean): Promise<number> {
  const recording = await openRecording(files, { rate: 100, unit: "mV" });
  let points = 0;
  for (const lead of recording.leads) {
    // What a header claims is bounded by what its files hold, except where they are said to hold nothing.
    if (8 * lead.length > MOST_BYTES) return points;
    points += (await lead.values()).length;
  }
  if (annotated) await recording.annotations("atr");
  return points;
}

describe("[D21] mutated recordings are read or refused", () => {
  it.each(Object.keys(READERS))(`${CASES} of %s`, async (reader) => {
    const seen = { read: 0, refused: 0 };
    const before = process.memoryUsage();
    for (let index = 0; index < CASES; index++) {
      const random = numbers(SEED + index);
      const { files, names } = watched(
        inMemory(mutated(random, pick(random, READERS[reader] as readonly ReadonlyMap<string, Uint8Array>[]))),
      );
      const error = await readAll(files, reader !== "wfdb").then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) seen.read++;
      else if (error instanceof RecordingFault) seen.refused++;
      else throw new Error(`case ${index} of seed ${SEED} was answered with no refusal`, { cause: error });
      expect(names.filter((name) => /[/\\]/.test(name))).toEqual([]);
    }
    expect(Math.min(seen.read, seen.refused)).toBeGreaterThan(CASES / 50);
    expect(process.memoryUsage().rss - before.rss).toBeLessThan(MAX_WHOLE + 4 * MOST_BYTES);
  });
});
