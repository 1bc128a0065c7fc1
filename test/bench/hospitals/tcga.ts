/**
 * `tcga`: FLamby's Fed-TCGA-BRCA, its inputs, its split and its metric: Harrell's concordance index, mean of six regions. Proportional
 * hazards with a baseline in each region, by analytic rounds in one process, beside FLamby's published strategies.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SurvivalSamples } from "@engraft/core/aggregation/cox";
import type { Analytic } from "@engraft/core/models/analytic";
import { parse } from "csv-parse/sync";
import type { BenchOptions } from "../main.ts";
import { shared } from "../peers.ts";
import { row, type Row } from "../report.ts";
import { publishedIn, type Published } from "./published.ts";
import { logitsOf, mean, shuffledPatients, solveHazards, spread } from "./solving.ts";

const REGIONS = ["Northeast", "South", "West", "Midwest", "Europe", "Canada"] as const;
const PENALTIES = [1, 3, 10, 30, 100];
const FOLDS = 5;
const ROUNDS = [1, 2] as const;
const CONVERGED = 8;
/** Age in decades; all other inputs are 0 or 1. */
const BOUND = 16;
const SPLITS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

interface Patient {
  readonly id: string;
  readonly region: number;
  readonly test: boolean;
  readonly x: readonly number[];
  readonly time: number;
  readonly event: number;
}

async function readPatients(folder: string): Promise<readonly Patient[]> {
  const read = async (name: string) => parse<Record<string, string>>(await readFile(join(folder, name)), { columns: true });
  const folds = new Map((await read("train_test_split.csv")).map(({ pid, fold, fold2 }) => [pid, { fold, region: Number(fold2?.at(-1)) }]));
  return (await read("brca.csv")).flatMap(({ pid = "", E, T, ...inputs }) => {
    const known = folds.get(pid);
    if (known === undefined) return [];
    const x = Object.entries(inputs).map(([name, value]) => (name === "age_at_index" ? Number(value) / 10 : Number(value)));
    return [{ id: pid, region: known.region, test: known.fold === "test", x, time: Number(T), event: Number(E) }];
  });
}

const samplesOf = (patients: readonly Patient[]): SurvivalSamples => ({
  rows: patients.length,
  width: patients[0]?.x.length ?? 0,
  x: Float32Array.from(patients.flatMap(({ x }) => x)),
  times: Float64Array.from(patients, ({ time }) => time),
  events: Uint8Array.from(patients, ({ event }) => event),
});

/** Of all pairs of which the earlier event is known, the share in which the higher hazard had it, ties counted half; NaN without any. */
function concordance({ rows, times, events }: SurvivalSamples, hazards: Float64Array): number {
  let [right, pairs] = [0, 0];
  for (let i = 0; i < rows; i++) {
    if (events[i] === 0) continue;
    for (let j = 0; j < rows; j++) {
      const later = (times[j] as number) > (times[i] as number) || (times[j] === times[i] && events[j] === 0);
      if (i === j || !later) continue;
      const difference = (hazards[i] as number) - (hazards[j] as number);
      right += difference > 0 ? 1 : difference === 0 ? 0.5 : 0;
      pairs++;
    }
  }
  return right / pairs;
}

const settings = (penalty: number, rounds: number): Analytic => ({ method: "newton", rounds, penalty, bound: BOUND });
const byRegion = (patients: readonly Patient[]): readonly (readonly Patient[])[] =>
  REGIONS.map((_, region) => patients.filter((patient) => patient.region === region));
const stratified = (patients: readonly Patient[], penalty: number, rounds: number) =>
  solveHazards(
    byRegion(patients)
      .filter((some) => some.length > 0)
      .map(samplesOf),
    settings(penalty, rounds),
  );

const each = (patients: readonly Patient[], head: Float32Array): readonly number[] =>
  byRegion(patients).map((some) => concordance(samplesOf(some), logitsOf(samplesOf(some), head)));
const known = (values: readonly number[]): readonly number[] => values.filter((value) => !Number.isNaN(value));

/** By parts of these patients, each held back in turn. */
function chosen(patients: readonly Patient[], seed: number): number {
  const order = shuffledPatients({ patients: patients.map(({ id }) => id) }, ["tcga", seed]);
  const fold = new Map(order.map((id, at) => [id, at % FOLDS]));
  const scores = PENALTIES.map((penalty) =>
    mean(
      Array.from({ length: FOLDS }, (_, out) => {
        const { head } = stratified(
          patients.filter(({ id }) => fold.get(id) !== out),
          penalty,
          2,
        );
        return known(
          each(
            patients.filter(({ id }) => fold.get(id) === out),
            head,
          ),
        );
      }).flat(),
    ),
  );
  return PENALTIES[scores.indexOf(Math.max(...scores))] ?? 10;
}

interface Outcome {
  readonly federated: ReadonlyMap<number, readonly number[]>;
  readonly alone: readonly number[];
  readonly stratified: readonly number[];
  readonly pooled: readonly number[];
  readonly penalty: number;
  readonly bytes: number;
}

function outcomeOf(train: readonly Patient[], test: readonly Patient[], seed: number): Outcome {
  const penalty = chosen(train, seed);
  const alone = byRegion(train).map((own, region) => each(test, stratified(own, chosen(own, seed), CONVERGED).head)[region] ?? Number.NaN);
  return {
    federated: new Map(ROUNDS.map((rounds) => [rounds, each(test, stratified(train, penalty, rounds).head)])),
    alone,
    stratified: each(test, stratified(train, penalty, CONVERGED).head),
    pooled: each(test, solveHazards([samplesOf(train)], settings(penalty, CONVERGED)).head),
    penalty,
    bytes: stratified(train, penalty, 1).bytes,
  };
}

/** As many test patients in each region as FLamby has. */
function splitAnew(patients: readonly Patient[], seed: number): readonly Patient[] {
  return byRegion(patients).flatMap((some, region) => {
    const count = some.filter(({ test }) => test).length;
    const test = new Set(shuffledPatients({ patients: some.map(({ id }) => id) }, ["split", seed, region]).slice(0, count));
    return some.map((patient) => ({ ...patient, test: test.has(patient.id) }));
  });
}

export async function benchTcga({ quick }: BenchOptions): Promise<readonly Row[]> {
  const patients = await readPatients(shared("data/tcga-brca"));
  const under = (all: readonly Patient[], seed: number): Outcome =>
    outcomeOf(
      all.filter(({ test }) => !test),
      all.filter(({ test }) => test),
      seed,
    );
  const published = await publishedIn(shared("data/tcga-brca"));
  const others = (quick ? SPLITS.slice(0, 2) : SPLITS).map((seed) => under(splitAnew(patients, seed), seed));
  return [
    ...tableOf("FLamby's split", [under(patients, 0)], published),
    ...tableOf(`${others.length} other splits (seeds 1 to ${others.length})`, others, []),
  ];
}

function tableOf(name: string, outcomes: readonly Outcome[], published: readonly Published[]): readonly Row[] {
  const best = published.find(({ method }) => !method.startsWith("Pooled") && !method.startsWith("Local"));
  const baseline = best === undefined ? undefined : { name: `${best.method}, best published strategy`, value: best.value };
  const line = (metric: string, of: (outcome: Outcome) => readonly number[], more: string, least?: number): Row => {
    const means = outcomes.map((outcome) => mean(known(of(outcome))));
    const regions = REGIONS.map(
      (region, at) => `${region} ${mean(known(outcomes.map((outcome) => of(outcome)[at] as number))).toFixed(3)}`,
    );
    const about = [regions.join(", "), ...(outcomes.length > 1 ? [`sd over splits ${spread(means).toFixed(3)}`] : []), more];
    const goal = least === undefined ? undefined : { least };
    return row(name, metric, "C-index", mean(means), baseline, goal, about.filter((text) => text !== "").join("; "));
  };
  const penalties = [...new Set(outcomes.map(({ penalty }) => penalty))].sort((a, b) => a - b).join(", ");
  const about = `penalty ${penalties}, ${outcomes[0]?.bytes ?? 0} bytes a site and round`;
  return [
    line("trained alone, own penalty", ({ alone }) => alone, ""),
    line("federated, 1 round", ({ federated }) => federated.get(1) ?? [], about),
    line("federated, 2 rounds", ({ federated }) => federated.get(2) ?? [], about, 0.82),
    line("the same, converged", ({ stratified: converged }) => converged, ""),
    line("pooled, one baseline, converged", ({ pooled }) => pooled, ""),
    ...published.map(({ method, value }) => row(name, `published: ${method}`, "C-index", value)),
  ];
}
