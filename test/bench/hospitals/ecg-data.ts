/** MIT-BIH beats by recorder, a base trained from the patients of recorder 654, and what its layers make of each beat. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import type { Label } from "@engraft/core/models/labels";
import { RECORD_COLUMNS } from "@engraft/engine/data/record-columns";
import { fileInputOf } from "@engraft/engine/data/file-input";
import type { Base } from "@engraft/engine/import/describe";
import { Recipe } from "@engraft/engine/import/recipe";
import { trainBase } from "@engraft/engine/import/train-base";
import { loadModel } from "@engraft/engine/train/model";
import { parse } from "csv-parse/sync";
import { BASE_RECORDER, BEAT, CUT, folderOf, PATIENTS, RECORDS } from "../../../examples/ecg/files.ts";
import { FIELD } from "../../../examples/ecg/plan.ts";
import { tapeOf } from "../../../examples/ecg/tape.ts";
import type { Ward } from "./solving.ts";

/** Classes of ANSI/AAMI EC57, fusion beats with the ventricular ones: one recorder has none, another one. */
export const LABEL: Label = {
  kind: "multiclass",
  name: "beat",
  title: "Kind of heartbeat",
  classes: [
    { name: "normal", codes: ["N", "L", "R", "e", "j"] },
    { name: "supraventricular", codes: ["S", "A", "a", "J"] },
    { name: "ventricular", codes: ["V", "E", "F"] },
  ],
};
export const CLASSES = 3;

/** One unit of the file, in millivolt. */
const MILLIVOLT = 0.02;
/** The same patient, by the database's directory. */
const SAME: Readonly<Record<string, string>> = { 202: "201" };
const PREPARE = fileURLToPath(new URL("../../../examples/ecg/prepare.ts", import.meta.url));

const RECIPE: Recipe = Recipe.parse({
  format: "engraft.recipe/1",
  name: "beats-654",
  version: "1.0",
  title: "Heartbeats of Holter recorder 654",
  description: "",
  licence: "ODC-BY-1.0",
  origin: "MIT-BIH Arrhythmia Database 1.0.0, recorder 654",
  fields: [FIELD],
  label: LABEL,
  split: { salt: "ecg-bench", train: 0.8, validation: 0.1 },
  architecture: "resnet1d",
  training: {
    epochs: 4,
    batch: 32,
    optimizer: { name: "adam", learningRate: 0.001 },
    weightDecay: 0.001,
    classWeights: "balanced",
    seed: 1,
  },
});

/** `folder` is where the recorder's records are laid out, as a hospital would have them. */
export async function ecgBase(from: string, folder: string): Promise<Base> {
  await promisify(execFile)(process.execPath, ["--import", "tsx", PREPARE, "--from", from, "--to", folder]);
  const own = join(folder, folderOf(BASE_RECORDER));
  const table = {
    source: "records" as const,
    path: join(own, RECORDS),
    ending: ".hea",
    labels: { annotator: "atr" },
    patients: join(own, PATIENTS),
    missing: [],
    columns: {},
    ...RECORD_COLUMNS,
  };
  return trainBase(RECIPE, table, { progress: () => undefined, aborted: () => false });
}

export interface Beats {
  readonly recorder: string;
  readonly patient: string;
  readonly kind: number;
  /** Points of each lead. */
  readonly leads: readonly Int8Array[];
}

/** Of each record at most `most` of each class, spread over its half hour: rare classes whole, at their own rate among themselves. */
export async function readBeats(from: string, most: number): Promise<readonly Beats[]> {
  const rows = parse<{ record: string; label: string; rr_prev_s: string; rr_next_s: string }>(
    gunzipSync(await readFile(join(from, "beats.csv.gz"))),
    { columns: true },
  );
  const points = new Int8Array(gunzipSync(await readFile(join(from, "beats.i8.gz"))));
  const records = parse<{ record: string; recorder: string }>(await readFile(join(from, "records.csv")), { columns: true });
  return records.flatMap(({ record, recorder }) => {
    const own = [...rows.keys()].filter((at) => rows[at]?.record === record);
    const { signal, timing, marks } = tapeOf(
      own.map((at) => ({
        points: points.subarray(at * CUT.points, (at + 1) * CUT.points),
        previous: Number(rows[at]?.rr_prev_s),
        next: Number(rows[at]?.rr_next_s),
      })),
    );
    const whole = own
      .map((at, index) => ({ at, start: (marks[index] as number) - BEAT.before }))
      .filter(({ start }) => start >= 0 && start + BEAT.points <= signal.length);
    const step = Math.max(1, whole.length / most);
    const kept = Array.from({ length: Math.min(most, whole.length) }, (_, at) => whole[Math.floor(at * step)] as (typeof whole)[number]);
    return kept.map(({ at, start }) => ({
      recorder,
      patient: SAME[record] ?? record,
      kind: "NSV".indexOf((rows[at]?.label ?? "").replace("F", "V")),
      leads: [signal, timing].map((lead) => lead.subarray(start, start + BEAT.points)),
    }));
  });
}

/** What enters the head, for the beats of one recorder; and the base's own head. */
export async function featuresOf(
  { manifest, weights }: Base,
  beats: readonly Beats[],
): Promise<{ readonly ward: Ward; readonly head: Float32Array }> {
  const { encoder, tensors } = await loadModel(manifest, weights, undefined, { trainable: { part: "head" } });
  const input = fileInputOf(manifest);
  if (encoder?.open === undefined || input?.rule.kind !== "signal") throw new Error("the base takes no recordings");
  const { mean, sd } = input.rule;
  const scaled = (leads: readonly Int8Array[]): readonly number[] =>
    leads.flatMap((points, lead) => [...points].map((unit) => (unit * MILLIVOLT - (mean[lead] as number)) / (sd[lead] as number)));
  const running = await encoder.open();
  const x = new Float32Array(beats.length * encoder.width);
  try {
    for (let from = 0; from < beats.length; from += 64) {
      const some = beats.slice(from, from + 64);
      const samples = Float32Array.from(some.flatMap(({ leads }) => scaled(leads)));
      x.set(await running.run(samples, some.length), from * encoder.width);
    }
  } finally {
    await running.close();
  }
  const ward: Ward = {
    rows: beats.length,
    width: encoder.width,
    x,
    y: Float32Array.from(beats, ({ kind }) => kind),
    patients: beats.map(({ patient }) => patient),
  };
  const own = ["head/kernel", "head/bias"].map((name) => tensors.get(name) ?? new Float32Array());
  return { ward, head: Float32Array.from(own.flatMap((values) => [...values])) };
}

/** The class with the largest logit, for each row. */
export function classesOf({ rows, width, x }: Pick<Ward, "rows" | "width" | "x">, head: Float32Array): Uint8Array {
  return Uint8Array.from({ length: rows }, (_, row) => {
    let [best, most] = [0, Number.NEGATIVE_INFINITY];
    for (let kind = 0; kind < CLASSES; kind++) {
      let logit = head[width * CLASSES + kind] as number;
      for (let at = 0; at < width; at++) logit += (x[row * width + at] as number) * (head[at * CLASSES + kind] as number);
      if (logit > most) [best, most] = [kind, logit];
    }
    return best;
  });
}

/**
 * Mean over the classes of the harmonic mean of recall and precision; classes that do not occur among the labels are left out.
 * `stands`: for how many beats each one stands.
 */
export function macroF1(predicted: ArrayLike<number>, labels: ArrayLike<number>, stands?: ArrayLike<number>): number {
  const counts = Array.from({ length: CLASSES }, () => ({ hit: 0, said: 0, is: 0 }));
  for (let row = 0; row < labels.length; row++) {
    const [p, y] = [predicted[row] as number, labels[row] as number];
    const count = stands?.[row] ?? 1;
    (counts[p] as { said: number }).said += count;
    (counts[y] as { is: number }).is += count;
    if (p === y) (counts[y] as { hit: number }).hit += count;
  }
  const scores = counts.filter(({ is }) => is > 0).map(({ hit, said, is }) => (2 * hit) / (said + is));
  return scores.reduce((sum, value) => sum + value, 0) / scores.length;
}
