/**
 * What a site sums for proportional hazards (Cox 1972) with a baseline of its own at each site: gradient and curvature of the partial
 * likelihood, ties as Breslow (1974) has them. Strata share nothing but the weights, so their sums add up, as in Lu et al. 2015,
 * "WebDISCO". There is no intercept: its places hold zeros.
 */
import { assert, EngraftError } from "../base/errors.ts";
import type { Statistics } from "./statistics.ts";

/** Inputs of each sample, rows x width, with the time of its event or of the last look, and which it was. */
export interface SurvivalSamples {
  readonly rows: number;
  readonly width: number;
  readonly x: Float32Array;
  readonly times: Float64Array;
  /** 1 where the event was seen. */
  readonly events: Uint8Array;
}

/** Sums over those still at risk, each weighed by its hazard. */
interface AtRisk {
  weight: number;
  readonly first: Float64Array;
  readonly second: Float64Array;
}

/** `head`: weights and, last, an intercept, which no order of times depends on. Inputs beyond `bound` count as the bound. */
export function coxStatistics({ rows, width, x, times, events }: SurvivalSamples, head: Float32Array, bound: number): Statistics {
  assert(head.length === width + 1, "the head takes another number of inputs");
  const inputs = Float64Array.from(x, (value) => Math.min(bound, Math.max(-bound, value)));
  if (inputs.some(Number.isNaN) || times.some((time) => !Number.isFinite(time)))
    throw new EngraftError("not-finite", "An input of the head or a time is no finite number.");
  const [sums, squares] = [new Float64Array(width), new Float64Array(width)];
  inputs.forEach((value, at) => {
    sums[at % width] = (sums[at % width] as number) + value;
    squares[at % width] = (squares[at % width] as number) + value * value;
  });
  const hazards = hazardsOf(inputs, rows, width, head);
  const gradient = new Float64Array(width + 1);
  const curvature = new Float64Array(((width + 1) * (width + 2)) / 2);
  const risk: AtRisk = { weight: 0, first: new Float64Array(width), second: new Float64Array((width * (width + 1)) / 2) };
  const sampleAt = (row: number): Float64Array => inputs.subarray(row * width, (row + 1) * width);
  // From the latest time on, so that those at risk are those seen so far.
  const order = Array.from({ length: rows }, (_, row) => row).sort((a, b) => (times[b] as number) - (times[a] as number));
  for (let from = 0; from < rows;) {
    let [to, seen] = [from, 0];
    for (; to < rows && times[order[to] as number] === times[order[from] as number]; to++) {
      const row = order[to] as number;
      enter(risk, sampleAt(row), hazards[row] as number);
      if (events[row] === 0) continue;
      seen++;
      sampleAt(row).forEach((value, i) => (gradient[i] = (gradient[i] as number) - value));
    }
    if (seen > 0) count(risk, seen, gradient, curvature);
    from = to;
  }
  return { samples: rows, sums, squares, gradient, curvature, roundedBy: 0 };
}

/** In proportion to the hazards: the largest is 1, so that none overflows. */
function hazardsOf(inputs: Float64Array, rows: number, width: number, head: Float32Array): Float64Array {
  const logs = Float64Array.from({ length: rows }, (_, row) => {
    let log = 0;
    for (let i = 0; i < width; i++) log += (head[i] as number) * (inputs[row * width + i] as number);
    return log;
  });
  const most = logs.reduce((largest, log) => Math.max(largest, log), Number.NEGATIVE_INFINITY);
  return logs.map((log) => Math.exp(log - most));
}

function enter(risk: AtRisk, x: Float64Array, hazard: number): void {
  risk.weight += hazard;
  let at = 0;
  for (let i = 0; i < x.length; i++) {
    const weighed = hazard * (x[i] as number);
    risk.first[i] = (risk.first[i] as number) + weighed;
    for (let j = 0; j <= i; j++) risk.second[at + j] = (risk.second[at + j] as number) + weighed * (x[j] as number);
    at += i + 1;
  }
}

/** Events at one time: each is compared with the mean of those at risk. Where hazards underflow to nothing there is nothing to compare. */
function count({ weight, first, second }: AtRisk, seen: number, gradient: Float64Array, curvature: Float64Array): void {
  if (weight === 0) return;
  let at = 0;
  for (let i = 0; i < first.length; i++) {
    const mean = (first[i] as number) / weight;
    gradient[i] = (gradient[i] as number) + seen * mean;
    for (let j = 0; j <= i; j++) {
      const spread = (second[at + j] as number) / weight - (mean * (first[j] as number)) / weight;
      curvature[at + j] = (curvature[at + j] as number) + seen * spread;
    }
    at += i + 1;
  }
}
