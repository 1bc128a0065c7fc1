/** Analytic rounds in one process, by the functions that sites and coordinator call, and how a penalty is chosen without a test patient. */
import { randomBytes } from "node:crypto";
import { coxStatistics, type SurvivalSamples } from "@engraft/core/aggregation/cox";
import { nextHead } from "@engraft/core/aggregation/head";
import {
  readStatistics,
  statisticsOf,
  statisticsTotals,
  type HeadSamples,
  type Moments,
  type Statistics,
} from "@engraft/core/aggregation/statistics";
import { isRefusal, type Refusal } from "@engraft/core/base/errors";
import { sha256 } from "@engraft/core/crypto/digest";
import { addVector } from "@engraft/core/crypto/mask";
import { statisticsLength, type Analytic } from "@engraft/core/models/analytic";
import { decodeSum, encodedWords, encodeInput, type Encoding } from "@engraft/core/secagg/quantize";
import { randomFrom, shuffle } from "@engraft/engine/base/random";
import { ownIntercept } from "@engraft/engine/train/own-intercept";

/** One hospital's samples. `patients`: to which patient each belongs. */
export interface Ward extends HeadSamples {
  readonly patients: readonly string[];
}

/** Largest number of samples of one site, in all benchmarks. */
export const CAP = 2000;
const ROUND = sha256("full words need no round");

const mustBe = <T extends { readonly ok: true }>(result: T | Refusal): T => {
  if (isRefusal(result)) throw new Error(result.text);
  return result;
};

export interface Solved {
  readonly head: Float32Array;
  /** Masked bytes of one site in one round, without the counts of predictions. */
  readonly bytes: number;
}

/** One site's statistics at a head. */
type Summing<S> = (site: S, head: Float32Array, bound: number) => Statistics;

/** The rounds of a plan: every site encodes its sums, the words are added as they are under the masks, and the sum gives the head. */
export const solve = (sites: readonly HeadSamples[], analytic: Analytic): Solved => rounds(sites, analytic, statisticsOf, "logistic");

export const solveHazards = (sites: readonly SurvivalSamples[], analytic: Analytic): Solved =>
  rounds(sites, analytic, coxStatistics, "hazards");

function rounds<S extends { readonly width: number }>(
  sites: readonly S[],
  analytic: Analytic,
  summing: Summing<S>,
  of: "logistic" | "hazards",
): Solved {
  const inputs = sites[0]?.width ?? 0;
  const directory = Math.max(3, sites.length);
  const encoding: Encoding = {
    sites: directory,
    cap: CAP,
    clipNorm: 1,
    clip: 1,
    values: 0,
    totals: statisticsLength(inputs),
    noise: 0,
    words: "full",
  };
  let head: Float32Array = new Float32Array(inputs + 1);
  let moments: Moments | undefined;
  for (let round = 0; round < analytic.rounds; round++) {
    const sum = new Uint32Array(encodedWords(encoding));
    for (const site of sites) {
      const totals = statisticsTotals(summing(site, head, analytic.bound), analytic, {
        sites: directory,
        cap: CAP,
        moments: moments === undefined,
      });
      addVector(sum, encodeInput(encoding, ROUND, { weight: 1, update: new Float32Array(0), totals }, randomBytes(32)));
    }
    const { totals } = mustBe(decodeSum(encoding, ROUND, sum, sites.length)).value;
    const read = mustBe(readStatistics(totals, inputs, analytic, { sites: directory, cap: CAP, count: sites.length, of, moments }));
    moments ??= read.value;
    head = mustBe(nextHead(read.value, head, analytic)).value;
  }
  return { head, bytes: 4 * encodedWords(encoding) };
}

/** The same in float64 on one hospital's own samples: nothing is encoded, because nothing leaves. */
export function solveAlone(site: HeadSamples, analytic: Analytic): Float32Array {
  let head: Float32Array = new Float32Array(site.width + 1);
  for (let round = 0; round < analytic.rounds; round++) {
    head = mustBe(nextHead(statisticsOf(site, head, analytic.bound), head, analytic)).value;
  }
  return head;
}

export const logitsOf = ({ rows, width, x }: Omit<HeadSamples, "y">, head: Float32Array): Float64Array =>
  Float64Array.from({ length: rows }, (_, row) => {
    let logit = head[width] as number;
    for (let i = 0; i < width; i++) logit += (head[i] as number) * (x[row * width + i] as number);
    return logit;
  });

/** The head as a hospital has it with an intercept of its own, fitted on its training patients as a site fits it. */
export function withOwnIntercept(head: Float32Array, train: HeadSamples): Float32Array {
  const [shift = 0] = ownIntercept({ kind: "sigmoid", outputs: 1 }, Float32Array.from(logitsOf(train, head)), train.y);
  const bias = head.length - 1;
  return head.with(bias, (head[bias] as number) + shift);
}

/** Probability that a positive scores above a negative, ties counted half; NaN with one class. */
export function auc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const order = Array.from({ length: scores.length }, (_, at) => at).sort((a, b) => (scores[a] as number) - (scores[b] as number));
  let [below, pairs, positives] = [0, 0, 0];
  for (let from = 0; from < order.length;) {
    let to = from;
    let [yes, no] = [0, 0];
    for (; to < order.length && scores[order[to] as number] === scores[order[from] as number]; to++) {
      if (labels[order[to] as number] === 1) yes++;
      else no++;
    }
    pairs += yes * (below + no / 2);
    below += no;
    positives += yes;
    from = to;
  }
  return pairs / (positives * below);
}

/** The rows that `wanted` picks. */
export function rowsWhere(ward: Ward, wanted: (row: number) => boolean): Ward {
  const rows = Array.from({ length: ward.rows }, (_, row) => row).filter((row) => wanted(row));
  const { width } = ward;
  const x = new Float32Array(rows.length * width);
  rows.forEach((row, at) => x.set(ward.x.subarray(row * width, (row + 1) * width), at * width));
  return {
    rows: rows.length,
    width,
    x,
    y: Float32Array.from(rows, (row) => ward.y[row] as number),
    patients: rows.map((row) => ward.patients[row] as string),
  };
}

/** A hospital's patients in an order that the seed gives. */
export function shuffledPatients({ patients }: Pick<Ward, "patients">, seed: readonly (string | number)[]): readonly string[] {
  const names = [...new Set(patients)].sort();
  const order = Uint32Array.from(names, (_, at) => at);
  shuffle(order, randomFrom(seed));
  return [...order].map((at) => names[at] as string);
}

/** How good a head is on one hospital's patients; larger is better. */
export type Score = (logits: Float64Array, labels: Float32Array) => number;

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

export function spread(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / Math.max(1, values.length - 1));
}

/** Heads of one hospital's samples, one for each penalty. */
export type Fit = (ward: Ward, penalties: readonly number[]) => readonly Float32Array[];

export const newtonFit =
  (rounds: number, bound: number): Fit =>
  (ward, penalties) =>
    penalties.map((penalty) => solveAlone(ward, { method: "newton", rounds, penalty, bound }));

export interface Choice {
  readonly penalty: number;
  /** Mean over hospitals and folds. */
  readonly score: number;
}

/**
 * The penalty that does best in `folds` parts of the training patients, each in turn held back at every hospital; `wards` hold
 * training patients only. The score is the mean over hospitals and folds; a fold where it is undefined at a hospital is left out there.
 */
export function choosePenalty(
  wards: readonly Ward[],
  fit: Fit,
  penalties: readonly number[],
  score: Score,
  { folds, seed }: { readonly folds: number; readonly seed: number },
): Choice {
  const fold = wards.map(
    (ward, at) => new Map(shuffledPatients(ward, ["fold", seed, at]).map((patient, place) => [patient, place % folds])),
  );
  const found = penalties.map((): number[] => []);
  for (let out = 0; out < folds; out++) {
    const held = (at: number) => (row: number) => fold[at]?.get(wards[at]?.patients[row] ?? "") === out;
    const learnt = wards.map((ward, at) => rowsWhere(ward, (row) => !held(at)(row))).filter(({ rows }) => rows > 0);
    if (learnt.length === 0) continue;
    const heads = fit(together(learnt), penalties);
    for (const [at, ward] of wards.entries()) {
      const left = rowsWhere(ward, held(at));
      heads.forEach((head, index) => {
        const value = left.rows === 0 ? Number.NaN : score(logitsOf(left, head), left.y);
        if (!Number.isNaN(value)) found[index]?.push(value);
      });
    }
  }
  const scores = found.map(mean);
  const best = Math.max(...scores);
  return { penalty: penalties[scores.indexOf(best)] ?? (penalties[0] as number), score: best };
}

/** All samples in one place. */
export function together(wards: readonly Ward[]): Ward {
  const width = wards[0]?.width ?? 0;
  const rows = wards.reduce((sum, ward) => sum + ward.rows, 0);
  const x = new Float32Array(rows * width);
  const y = new Float32Array(rows);
  let at = 0;
  for (const ward of wards) {
    x.set(ward.x, at * width);
    y.set(ward.y, at);
    at += ward.rows;
  }
  return { rows, width, x, y, patients: wards.flatMap(({ patients }, site) => patients.map((patient) => `${site} ${patient}`)) };
}
