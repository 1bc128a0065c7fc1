/**
 * `ecg`: which kind of heartbeat, in five hospitals that each have one Holter recorder and 50 labelled beats; the base was trained on the
 * patients of a sixth recorder. Half of a hospital's patients train, half test. The 50 beats are chosen class by class, as somebody
 * would who labels few. How much of the base is trained, rate and rounds are chosen by holding one hospital's labelled beats back at a
 * time; the figure is macro-F1 over all hospitals' test beats, which keep the share of classes that the recordings have.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RECORDERS } from "../../../examples/ecg/files.ts";
import type { BenchOptions } from "../main.ts";
import { shared } from "../peers.ts";
import { row, type Row } from "../report.ts";
import type { TrainablePart } from "@engraft/core/models/tensors";
import { averaged, logitsBy } from "./averaging.ts";
import { CLASSES, classesOf, depthOf, ecgBase, LABEL, macroF1, readBeats, type Depth } from "./ecg-data.ts";
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
  /** Where among the depths. */
  readonly depth: number;
  readonly rate: number;
  /** 0: the base unchanged is best. */
  readonly rounds: number;
}

/** A depth with its model ready. */
interface Ready extends Depth {
  readonly logits: (site: Ward, vector: Float32Array) => Promise<Float32Array>;
}

const PARTS: Readonly<Record<string, TrainablePart>> = { head: { part: "head" }, "last two blocks": { part: "last-blocks", blocks: 2 } };

export async function benchEcg({ quick }: BenchOptions): Promise<readonly Row[]> {
  const from = shared("data/mitbih");
  const folder = await mkdtemp(join(tmpdir(), "engraft-bench-ecg-"));
  try {
    process.stderr.write("training the base ...\n");
    const base = await ecgBase(from, folder);
    const beats = await readBeats(from, MOST_OF_A_RECORD);
    const hospitals = RECORDERS.map((recorder) => beats.filter((beat) => beat.recorder === recorder));
    const depths: Ready[] = [];
    for (const [part, trainable] of Object.entries(PARTS)) {
      const depth = await depthOf(base, part, trainable, hospitals);
      depths.push({ ...depth, logits: (await logitsBy(depth.model, LABEL)).logits });
    }
    const found = [];
    for (const seed of quick ? SEEDS.slice(0, 3) : SEEDS) {
      const outcome = await underSeed(depths, seed);
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
  const parts = Object.keys(PARTS);
  const chosen = [...new Set(found.map(({ choice }) => `${parts[choice.depth]} ${choice.rounds} x ${choice.rate}`))].join(", ");
  return [
    line("base", "base unchanged"),
    line("alone", "trained alone, own rate and rounds", "; each hospital's head on its own test beats"),
    line("federated", "federated fine-tuning", `; what is trained, rounds x rate: ${chosen}`),
    line("pooled", "pooled"),
    row(name, "federated minus base, smallest over seeds", "macro-F1", Math.min(...gains), undefined, { least: 0 }),
  ];
}

async function underSeed(depths: readonly Ready[], seed: number) {
  const places = depths.map(({ wards }) => wards.map((ward, at) => placeOf(ward, seed, at)));
  const sites = places[0]?.map((_, at) => at) ?? [];
  const trainsOf = (depth: number, at: readonly number[]) => at.map((site) => places[depth]?.[site]?.train as Labelled);
  const choice = await choose(depths, trainsOf, sites, seed);
  const trained = async ({ depth, rate, rounds }: Choice, trains: readonly Ward[]): Promise<Float32Array> => {
    const { start, model } = depths[depth] as Ready;
    return rounds === 0 ? start : averaged(trains, start, { rate, rounds, seed, label: LABEL, balanced: true, model });
  };
  const alone: (readonly [Choice, Float32Array])[] = [];
  for (const at of sites) {
    const own = await chooseAlone(depths, trainsOf, at, seed);
    alone.push([own, await trained(own, trainsOf(own.depth, [at]))]);
  }
  const trains = trainsOf(choice.depth, sites);
  const [federated, pooled] = [await trained(choice, trains), await trained(choice, [together(trains)])];
  /** All hospitals' test beats in one table of classes. */
  const overAll = async (modelOf: (at: number) => readonly [Choice | undefined, Float32Array]): Promise<number> => {
    const [said, is]: [number[], number[]] = [[], []];
    for (const at of sites) {
      const [{ depth } = { depth: 0 }, vector] = modelOf(at);
      const test = places[depth]?.[at]?.test as Ward;
      said.push(...classesOf(await (depths[depth] as Ready).logits(test, vector)));
      is.push(...test.y);
    }
    return macroF1(said, is);
  };
  return {
    base: await overAll(() => [undefined, depths[0]?.start as Float32Array]),
    alone: await overAll((at) => alone[at] as readonly [Choice, Float32Array]),
    federated: await overAll(() => [choice, federated]),
    pooled: await overAll(() => [choice, pooled]),
    choice,
  };
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

type TrainsOf = (depth: number, at: readonly number[]) => readonly Labelled[];

interface Fold {
  readonly learns: readonly Ward[];
  readonly judges: readonly Labelled[];
}

/** Each hospital's labelled beats are held back once; what does best over all of them. A tie goes to fewer rounds. */
function choose(depths: readonly Ready[], trainsOf: TrainsOf, sites: readonly number[], seed: number): Promise<Choice> {
  const foldsOf = (depth: number): Fold[] =>
    sites.map((out) => ({
      learns: trainsOf(
        depth,
        sites.filter((at) => at !== out),
      ),
      judges: trainsOf(depth, [out]),
    }));
  return best(depths, foldsOf, seed);
}

/** The same at one hospital, by parts of its own beats. */
function chooseAlone(depths: readonly Ready[], trainsOf: TrainsOf, at: number, seed: number): Promise<Choice> {
  const foldsOf = (depth: number): Fold[] =>
    [0, 1, 2].map((fold) => {
      const train = trainsOf(depth, [at])[0] as Labelled;
      const stands = train.stands.filter((_, rowAt) => rowAt % 3 === fold);
      return {
        learns: [rowsWhere(train, (rowAt) => rowAt % 3 !== fold)],
        judges: [{ ...rowsWhere(train, (rowAt) => rowAt % 3 === fold), stands }],
      };
    });
  return best(depths, foldsOf, 1000 * seed + at);
}

interface Tried {
  readonly choice: Choice;
  readonly said: number[];
  readonly is: number[];
  readonly stands: number[];
}

async function best(depths: readonly Ready[], foldsOf: (depth: number) => readonly Fold[], seed: number): Promise<Choice> {
  const tried = new Map<string, Tried>();
  const judge = async (choice: Choice, vector: Float32Array, judges: readonly Labelled[]): Promise<void> => {
    const key = JSON.stringify(choice);
    const all = tried.get(key) ?? { choice, said: [], is: [], stands: [] };
    tried.set(key, all);
    for (const ward of judges) {
      all.said.push(...classesOf(await (depths[choice.depth] as Ready).logits(ward, vector)));
      all.is.push(...ward.y);
      all.stands.push(...ward.stands);
    }
  };
  for (const [depth, { start, model }] of depths.entries()) {
    for (const { learns, judges } of foldsOf(depth)) {
      if (depth === 0) await judge({ depth, rounds: 0, rate: 0 }, start, judges);
      for (const rate of RATES) {
        const each = async (rounds: number, vector: Float32Array): Promise<void> => {
          if (ROUNDS.includes(rounds)) await judge({ depth, rounds, rate }, vector, judges);
        };
        await averaged(learns, start, { rounds: Math.max(...ROUNDS), rate, seed, label: LABEL, balanced: true, model, each });
      }
    }
  }
  const scores = [...tried.values()].map(({ choice, said, is, stands }) => ({ choice, score: macroF1(said, is, stands) }));
  return scores.reduce((most, one) => (one.score > most.score ? one : most)).choice;
}
