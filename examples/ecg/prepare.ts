/**
 * Lays beats of the MIT-BIH Arrhythmia Database out as hospitals would have them: a folder for each Holter recorder with WFDB records of its
 * patients and their annotations. From `beats.i8.gz` (int8 [beats][128], lead MLII at 180 Hz, 0.02 mV), `beats.csv.gz` and `records.csv`.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { EngraftError } from "@engraft/core/base/errors";
import { runMain } from "@engraft/runtime/exit";
import { Command } from "commander";
import { parse } from "csv-parse/sync";
import { BASE_RECORDER, BEAT, CUT, folderOf, PATIENTS, RECORDERS, RECORDS, TIMING } from "./files.ts";
import { tapeOf, type CutBeat, type Tape } from "./tape.ts";

/** Taken of each record, spread over its half hour; the others would say the same of a patient, and take time. */
const MOST = { normal: 100, ectopic: 60 };
/** Numbers of annotation codes in a WFDB file (annot(5)). */
const CODES: Readonly<Record<string, number>> = { N: 1, S: 9, V: 5, F: 6 };
/** The code that says how far the next annotation is. */
const SKIP = 59;
/** The same patient, by the database's directory. */
const SAME: Readonly<Record<string, string>> = { 202: "201" };

interface BeatRow {
  readonly record: string;
  readonly label: string;
  readonly rr_prev_s: string;
  readonly rr_next_s: string;
}
interface RecordRow {
  readonly record: string;
  readonly recorder: string;
  readonly age: string;
  readonly sex: string;
}

const read = (path: string): Promise<Buffer> =>
  readFile(path).catch((cause: unknown) => {
    throw new EngraftError("not-found", `Cannot read ${path}.`, { cause });
  });

async function prepare({ from, to }: { readonly from: string; readonly to: string }): Promise<void> {
  const beats = parse<BeatRow>(gunzipSync(await read(join(from, "beats.csv.gz"))), { columns: true });
  const points = gunzipSync(await read(join(from, "beats.i8.gz")));
  if (points.length !== beats.length * CUT.points)
    throw new EngraftError("data-invalid", "beats.i8.gz and beats.csv.gz do not belong together.");
  const records = parse<RecordRow>(await read(join(from, "records.csv")), { columns: true });
  for (const recorder of [BASE_RECORDER, ...RECORDERS]) {
    const folder = join(to, folderOf(recorder));
    await mkdir(join(folder, RECORDS), { recursive: true });
    const here = records.filter((record) => record.recorder === recorder);
    let count = 0;
    for (const record of here) {
      const own = [...beats.keys()].filter((index) => beats[index]?.record === record.record);
      const tape = tapeOf(own.map((index) => cutOf(points, beats, index)));
      const labels = new Map(own.map((index, at) => [tape.marks[at] as number, beats[index]?.label ?? ""]));
      const whole = tape.marks.filter((mark) => mark >= BEAT.before && mark - BEAT.before + BEAT.points <= tape.signal.length);
      const chosen = chosenOf(whole, labels);
      count += chosen.length;
      await writeRecord(join(folder, RECORDS), record, tape, new Map(chosen.map((mark) => [mark, labels.get(mark) ?? ""])));
    }
    const patients = here.map(({ record }) => `${record},${SAME[record] ?? record}`);
    await writeFile(join(folder, PATIENTS), `${["record,patient", ...patients].join("\n")}\n`);
    process.stdout.write(`${folder}: ${here.length} records, ${count} beats\n`);
  }
  process.stdout.write(`Next: npm run demo -- --example ecg --data ${to}\n`);
}

const cutOf = (points: Buffer, beats: readonly BeatRow[], index: number): CutBeat => ({
  points: new Int8Array(points.buffer, points.byteOffset + index * CUT.points, CUT.points),
  previous: Number(beats[index]?.rr_prev_s),
  next: Number(beats[index]?.rr_next_s),
});

/** Marks of beats, evenly spread, in order of time. */
function chosenOf(marks: readonly number[], labels: ReadonlyMap<number, string>): readonly number[] {
  const spread = (from: readonly number[], most: number): readonly number[] =>
    from.length <= most ? from : Array.from({ length: most }, (_, at) => from[Math.floor((at * from.length) / most)] as number);
  const isNormal = (mark: number): boolean => labels.get(mark) === "N";
  return [
    ...spread(marks.filter(isNormal), MOST.normal),
    ...spread(
      marks.filter((mark) => !isNormal(mark)),
      MOST.ectopic,
    ),
  ].toSorted((a, b) => a - b);
}

function signalLine(record: string, points: Int8Array, lead: string): string {
  const checksum = points.reduce((sum, point) => (sum + point) & 0xffff, 0);
  return `${record}.dat 80 50(0)/mV 8 0 ${points[0] ?? 0} ${(checksum << 16) >> 16} 0 ${lead}`;
}

/** Header, signal file in format 80, and annotations. `labels`: by the point that they mark, in order of time. */
async function writeRecord(
  folder: string,
  { record, age, sex }: RecordRow,
  { signal, timing }: Tape,
  labels: ReadonlyMap<number, string>,
): Promise<void> {
  const header = [
    `${record} 2 ${CUT.rate} ${signal.length}`,
    signalLine(record, signal, "MLII"),
    signalLine(record, timing, TIMING),
    ...(Number(age) > 0 ? [`# Age: ${age}`] : []),
    `# Sex: ${sex}`,
  ];
  await writeFile(join(folder, `${record}.hea`), `${header.join("\n")}\n`);
  await writeFile(
    join(folder, `${record}.dat`),
    Uint8Array.from({ length: 2 * signal.length }, (_, at) => ((at % 2 === 0 ? signal : timing)[at >> 1] as number) + 128),
  );
  const words = [...labels].flatMap(([mark, label], index, all) => {
    const since = mark - (all[index - 1]?.[0] ?? 0);
    // A long way is a word of its own, in front: its high half first.
    return [SKIP << 10, since >> 16, since & 0xffff, (CODES[label] ?? 0) << 10];
  });
  const annotations = new DataView(new ArrayBuffer(2 * (words.length + 1)));
  words.forEach((word, index) => annotations.setUint16(2 * index, word, true));
  await writeFile(join(folder, `${record}.atr`), new Uint8Array(annotations.buffer));
}

const program = new Command("prepare")
  .description("Lay beats of the MIT-BIH Arrhythmia Database out as one hospital for each Holter recorder")
  .requiredOption("--from <folder>", "with beats.i8.gz, beats.csv.gz and records.csv")
  .requiredOption("--to <folder>", "a folder that this makes");

await runMain(() => prepare(program.parse().opts<{ from: string; to: string }>()));
