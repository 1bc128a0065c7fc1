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
import { BASE_RECORDER, BEAT, folderOf, PATIENTS, RECORDERS, RECORDS } from "./files.ts";

/** Taken of each record, spread over its half hour; the others would say the same of a patient, and take time. */
const MOST = { normal: 100, ectopic: 60 };
/** Numbers of annotation codes in a WFDB file (annot(5)). */
const CODES: Readonly<Record<string, number>> = { N: 1, S: 9, V: 5, F: 6 };
/** The same patient, by the database's directory. */
const SAME: Readonly<Record<string, string>> = { 202: "201" };

interface BeatRow {
  readonly record: string;
  readonly label: string;
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
  if (points.length !== beats.length * BEAT.points)
    throw new EngraftError("data-invalid", "beats.i8.gz and beats.csv.gz do not belong together.");
  const records = parse<RecordRow>(await read(join(from, "records.csv")), { columns: true });
  for (const recorder of [BASE_RECORDER, ...RECORDERS]) {
    const folder = join(to, folderOf(recorder));
    await mkdir(join(folder, RECORDS), { recursive: true });
    const here = records.filter((record) => record.recorder === recorder);
    let count = 0;
    for (const record of here) {
      const chosen = chosenOf(
        [...beats.keys()].filter((index) => beats[index]?.record === record.record),
        beats,
      );
      count += chosen.length;
      await writeRecord(
        join(folder, RECORDS),
        record,
        chosen.map((index) => beats[index]?.label ?? ""),
        pointsOf(points, chosen),
      );
    }
    const patients = here.map(({ record }) => `${record},${SAME[record] ?? record}`);
    await writeFile(join(folder, PATIENTS), `${["record,patient", ...patients].join("\n")}\n`);
    process.stdout.write(`${folder}: ${here.length} records, ${count} beats\n`);
  }
  process.stdout.write(`Next: npm run demo -- --example ecg --data ${to}\n`);
}

/** Evenly spread, in order of time. */
function chosenOf(indices: readonly number[], beats: readonly BeatRow[]): readonly number[] {
  const spread = (from: readonly number[], most: number): readonly number[] =>
    from.length <= most ? from : Array.from({ length: most }, (_, at) => from[Math.floor((at * from.length) / most)] as number);
  const isNormal = (index: number): boolean => beats[index]?.label === "N";
  return [
    ...spread(indices.filter(isNormal), MOST.normal),
    ...spread(
      indices.filter((index) => !isNormal(index)),
      MOST.ectopic,
    ),
  ].toSorted((a, b) => a - b);
}

const pointsOf = (points: Buffer, indices: readonly number[]): Int8Array =>
  Int8Array.from(indices.flatMap((index) => [...new Int8Array(points.buffer, points.byteOffset + index * BEAT.points, BEAT.points)]));

/** Header, signal file in format 80, and annotations; one beat behind the other. */
async function writeRecord(folder: string, { record, age, sex }: RecordRow, labels: readonly string[], points: Int8Array): Promise<void> {
  const checksum = points.reduce((sum, point) => (sum + point) & 0xffff, 0);
  const header = [
    `${record} 1 ${BEAT.rate} ${points.length}`,
    `${record}.dat 80 50(0)/mV 8 0 ${points[0] ?? 0} ${(checksum << 16) >> 16} 0 MLII`,
    ...(Number(age) > 0 ? [`# Age: ${age}`] : []),
    `# Sex: ${sex}`,
  ];
  await writeFile(join(folder, `${record}.hea`), `${header.join("\n")}\n`);
  await writeFile(
    join(folder, `${record}.dat`),
    Uint8Array.from(points, (point) => point + 128),
  );
  const words = labels.map((label, index) => ((CODES[label] ?? 0) << 10) | (index === 0 ? BEAT.before : BEAT.points));
  const annotations = new DataView(new ArrayBuffer(2 * (words.length + 1)));
  words.forEach((word, index) => annotations.setUint16(2 * index, word, true));
  await writeFile(join(folder, `${record}.atr`), new Uint8Array(annotations.buffer));
}

const program = new Command("prepare")
  .description("Lay beats of the MIT-BIH Arrhythmia Database out as one hospital for each Holter recorder")
  .requiredOption("--from <folder>", "with beats.i8.gz, beats.csv.gz and records.csv")
  .requiredOption("--to <folder>", "a folder that this makes");

await runMain(() => prepare(program.parse().opts<{ from: string; to: string }>()));
