/**
 * Another sampling rate: a polyphase filter (Crochiere and Rabiner, Multirate Digital Signal Processing, 3.3) whose low-pass is a sinc under a Kaiser
 * window with beta 5, ten zero crossings to each side: what lies above half the lower rate does not fold back.
 */
import { unsupported } from "./recording.ts";

export interface Ratio {
  readonly up: number;
  readonly down: number;
}

/** Terms of the ratio of two rates. */
const MAX_TERM = 10_000;
const [CROSSINGS, BETA] = [10, 5];

/** The ratio as a fraction, by its continued fraction. Throws `unsupported-recording` where it has no short one. */
export function ratioOf(from: number, to: number): Ratio {
  const wanted = to / from;
  let [up, down, lastUp, lastDown, rest] = [Math.floor(wanted), 1, 1, 0, wanted];
  while (Math.abs(up / down - wanted) > 1e-9 * wanted) {
    rest = 1 / (rest - Math.floor(rest));
    const term = Math.floor(rest);
    [up, lastUp] = [term * up + lastUp, up];
    [down, lastDown] = [term * down + lastDown, down];
    if (!(up <= MAX_TERM && down <= MAX_TERM)) break;
  }
  if (up < 1 || up > MAX_TERM || down > MAX_TERM) throw unsupported("a sampling rate that has no short ratio to the plan's");
  return { up, down };
}

/** Points after resampling. */
export const resampledLength = (length: number, { up, down }: Ratio): number => Math.ceil((length * up) / down);

/** The line from first to last point is taken out before and added again, so that the ends do not fall to zero. */
export function resampled(values: Float64Array, ratio: Ratio): Float64Array {
  const { up, down } = ratio;
  if (up === down || values.length === 0) return values;
  const [filter, half] = lowPassOf(ratio);
  const [first, last, length] = [values[0] as number, values.at(-1) as number, values.length];
  const slope = (last - first) / Math.max(1, length - 1);
  const result = new Float64Array(resampledLength(length, ratio));
  for (let to = 0; to < result.length; to++) {
    // Where the point lies among the points with up - 1 zeros between them; only every up-th of those is not zero.
    const centre = to * down;
    const from = Math.max(0, Math.ceil((centre - half) / up));
    const until = Math.min(length - 1, Math.floor((centre + half) / up));
    let sum = 0;
    for (let at = from; at <= until; at++)
      sum += ((values[at] as number) - first - slope * at) * (filter[centre - at * up + half] as number);
    result[to] = sum + first + (slope * centre) / up;
  }
  return result;
}

type LowPass = readonly [filter: Float64Array, half: number];

/** Kept, because the leads of a table's recordings mostly have one rate, and the filter takes longer than a short lead. */
let last: { readonly ratio: Ratio; readonly filter: LowPass } | undefined;

function lowPassOf(ratio: Ratio): LowPass {
  if (last?.ratio.up !== ratio.up || last.ratio.down !== ratio.down)
    last = { ratio, filter: lowPass(Math.max(ratio.up, ratio.down), ratio.up) };
  return last.filter;
}

/** For `up` times as many points, cut at half the lower rate; its sum is `up`. Also how far it reaches to each side. */
function lowPass(most: number, up: number): LowPass {
  const half = CROSSINGS * most;
  const filter = Float64Array.from({ length: 2 * half + 1 }, (_, at) => {
    const x = (at - half) / most;
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    return sinc * bessel(BETA * Math.sqrt(Math.max(0, 1 - ((at - half) / half) ** 2)));
  });
  const sum = filter.reduce((all, value) => all + value, 0);
  return [filter.map((value) => (value * up) / sum), half];
}

/** The modified Bessel function of order zero, by its power series (Abramowitz and Stegun 9.6.12). */
function bessel(x: number): number {
  let [sum, term] = [1, 1];
  for (let k = 1; term > 1e-17 * sum; k++) sum += term *= (x / (2 * k)) ** 2;
  return sum;
}
