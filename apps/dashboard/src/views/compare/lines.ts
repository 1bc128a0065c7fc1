/** Curves of several runs as lines of one chart: who has a colour, who is best, on which rounds. */
import { bestOf } from "@engraft/core/rounds/main-curve";
import type { MetricName } from "@engraft/core/models/plan";
import type { CurveView } from "@engraft/coordinator/api/curve-views";

/** Runs that have a colour at once: as many as the palette has. */
export const MAX_IN_COLOUR = 8;

export interface Line {
  readonly run: string;
  /** Place in the palette; null is grey. */
  readonly slot: number | null;
  /** By the shared rounds. */
  readonly values: readonly (number | null)[];
  readonly best: { readonly round: number; readonly value: number } | undefined;
  readonly last: number | undefined;
}

export interface Lines {
  readonly rounds: readonly number[];
  readonly lines: readonly Line[];
}

export function linesOf(curves: readonly CurveView[], metric: MetricName, inColour: readonly string[]): Lines {
  const rounds = [...new Set(curves.flatMap((curve) => curve.rounds))].toSorted((a, b) => a - b);
  return {
    rounds,
    lines: curves.map(({ run, rounds: own, main }) => {
      const points = own.flatMap((round, index) => {
        const value = main[index] ?? null;
        return value === null ? [] : [{ round, value }];
      });
      const slot = inColour.indexOf(run);
      return {
        run,
        slot: slot < 0 ? null : slot,
        values: onRounds(rounds, own, main),
        best: bestOf(points, metric),
        last: points.at(-1)?.value,
      };
    }),
  };
}

/** One run's values at the rounds that all share; null where it has none. */
export function onRounds(shared: readonly number[], own: readonly number[], values: readonly (number | null)[]): (number | null)[] {
  const at = new Map(own.map((round, index) => [round, values[index] ?? null]));
  return shared.map((round) => at.get(round) ?? null);
}

/** Best first; runs without a figure last. */
export const ranked = (lines: readonly Line[], metric: MetricName): readonly Line[] => {
  const order = (a: Line, b: Line): number => {
    if (a.best === undefined || b.best === undefined) return Number(a.best === undefined) - Number(b.best === undefined);
    if (a.best.value === b.best.value) return 0;
    return bestOf([a.best, b.best], metric) === a.best ? -1 : 1;
  };
  return lines.toSorted(order);
};

/** After one more or one less; the first of a full palette gives way. A colour that stays keeps its place. */
export function toggled(inColour: readonly string[], run: string): readonly string[] {
  if (inColour.includes(run)) return inColour.map((each) => (each === run ? "" : each));
  const free = inColour.indexOf("");
  if (free >= 0) return inColour.map((each, index) => (index === free ? run : each));
  return inColour.length < MAX_IN_COLOUR ? [...inColour, run] : [run, ...inColour.slice(1)];
}

/** A range of rounds moved by a share of its length, kept inside all. */
export function panned(
  zoom: readonly [number, number],
  share: number,
  [first, last]: readonly [number, number],
): readonly [number, number] {
  const length = zoom[1] - zoom[0];
  const from = Math.max(first, Math.min(last - length, zoom[0] + share * length));
  return [from, from + length];
}

/** In or out around the middle; null shows all. */
export function zoomed(
  zoom: readonly [number, number] | null,
  by: number,
  [first, last]: readonly [number, number],
): readonly [number, number] | null {
  const [from, to] = zoom ?? [first, last];
  const length = Math.max(1, (to - from) * by);
  if (length >= last - first) return null;
  const start = Math.max(first, Math.min(last - length, (from + to - length) / 2));
  return [start, start + length];
}
