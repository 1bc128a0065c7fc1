/**
 * `mri` and `mri-few`: a tumour in a brain slice, four institutions, a linear head on EfficientNet-Lite0 at 128 pixels. 60 % of each
 * institution's patients (or three of them) train, 40 % test; the AUC is the mean over institutions' test slices. Penalties are
 * chosen by three parts of the training patients.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { partOf } from "@engraft/engine/data/split";
import type { CsvTable } from "@engraft/engine/data/declaration";
import type { Base } from "@engraft/engine/import/describe";
import sharp from "sharp";
import { findLite0 } from "../../support/real-weights.ts";
import type { BenchOptions } from "../main.ts";
import { shared } from "../peers.ts";
import { row, type Row } from "../report.ts";
import { throughAgents } from "./agents.ts";
import { averaged } from "./averaging.ts";
import { featuresOfSlices, INSTITUTIONS, mriBase, readSlices, type Institution, type Slice } from "./mri-data.ts";
import { ridgeFit } from "./ridge.ts";
import { auc, choosePenalty, logitsOf, mean, rowsWhere, shuffledPatients, solve, spread, together, type Ward } from "./solving.ts";

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const PENALTIES = [300, 1000, 3000, 10_000, 30_000];
const BOUND = 6;
const FOLDS = 3;

/** One institution: as it is, with mirrored copies, and split. */
interface Place {
  readonly train: Ward;
  readonly doubled: Ward;
  readonly test: Ward;
}

interface Features {
  readonly slices: readonly Slice[];
  readonly plain: readonly Float32Array[];
  readonly mirrored: readonly Float32Array[];
}

export const benchMri = (options: BenchOptions): Promise<readonly Row[]> => bench(options, undefined, { one: 0.9, tuned: 0.915 });
export const benchMriFew = (options: BenchOptions): Promise<readonly Row[]> => bench(options, 3, { one: 0.87, tuned: 0.87 });

type Method = "alone" | "best" | "one" | "mirrored" | "averaged" | "tuned" | "pooled";

async function bench(
  { quick }: BenchOptions,
  few: number | undefined,
  goal: { readonly one: number; readonly tuned: number },
): Promise<readonly Row[]> {
  const wheel = findLite0();
  if ("missing" in wheel) throw new Error(wheel.missing);
  const base = await mriBase(wheel.found);
  const slices = await readSlices(shared("data/lgg-mri"));
  const mirror = async (slice: Slice): Promise<Slice> => ({ ...slice, png: await sharp(slice.png).flop().png().toBuffer() });
  const mirrored = await featuresOfSlices(base, await Promise.all(slices.map(mirror)));
  const features: Features = { slices, plain: await featuresOfSlices(base, slices), mirrored };
  const seeds = quick ? SEEDS.slice(0, 2) : SEEDS;
  const found = new Map<Method, number[]>();
  const penalties = new Set<number>();
  let bytes = 0;
  for (const seed of seeds) {
    const outcome = await underSeed(base, features, seed, few);
    for (const [method, value] of outcome.values) found.set(method, [...(found.get(method) ?? []), value]);
    penalties.add(outcome.penalty);
    bytes = outcome.bytes;
    process.stderr.write(`seed ${seed}: ${outcome.values.map(([method, value]) => `${method} ${value.toFixed(3)}`).join(", ")}\n`);
  }
  const name = few === undefined ? "60 % of patients train" : `${few} patients a site train`;
  const baseline = { name: "base unchanged: a head of zeros", value: 0.5 };
  const line = (method: Method, metric: string, more: string, least?: number): Row => {
    const values = found.get(method) ?? [];
    const note = `sd over ${values.length} seeds ${spread(values).toFixed(3)}${more === "" ? "" : `; ${more}`}`;
    return row(name, metric, "AUC", mean(values), baseline, least === undefined ? undefined : { least }, note);
  };
  const chosen = `penalty ${[...penalties].sort((a, b) => a - b).join(", ")}; ${bytes} bytes a site`;
  const rows = [
    line("alone", "trained alone, own penalty", ""),
    line("best", "best single institution's model", "chosen by its test figures, so in its favour"),
    line("one", "federated ridge, 1 secure round", chosen, goal.one),
    line("mirrored", "the same with mirrored copies", `${bytes} bytes a site`, goal.one),
    line("averaged", "FedAvg from zeros, 20 rounds", "Adam 0.001, 1 pass a round, 5,124 bytes a site and round in 32-bit words"),
    line("tuned", "ridge, then FedAvg, 1 + 20 rounds", "Adam 0.0001", goal.tuned),
    line("pooled", "pooled ridge", ""),
  ];
  return quick ? rows : [...rows, await masked(base, features, name, few)];
}

/** Rows of one institution, split by a shuffle of its patients. */
function placeOf({ slices, plain, mirrored }: Features, site: Institution, seed: number, few: number | undefined): Place {
  const rows = [...slices.keys()].filter((at) => slices[at]?.site === site);
  const wardOf = (from: readonly Float32Array[]): Ward => ({
    rows: rows.length,
    width: 1280,
    x: Float32Array.from(rows.flatMap((at) => [...(from[at] as Float32Array)])),
    y: Float32Array.from(rows, (at) => slices[at]?.tumour ?? 0),
    patients: rows.map((at) => slices[at]?.patient ?? ""),
  });
  const [all, flipped] = [wardOf(plain), wardOf(mirrored)];
  const patients = shuffledPatients(all, ["mri", seed, site]);
  const cut = Math.round(0.6 * patients.length);
  const learners = new Set(patients.slice(0, few ?? cut));
  const testers = new Set(patients.slice(cut));
  const learns =
    ({ patients: of }: Ward) =>
    (at: number) =>
      learners.has(of[at] as string);
  const train = rowsWhere(all, learns(all));
  const copies = rowsWhere(flipped, learns(flipped));
  // The same patients: a copy must not be held back from its picture.
  const doubled = { ...together([train, copies]), patients: [...train.patients, ...copies.patients] };
  return { train, doubled, test: rowsWhere(all, (at) => testers.has(all.patients[at] as string)) };
}

const meanAuc = (places: readonly Place[], head: Float32Array): number => mean(places.map(({ test }) => auc(logitsOf(test, head), test.y)));

async function underSeed(base: Base, features: Features, seed: number, few: number | undefined) {
  const places = INSTITUTIONS.map((site) => placeOf(features, site, seed, few));
  const choose = (wards: readonly Ward[]): number => choosePenalty(wards, ridgeFit, PENALTIES, auc, { folds: FOLDS, seed });
  const singles = places.map(({ train }) => ridgeFit(train, [choose([train])])[0] as Float32Array);
  const alone = mean(singles.map((head, at) => auc(logitsOf((places[at] as Place).test, head), (places[at] as Place).test.y)));
  const trains = places.map(({ train }) => train);
  const doubles = places.map(({ doubled }) => doubled);
  const penalty = choose(trains);
  const analytic = (value: number) => ({ method: "ridge", rounds: 1, penalty: value, bound: BOUND }) as const;
  const one = solve(trains, analytic(penalty));
  // Every sample counts twice, so the same weighing of data and penalty is twice the penalty.
  const mirrored = solve(doubles, analytic(2 * penalty));
  const zeros = new Float32Array(1281);
  const fedavg = await averaged(base, trains, zeros, { rounds: 20, rate: 0.001, seed });
  const tuned = await averaged(base, trains, one.head, { rounds: 20, rate: 0.0001, seed });
  const pooled = ridgeFit(together(trains), [penalty])[0] as Float32Array;
  const values: readonly (readonly [Method, number])[] = [
    ["alone", alone],
    ["best", Math.max(...singles.map((head) => meanAuc(places, head)))],
    ["one", meanAuc(places, one.head)],
    ["mirrored", meanAuc(places, mirrored.head)],
    ["averaged", meanAuc(places, fedavg)],
    ["tuned", meanAuc(places, tuned)],
    ["pooled", meanAuc(places, pooled)],
  ];
  return { values, penalty, bytes: one.bytes };
}

/** The first seed through real agents: pictures as files, and names that the engine's split puts where the seed puts the patient. */
async function masked(base: Base, features: Features, name: string, few: number | undefined): Promise<Row> {
  const folder = await mkdtemp(join(tmpdir(), "engraft-bench-mri-"));
  try {
    const seed = SEEDS[0] as number;
    const places = INSTITUTIONS.map((site) => placeOf(features, site, seed, few));
    const penalty = choosePenalty(
      places.map(({ train }) => train),
      ridgeFit,
      PENALTIES,
      auc,
      { folds: FOLDS, seed },
    );
    const analytic = { method: "ridge", rounds: 1, penalty, bound: BOUND } as const;
    const expected = solve(
      places.map(({ train }) => train),
      analytic,
    );
    const data = { fields: base.manifest.fields, label: base.manifest.label, split: { salt: "mri", train: 0.6, validation: 0.001 } };
    const tables = new Map<string, CsvTable>();
    for (const [at, site] of INSTITUTIONS.entries()) {
      const learners = new Set((places[at] as Place).train.patients);
      tables.set(
        site.toLowerCase(),
        await writeTable(join(folder, site.toLowerCase()), features.slices, site, (patient) => {
          const part = learners.has(patient) ? "train" : "test";
          for (let count = 0; ; count++) if (partOf(data.split, `${patient}-${count}`) === part) return `${patient}-${count}`;
        }),
      );
    }
    const { head, bytes } = await throughAgents({ manifest: base.manifest, weights: base.weights, data, analytic, tables });
    const off = Math.max(...head.map((weight, at) => Math.abs(weight - (expected.head[at] as number))));
    const note = `seed ${seed}, ${bytes} bytes a site; in one process ${meanAuc(places, expected.head).toFixed(4)}, largest difference of a weight ${off.toExponential(1)}`;
    return row(name, "real agents and masks, 1 round", "AUC", meanAuc(places, head), undefined, undefined, note);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeTable(
  folder: string,
  slices: readonly Slice[],
  site: Institution,
  named: (patient: string) => string,
): Promise<CsvTable> {
  await mkdir(folder, { recursive: true });
  const lines = ["file,patient,tumour"];
  for (const [at, slice] of slices.entries()) {
    if (slice.site !== site) continue;
    await writeFile(join(folder, `${at}.png`), slice.png);
    lines.push(`${at}.png,${named(slice.patient)},${slice.tumour}`);
  }
  const path = join(folder, "slices.csv");
  await writeFile(path, `${lines.join("\n")}\n`);
  return { path, encoding: "utf-8", delimiter: ",", decimal: ".", missing: [], columns: {}, label: "tumour", patient: "patient" };
}
