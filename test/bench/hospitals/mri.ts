/**
 * `mri` and `mri-few`: a tumour in a brain slice, four institutions, a linear head on EfficientNet-Lite0 at 128 pixels. 60 % of each
 * institution's patients (or three of them) train, 40 % test; the AUC is the mean over institutions' test slices. The penalty, how
 * pictures are scaled, and whether the head takes roots of the features, are chosen by three parts of the training patients.
 */
import type { Base } from "@engraft/engine/import/describe";
import sharp from "sharp";
import { findLite0 } from "../../support/real-weights.ts";
import type { BenchOptions } from "../main.ts";
import { shared } from "../peers.ts";
import { row, type Row } from "../report.ts";
import { averaged } from "./averaging.ts";
import { encoded, INSTITUTIONS, mriBase, readSlices, SCALINGS, type Institution, type Look, type Scaling, type Slice } from "./mri-data.ts";
import { slicesThroughAgents } from "./mri-agents.ts";
import { BLOCKS, blockInputs, blocksAuc, ROUNDS, trainingAt, tuned } from "./mri-blocks.ts";
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
  readonly look: Look;
  readonly base: Base;
  readonly slices: readonly Slice[];
  /** What enters the head, and what enters the last blocks. */
  readonly head: Inputs;
  readonly blocks: Inputs;
}

interface Inputs {
  readonly plain: readonly Float32Array[];
  readonly mirrored: readonly Float32Array[];
}

export const benchMri = (options: BenchOptions): Promise<readonly Row[]> => bench(options, undefined, { one: 0.9, tuned: 0.915 });
export const benchMriFew = (options: BenchOptions): Promise<readonly Row[]> => bench(options, 3, { one: 0.87, tuned: 0.87 });

type Method = "alone" | "best" | "one" | "mirrored" | "averaged" | "tuned" | "blocks" | "pooled";

async function bench(
  { quick }: BenchOptions,
  few: number | undefined,
  goal: { readonly one: number; readonly tuned: number },
): Promise<readonly Row[]> {
  const wheel = findLite0();
  if ("missing" in wheel) throw new Error(wheel.missing);
  const slices = await readSlices(shared("data/lgg-mri"));
  const mirror = async (slice: Slice): Promise<Slice> => ({ ...slice, png: await sharp(slice.png).flop().png().toBuffer() });
  const flipped = await Promise.all(slices.map(mirror));
  const looks: Features[] = [];
  const scalings = Object.keys(SCALINGS) as Scaling[];
  for (const look of scalings.flatMap((scaling) => [false, true].map((roots) => ({ scaling, roots })))) {
    const base = await mriBase(wheel.found, look);
    const head = { plain: await encoded(base, slices), mirrored: await encoded(base, flipped) };
    // Roots change nothing of what enters the blocks.
    const blocks = looks.find((other) => other.look.scaling === look.scaling)?.blocks ?? {
      plain: await blockInputs(base, slices),
      mirrored: await blockInputs(base, flipped),
    };
    looks.push({ look, base, slices, head, blocks });
  }
  const seeds = quick ? SEEDS.slice(0, 2) : SEEDS;
  const found = new Map<Method, number[]>();
  const [penalties, rates, chosen] = [new Set<number>(), new Set<number>(), new Map<string, number>()];
  const outcomes: Outcome[] = [];
  for (const seed of seeds) {
    const outcome = await underSeed(looks, seed, few);
    outcomes.push(outcome);
    for (const [method, value] of outcome.values) found.set(method, [...(found.get(method) ?? []), value]);
    penalties.add(outcome.penalty);
    rates.add(outcome.rate);
    const { scaling, roots } = outcome.features.look;
    const called = `${scaling}${roots ? " with roots" : ""}`;
    chosen.set(called, (chosen.get(called) ?? 0) + 1);
    process.stderr.write(`seed ${seed}: ${outcome.values.map(([method, value]) => `${method} ${value.toFixed(3)}`).join(", ")}\n`);
  }
  const { bytes } = outcomes[0] as Outcome;
  const name = few === undefined ? "60 % of patients train" : `${few} patients a site train`;
  const baseline = { name: "base unchanged: a head of zeros", value: 0.5 };
  const line = (method: Method, metric: string, more: string, least?: number): Row => {
    const values = found.get(method) ?? [];
    const note = `sd over ${values.length} seeds ${spread(values).toFixed(3)}${more === "" ? "" : `; ${more}`}`;
    return row(name, metric, "AUC", mean(values), baseline, least === undefined ? undefined : { least }, note);
  };
  const seedsOf = [...chosen].map(([called, count]) => `${called} (${count} seeds)`).join(", ");
  const choices = `penalty ${[...penalties].sort((a, b) => a - b).join(", ")}; scaling: ${seedsOf}; ${bytes} bytes a site`;
  const blocksNote = `Adam ${[...rates].join(", ")}; 1 pass a round over slices and their mirrored copies`;
  const rows = [
    line("alone", "trained alone, own penalty", ""),
    line("best", "best single institution's model", "chosen by its test figures, so in its favour"),
    line("one", "federated ridge, 1 secure round", choices, goal.one),
    line("mirrored", "the same with mirrored copies", `${bytes} bytes a site`, goal.one),
    line("averaged", "FedAvg from zeros, 20 rounds", "Adam 0.001, 1 pass a round, 5,124 bytes a site and round in 32-bit words"),
    line("tuned", "ridge, then FedAvg of the head, 1 + 20 rounds", "Adam 0.0001"),
    line("blocks", `ridge, then FedAvg of the last ${BLOCKS.blocks} blocks, 1 + ${ROUNDS} rounds`, blocksNote, goal.tuned),
    line("pooled", "pooled ridge", ""),
  ];
  return quick ? rows : [...rows, ...(await masked(outcomes[0] as Outcome, name))];
}

interface Split {
  readonly seed: number;
  /** Patients of each institution that train; 60 % without. */
  readonly few: number | undefined;
}

/** Rows of one institution, split by a shuffle of its patients. */
function placeOf(slices: readonly Slice[], { plain, mirrored }: Inputs, site: Institution, { seed, few }: Split): Place {
  const rows = [...slices.keys()].filter((at) => slices[at]?.site === site);
  const wardOf = (from: readonly Float32Array[]): Ward => ({
    rows: rows.length,
    width: plain[0]?.length ?? 0,
    x: joined(rows.map((at) => from[at] as Float32Array)),
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

function joined(rows: readonly Float32Array[]): Float32Array {
  const width = rows[0]?.length ?? 0;
  const all = new Float32Array(rows.length * width);
  rows.forEach((row, at) => all.set(row, at * width));
  return all;
}

const meanAuc = (places: readonly Place[], head: Float32Array): number => mean(places.map(({ test }) => auc(logitsOf(test, head), test.y)));

/** Every institution's rows as one scaling has them. */
interface View {
  readonly features: Features;
  readonly places: readonly Place[];
}

const viewsOf = (looks: readonly Features[], seed: number, few: number | undefined): readonly View[] =>
  looks.map((features) => ({ features, places: INSTITUTIONS.map((site) => placeOf(features.slices, features.head, site, { seed, few })) }));

/** Scaling and penalty together, by the training patients of these institutions alone. */
function choose(views: readonly View[], sites: readonly number[], seed: number): View & { readonly penalty: number } {
  const tried = views.map((view) => ({
    ...view,
    ...choosePenalty(
      sites.map((at) => (view.places[at] as Place).train),
      ridgeFit,
      PENALTIES,
      auc,
      { folds: FOLDS, seed },
    ),
  }));
  return tried.reduce((best, one) => (one.score > best.score ? one : best));
}

const ALL = INSTITUTIONS.map((_, at) => at);

/** With copies every sample counts twice: there the same weighing of data and penalty is twice the penalty. */
const ridge = (penalty: number) => ({ method: "ridge", rounds: 1, penalty, bound: BOUND }) as const;

type Outcome = Awaited<ReturnType<typeof underSeed>>;

async function underSeed(looks: readonly Features[], seed: number, few: number | undefined) {
  const views = viewsOf(looks, seed, few);
  const singles = ALL.map((at) => {
    const own = choose(views, [at], seed);
    return { places: own.places, head: ridgeFit((own.places[at] as Place).train, [own.penalty])[0] as Float32Array };
  });
  const alone = mean(
    singles.map((single, at) => {
      const { test } = single.places[at] as Place;
      return auc(logitsOf(test, single.head), test.y);
    }),
  );
  const { features, places, penalty } = choose(views, ALL, seed);
  const { label } = features.base.manifest;
  const trains = places.map(({ train }) => train);
  const doubles = places.map(({ doubled }) => doubled);
  const one = solve(trains, ridge(penalty));
  const mirrored = solve(doubles, ridge(2 * penalty));
  const zeros = new Float32Array(1281);
  const fedavg = await averaged(trains, zeros, { rounds: 20, rate: 0.001, seed, label });
  const onward = await averaged(trains, one.head, { rounds: 20, rate: 0.0001, seed, label });
  const behind = INSTITUTIONS.map((site) => placeOf(features.slices, features.blocks, site, { seed, few }));
  const learners = trains.map((head, at) => ({ head, blocks: (behind[at] as Place).doubled }));
  const deep = await tuned({ base: features.base, learners, penalty, seed });
  const deepAuc = await blocksAuc(
    features.base,
    behind.map(({ test }) => test),
    deep.vector,
  );
  const pooled = ridgeFit(together(trains), [penalty])[0] as Float32Array;
  const values: readonly (readonly [Method, number])[] = [
    ["alone", alone],
    ["best", Math.max(...singles.map((single) => meanAuc(single.places, single.head)))],
    ["one", meanAuc(places, one.head)],
    ["mirrored", meanAuc(places, mirrored.head)],
    ["averaged", meanAuc(places, fedavg)],
    ["tuned", meanAuc(places, onward)],
    ["blocks", deepAuc],
    ["pooled", meanAuc(places, pooled)],
  ];
  return { seed, values, features, penalty, rate: deep.rate, places, behind, ...one };
}

/** A seed's choices and splits through real agents. */
async function masked({ seed, features, penalty, rate, places, behind, head }: Outcome, name: string): Promise<readonly Row[]> {
  const { base, slices } = features;
  const run = { base, slices, trains: places.map(({ train }) => train) };
  const one = await slicesThroughAgents({ ...run, analytic: ridge(penalty) });
  const off = Math.max(...one.vector.map((weight, at) => Math.abs(weight - (head[at] as number))));
  const oneNote = `seed ${seed}, ${one.bytes} bytes a site; in one process ${meanAuc(places, head).toFixed(4)}, largest difference of a weight ${off.toExponential(1)}`;
  const onward = await slicesThroughAgents({
    ...run,
    analytic: ridge(2 * penalty),
    tuning: { rounds: ROUNDS, training: trainingAt(rate) },
  });
  const onwardAuc = await blocksAuc(
    base,
    behind.map(({ test }) => test),
    onward.vector,
  );
  const onwardName = `real agents and masks, the last ${BLOCKS.blocks} blocks, 1 + ${ROUNDS} rounds`;
  const onwardNote = `seed ${seed}, Adam ${rate}, ${onward.bytes} bytes a site in a round of training`;
  return [
    row(name, "real agents and masks, 1 round", "AUC", meanAuc(places, one.vector), undefined, undefined, oneNote),
    row(name, onwardName, "AUC", onwardAuc, undefined, undefined, onwardNote),
  ];
}
