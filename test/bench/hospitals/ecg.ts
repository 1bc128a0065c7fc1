/**
 * `ecg`: which kind of heartbeat, in five hospitals that each have one Holter recorder and 50 labelled beats; the base was trained on the
 * patients of a sixth recorder. Half of a hospital's patients train, half test. The 50 beats are chosen class by class, as somebody
 * would who labels few. Rate and rounds are chosen by holding one hospital's labelled beats back at a time; the figure is macro-F1
 * over all hospitals' test beats, which keep the share of classes that the recordings have.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RECORDERS } from "../../../examples/ecg/files.ts";
import type { BenchOptions } from "../main.ts";
import { shared } from "../peers.ts";
import { row, type Row } from "../report.ts";
import { averaged } from "./averaging.ts";
import { CLASSES, classesOf, ecgBase, featuresOf, LABEL, macroF1, readBeats } from "./ecg-data.ts";
import { mean, rowsWhere, shuffledPatients, spread, together, type Ward } from "./solving.ts";

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const LABELLED = 50;
const MOST_OF_A_RECORD = 500;
const RATES = [0.0001, 0.0003, 0.001, 0.003];
const ROUNDS = [1, 2, 5, 10, 20, 40];

/** Labelled beats. */
interface Labelled extends Ward {
  /** For how many of the ward's beats of its class each one stands. */
  readonly stands: Float32Array;
}

interface Place {
  readonly train: Labelled;
  readonly test: Ward;
}

interface Choice {
  readonly rate: number;
  /** 0: the base unchanged is best. */
  readonly rounds: number;
}

export async function benchEcg({ quick }: BenchOptions): Promise<readonly Row[]> {
  const from = shared("data/mitbih");
  const folder = await mkdtemp(join(tmpdir(), "engraft-bench-ecg-"));
  try {
    process.stderr.write("training the base ...\n");
    const base = await ecgBase(from, folder);
    const beats = await readBeats(from, MOST_OF_A_RECORD);
    const hospitals = await Promise.all(
      RECORDERS.map((recorder) =>
        featuresOf(
          base,
          beats.filter((beat) => beat.recorder === recorder),
        ),
      ),
    );
    const start = hospitals[0]?.head ?? new Float32Array();
    const wards = hospitals.map(({ ward }) => ward);
    const found = [];
    for (const seed of quick ? SEEDS.slice(0, 3) : SEEDS) {
      const outcome = await underSeed(wards, start, seed);
      found.push(outcome);
      process.stderr.write(`seed ${seed}: ${JSON.stringify(outcome)}\n`);
    }
    return rowsOf(found);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Outcome = Awaited<ReturnType<typeof underSeed>>;

function rowsOf(found: readonly Outcome[]): readonly Row[] {
  const name = `${LABELLED} labelled beats a site`;
  const of = (method: "base" | "alone" | "federated" | "pooled"): readonly number[] => found.map((one) => one[method]);
  const baseline = { name: "base unchanged", value: mean(of("base")) };
  const line = (method: "base" | "alone" | "federated" | "pooled", metric: string, note = ""): Row =>
    row(
      name,
      metric,
      "macro-F1",
      mean(of(method)),
      baseline,
      undefined,
      `sd over ${found.length} seeds ${spread(of(method)).toFixed(3)}${note}`,
    );
  const gains = found.map(({ federated, base }) => federated - base);
  const chosen = [...new Set(found.map(({ choice }) => `${choice.rounds} x ${choice.rate}`))].join(", ");
  return [
    line("base", "base unchanged"),
    line("alone", "trained alone, own rate and rounds", "; each hospital's head on its own test beats"),
    line("federated", "federated fine-tuning of the head", `; rounds x rate: ${chosen}`),
    line("pooled", "pooled"),
    row(name, "federated minus base, smallest over seeds", "macro-F1", Math.min(...gains), undefined, { least: 0 }),
  ];
}

async function underSeed(wards: readonly Ward[], start: Float32Array, seed: number) {
  const places = wards.map((ward, at) => placeOf(ward, seed, at));
  const trains = places.map(({ train }) => train);
  const choice = await choose(trains, start, seed);
  const alone = await Promise.all(
    places.map(async ({ train }, at) => {
      const own = await chooseAlone(train, start, [seed, at]);
      return own.rounds === 0 ? start : averaged([train], start, { ...own, seed, label: LABEL, balanced: true });
    }),
  );
  const federated = choice.rounds === 0 ? start : await averaged(trains, start, { ...choice, seed, label: LABEL, balanced: true });
  const pooled = choice.rounds === 0 ? start : await averaged([together(trains)], start, { ...choice, seed, label: LABEL, balanced: true });
  return {
    base: overAll(places, () => start),
    alone: overAll(places, (at) => alone[at] as Float32Array),
    federated: overAll(places, () => federated),
    pooled: overAll(places, () => pooled),
    choice,
  };
}

/** All hospitals' test beats in one table of classes. */
function overAll(places: readonly Place[], headOf: (at: number) => Float32Array): number {
  const predicted = places.flatMap(({ test }, at) => [...classesOf(test, headOf(at))]);
  return macroF1(
    predicted,
    places.flatMap(({ test }) => [...test.y]),
  );
}

function placeOf(ward: Ward, seed: number, at: number): Place {
  const patients = shuffledPatients(ward, ["ecg", seed, at]);
  const learners = new Set(patients.slice(0, Math.ceil(patients.length / 2)));
  const learning = rowsWhere(ward, (rowAt) => learners.has(ward.patients[rowAt] as string));
  return { train: labelled(learning), test: rowsWhere(ward, (rowAt) => !learners.has(ward.patients[rowAt] as string)) };
}

/** Class by class, and within a class spread over patients and time, until all are labelled. */
function labelled(ward: Ward): Labelled {
  const byClass = Array.from({ length: CLASSES }, (_, kind) => [...ward.y.keys()].filter((at) => ward.y[at] === kind));
  const wanted = sharesOf(byClass.map(({ length }) => length));
  const chosen = new Set(
    byClass.flatMap((own, kind) => {
      const count = wanted[kind] ?? 0;
      return Array.from({ length: count }, (_, index) => own[Math.floor((index * own.length) / count)] as number);
    }),
  );
  const some = rowsWhere(ward, (at) => chosen.has(at));
  return { ...some, stands: some.y.map((kind) => (byClass[kind]?.length ?? 0) / (wanted[kind] ?? 1)) };
}

/** As equal as what there is allows. */
function sharesOf(there: readonly number[]): readonly number[] {
  const shares = there.map(() => 0);
  for (let left = LABELLED; left > 0;) {
    const open = shares.flatMap((share, kind) => (share < (there[kind] ?? 0) ? [kind] : []));
    if (open.length === 0) break;
    for (const kind of open.slice(0, left)) {
      shares[kind] = (shares[kind] ?? 0) + 1;
      left--;
    }
  }
  return shares;
}

/** Each hospital's labelled beats are held back once; what does best over all of them. A tie goes to fewer rounds. */
async function choose(trains: readonly Labelled[], start: Float32Array, seed: number): Promise<Choice> {
  const held = trains.map((_, out) => ({ learns: trains.filter((__, at) => at !== out), judges: [trains[out] as Labelled] }));
  return best(held, start, seed);
}

/** The same at one hospital, by parts of its own beats. */
async function chooseAlone(train: Labelled, start: Float32Array, [seed, at]: readonly [number, number]): Promise<Choice> {
  const folds = [0, 1, 2].map((fold) => ({
    learns: [rowsWhere(train, (rowAt) => rowAt % 3 !== fold)],
    judges: [{ ...rowsWhere(train, (rowAt) => rowAt % 3 === fold), stands: train.stands.filter((_, rowAt) => rowAt % 3 === fold) }],
  }));
  return best(folds, start, 1000 * seed + at);
}

async function best(
  folds: readonly { readonly learns: readonly Ward[]; readonly judges: readonly Labelled[] }[],
  start: Float32Array,
  seed: number,
): Promise<Choice> {
  const predicted = new Map<
    string,
    { readonly choice: Choice; readonly said: number[]; readonly is: number[]; readonly stands: number[] }
  >();
  const judge = (choice: Choice, head: Float32Array, judges: readonly Labelled[]): void => {
    const key = `${choice.rounds} ${choice.rate}`;
    const all = predicted.get(key) ?? { choice, said: [], is: [], stands: [] };
    predicted.set(key, all);
    for (const ward of judges) {
      all.said.push(...classesOf(ward, head));
      all.is.push(...ward.y);
      all.stands.push(...ward.stands);
    }
  };
  for (const { learns, judges } of folds) {
    judge({ rounds: 0, rate: 0 }, start, judges);
    for (const rate of RATES)
      await averaged(learns, start, {
        rounds: Math.max(...ROUNDS),
        rate,
        seed,
        label: LABEL,
        balanced: true,
        each: (rounds, head) => {
          if (ROUNDS.includes(rounds)) judge({ rounds, rate }, head, judges);
        },
      });
  }
  let winner: { readonly choice: Choice; readonly score: number } | undefined;
  for (const { choice, said, is, stands } of predicted.values()) {
    const score = macroF1(said, is, stands);
    if (winner === undefined || score > winner.score) winner = { choice, score };
  }
  return winner?.choice ?? { rounds: 0, rate: 0 };
}
