/**
 * `heart`: FLamby's Fed-Heart-Disease (Ogier du Terrail et al. 2022), its inputs, its split and its metric: accuracy, mean of four
 * hospitals. One logistic regression of all hospitals by analytic rounds, beside FLamby's published strategies.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchOptions } from "../main.ts";
import { shared } from "../peers.ts";
import { row, type Row } from "../report.ts";
import { throughAgents } from "./agents.ts";
import { data, HOSPITALS, manifest, readWard, SEEDS, tableAt, weights, writeTables } from "./heart-data.ts";
import { publishedIn } from "./published.ts";
import {
  choosePenalty,
  logitsOf,
  mean,
  newtonFit,
  solve,
  solveAlone,
  spread,
  together,
  withOwnIntercept,
  type Score,
  type Ward,
} from "./solving.ts";

const FLAMBY = 43;
const PENALTIES = [0.1, 0.3, 1, 3, 10, 30, 100, 300];
const ROUNDS = [1, 2, 3] as const;
const BOUND = 32;
const CONVERGED = 10;

const accuracy: Score = (logits, labels) => mean([...labels].map((label, at) => ((logits[at] as number) > 0 === (label === 1) ? 1 : 0)));
/** What penalties are chosen by: it moves with every patient, where the share that is right moves in leaps. */
const likelihood: Score = (logits, labels) =>
  -mean([...labels].map((label, at) => Math.log1p(Math.exp(label === 1 ? -(logits[at] as number) : (logits[at] as number)))));

interface Outcome {
  /** Of each hospital. */
  readonly federated: ReadonlyMap<number, readonly number[]>;
  /** The same heads, each hospital with an intercept of its own. */
  readonly shifted: ReadonlyMap<number, readonly number[]>;
  readonly alone: readonly number[];
  readonly pooled: readonly number[];
  readonly penalty: number;
  readonly bytes: number;
  readonly head: Float32Array;
}

async function underSplit(folder: string, seed: number): Promise<Outcome> {
  await writeTables(shared("data/heart-disease"), folder, seed);
  const train = await Promise.all(HOSPITALS.map((hospital) => readWard(folder, hospital, "train")));
  const test = await Promise.all(HOSPITALS.map((hospital) => readWard(folder, hospital, "test")));
  const chosen = (wards: readonly Ward[]): number =>
    choosePenalty(wards, newtonFit(CONVERGED, BOUND), PENALTIES, likelihood, { folds: 5, seed }).penalty;
  const at = (headOf: (hospital: number) => Float32Array): readonly number[] =>
    test.map((ward, hospital) => accuracy(logitsOf(ward, headOf(hospital)), ward.y));
  const on = (head: Float32Array): readonly number[] => at(() => head);
  const shiftedOn = (head: Float32Array): readonly number[] => at((hospital) => withOwnIntercept(head, train[hospital] as Ward));
  const penalty = chosen(train);
  const after = (rounds: number) => solve(train, { method: "newton", rounds, penalty, bound: BOUND });
  const last = after(3);
  return {
    federated: new Map(ROUNDS.map((rounds) => [rounds, on(after(rounds).head)])),
    shifted: new Map(ROUNDS.map((rounds) => [rounds, shiftedOn(after(rounds).head)])),
    alone: at((hospital) => {
      const ward = train[hospital] as Ward;
      return solveAlone(ward, { method: "newton", rounds: CONVERGED, penalty: chosen([ward]), bound: BOUND });
    }),
    pooled: on(solveAlone(together(train), { method: "newton", rounds: CONVERGED, penalty, bound: BOUND })),
    penalty,
    bytes: last.bytes,
    head: last.head,
  };
}

export async function benchHeart(options: BenchOptions): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), "engraft-bench-heart-"));
  try {
    const seeds = options.quick ? SEEDS.slice(0, 3) : SEEDS;
    const outcomes = new Map<number, Outcome>();
    for (const seed of seeds) outcomes.set(seed, await underSplit(folder, seed));
    const flamby = outcomes.get(FLAMBY) as Outcome;
    const published = await publishedIn(shared("data/heart-disease"));
    const rows = [...tableOf("FLamby's split (seed 43)", [flamby], published), ...others(seeds, outcomes)];
    if (options.quick) return rows;
    await writeTables(shared("data/heart-disease"), folder, FLAMBY);
    const test = await Promise.all(HOSPITALS.map((hospital) => readWard(folder, hospital, "test")));
    const tables = new Map(HOSPITALS.map((hospital) => [hospital, tableAt(folder, hospital)]));
    const analytic = { method: "newton", rounds: 3, penalty: flamby.penalty, bound: BOUND } as const;
    const { vector: head, bytes } = await throughAgents({ manifest, weights, data, analytic, tables });
    const value = mean(test.map((ward) => accuracy(logitsOf(ward, head), ward.y)));
    const off = Math.max(...head.map((weight, at) => Math.abs(weight - (flamby.head[at] as number))));
    const note = `3 rounds, ${bytes} bytes a site and round; largest difference of a weight from the head computed in one process ${off.toExponential(1)}`;
    return [
      ...rows,
      row("FLamby's split (seed 43)", "real agents and masks, 3 rounds", "accuracy", value, undefined, { least: 0.81 }, note),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function others(seeds: readonly number[], outcomes: ReadonlyMap<number, Outcome>): readonly Row[] {
  const rest = seeds.filter((seed) => seed !== FLAMBY).map((seed) => outcomes.get(seed) as Outcome);
  return tableOf(`${rest.length} other splits (seeds ${seeds[1] ?? ""} to ${seeds.at(-1) ?? ""})`, rest, []);
}

function tableOf(name: string, outcomes: readonly Outcome[], published: Awaited<ReturnType<typeof publishedIn>>): readonly Row[] {
  const best = published.find(({ method }) => !method.startsWith("Pooled") && !method.startsWith("Local"));
  const baseline = best === undefined ? undefined : { name: `${best.method}, best published strategy, 15 rounds`, value: best.value };
  const line = (metric: string, of: (outcome: Outcome) => readonly number[], more: string, goal?: { readonly least: number }): Row => {
    const means = outcomes.map((outcome) => mean(of(outcome)));
    const each = HOSPITALS.map(
      (hospital, at) => `${hospital} ${mean(outcomes.map((outcome) => of(outcome)[at] as number)).toFixed(3)}`,
    ).join(", ");
    const about = [each, ...(outcomes.length > 1 ? [`sd over splits ${spread(means).toFixed(3)}`] : []), more].filter(
      (text) => text !== "",
    );
    return row(name, metric, "accuracy", mean(means), baseline, goal, about.join("; "));
  };
  const penalties = [...new Set(outcomes.map(({ penalty }) => penalty))].sort((a, b) => a - b).join(", ");
  const federated = ROUNDS.map((rounds) =>
    line(
      `federated, ${rounds} secure ${rounds === 1 ? "round" : "rounds"}`,
      (outcome) => outcome.federated.get(rounds) ?? [],
      `penalty ${penalties}, ${outcomes[0]?.bytes ?? 0} bytes a site and round`,
      rounds === 3 ? { least: 0.81 } : undefined,
    ),
  );
  const shifted = ROUNDS.map((rounds) =>
    line(
      `with each hospital's own intercept, ${rounds} secure ${rounds === 1 ? "round" : "rounds"}`,
      (outcome) => outcome.shifted.get(rounds) ?? [],
      "fitted at the hospital on its training patients",
      rounds === 3 ? { least: 0.81 } : undefined,
    ),
  );
  const lines = [
    line("trained alone, own penalty", ({ alone }) => alone, ""),
    ...federated,
    ...shifted,
    line("pooled, converged", ({ pooled }) => pooled, ""),
  ];
  const theirs = published.map(({ method, value }) => row(name, `published: ${method}`, "accuracy", value));
  return [...lines, ...theirs];
}
