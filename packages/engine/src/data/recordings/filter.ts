/**
 * Butterworth filters without a shift in time. Design: analog prototype, bilinear transform with its frequency warped beforehand (Oppenheim and
 * Schafer, Discrete-Time Signal Processing, 7.1), in sections of second order. Applied forwards and backwards from the state of a
 * constant signal (Gustafsson 1996 treats the ends otherwise; here they are mirrored through their last point).
 */
import { unsupported } from "./recording.ts";

/** Numerator b0, b1, b2 and denominator 1, a1, a2. */
export type Section = readonly [b0: number, b1: number, b2: number, a1: number, a2: number];

export interface Band {
  /** Hz; frequencies below are taken out. */
  readonly above?: number | undefined;
  /** Hz; frequencies above are taken out. */
  readonly below?: number | undefined;
  /** Of each of the two, before it is applied twice. */
  readonly order: number;
}

/** High-pass sections, then low-pass ones. What lies above half the sampling rate is not there anyway. Throws `unsupported-recording`. */
export function sectionsOf({ above, below, order }: Band, rate: number): readonly Section[] {
  if (above !== undefined && above >= rate / 2) throw unsupported("a sampling rate below twice the plan's high-pass");
  return [
    ...(above === undefined ? [] : butterworth(order, above, rate, "high")),
    ...(below === undefined || below >= rate / 2 ? [] : butterworth(order, below, rate, "low")),
  ];
}

function butterworth(order: number, cut: number, rate: number, kind: "low" | "high"): readonly Section[] {
  const warped = Math.tan((Math.PI * cut) / rate);
  const sign = kind === "low" ? 1 : -1;
  const sections: Section[] = [];
  if (order % 2 === 1) {
    const scale = 1 / (1 + warped);
    const gain = kind === "low" ? warped * scale : scale;
    sections.push([gain, sign * gain, 0, (warped - 1) * scale, 0]);
  }
  for (let pair = 0; pair < order >> 1; pair++) {
    // Poles stand on a circle, the pair's at this angle from the negative real axis.
    const damping = 2 * Math.cos((Math.PI * (order % 2 === 1 ? pair + 1 : pair + 0.5)) / order);
    const scale = 1 / (1 + damping * warped + warped * warped);
    const gain = kind === "low" ? warped * warped * scale : scale;
    sections.push([gain, 2 * sign * gain, gain, 2 * (warped * warped - 1) * scale, (1 - damping * warped + warped * warped) * scale]);
  }
  return sections;
}

/** Points by which each end is prolonged, so that the sections have settled. */
export const padOf = ({ above, below }: Band, rate: number, length: number): number =>
  Math.max(0, Math.min(length - 1, Math.ceil((3 * rate) / (above ?? below ?? rate))));

/** In a new array. Every value must be a number. */
export function filtered(values: Float64Array, sections: readonly Section[], pad: number): Float64Array {
  if (sections.length === 0 || values.length === 0) return values;
  const long = prolonged(values, pad);
  through(long, sections);
  long.reverse();
  through(long, sections);
  long.reverse();
  return long.slice(pad, pad + values.length);
}

/** Both ends mirrored through their last point. */
function prolonged(values: Float64Array, pad: number): Float64Array {
  const [length, first, last] = [values.length, values[0] as number, values.at(-1) as number];
  const long = new Float64Array(length + 2 * pad);
  long.set(values, pad);
  for (let at = 1; at <= pad; at++) {
    long[pad - at] = 2 * first - (values[at] as number);
    long[pad + length - 1 + at] = 2 * last - (values[length - 1 - at] as number);
  }
  return long;
}

/** In place, each section from the state in which its first input would have been there forever. */
function through(values: Float64Array, sections: readonly Section[]): void {
  for (const [b0, b1, b2, a1, a2] of sections) {
    const [first, steady] = [values[0] as number, (b0 + b1 + b2) / (1 + a1 + a2)];
    let second = first * (b2 - a2 * steady);
    let state = first * (b1 - a1 * steady) + second;
    for (let at = 0; at < values.length; at++) {
      const value = values[at] as number;
      const result = b0 * value + state;
      state = b1 * value - a1 * result + second;
      second = b2 * value - a2 * result;
      values[at] = result;
    }
  }
}
