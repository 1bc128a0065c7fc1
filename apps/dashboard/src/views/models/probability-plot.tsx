"use client";
/** Calibration and net benefit as drawings. */
import { metricText } from "../../parts/figures.ts";
import { markOf, shapePath } from "../../parts/site-key.tsx";
import { useWords } from "../../words/language.ts";
import { ARMS, type ArmCurve, type CurvePoint } from "./probability-curves.ts";
import { PROBABILITY_WORDS, type ProbabilityWords } from "./probability-words.ts";

export const markOfArm = (arm: ArmCurve["arm"]) => markOf(ARMS.indexOf(arm));

const NOBODY: readonly CurvePoint[] = [];

export function Calibration({ curves }: { readonly curves: readonly ArmCurve[] }) {
  const words = useWords(PROBABILITY_WORDS);
  return (
    <Plot curves={curves} everybody={NOBODY} x={words.predicted} y={words.observed} name={words.calibration} low={0} high={1} diagonal />
  );
}

/** Far below nothing a model is of no use, however far. */
const LEAST_SHOWN = -0.05;

export function NetBenefit({ curves, everybody }: { readonly curves: readonly ArmCurve[]; readonly everybody: readonly CurvePoint[] }) {
  const words = useWords(PROBABILITY_WORDS);
  const values = [...curves.flatMap(({ points }) => points), ...everybody].map(({ y }) => y);
  const high = Math.max(0.05, ...values);
  const low = Math.min(0, Math.max(LEAST_SHOWN, Math.min(...values)));
  return (
    <Plot curves={curves} everybody={everybody} x={words.threshold} y={words.net} name={words.decision} low={low} high={high * 1.05} />
  );
}

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [340, 250, 44, 38, 10, 10];

interface PlotProps {
  readonly curves: readonly ArmCurve[];
  /** Of a net benefit. */
  readonly everybody: readonly CurvePoint[];
  readonly name: string;
  readonly x: string;
  readonly y: string;
  readonly low: number;
  readonly high: number;
  readonly diagonal?: boolean;
}

function Plot({ curves, everybody, name, x, y, low, high, diagonal = false }: PlotProps) {
  const words = useWords(PROBABILITY_WORDS);
  const toX = (value: number): number => LEFT + value * (WIDTH - LEFT - RIGHT);
  const toY = (value: number): number => TOP + ((high - Math.max(low, value)) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const line = (points: readonly CurvePoint[]): string =>
    points.map((point, index) => `${index === 0 ? "M" : "L"}${toX(point.x).toFixed(1)} ${toY(point.y).toFixed(1)}`).join("");
  // Below all curves of use, so left of it nothing is drawn.
  const label = everybody.toSorted((a, b) => Math.abs(a.y - high / 2) - Math.abs(b.y - high / 2))[0];
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width="100%" role="img" aria-label={`${name}. ${said(curves, words)}`}>
      {ticksIn(low, high).map((value) => (
        <g key={value}>
          <path d={`M${LEFT} ${toY(value)}H${WIDTH - RIGHT}`} stroke="var(--grid)" />
          <text x={LEFT - 6} y={toY(value) + 4} textAnchor="end">
            {metricText(value).slice(0, -1)}
          </text>
        </g>
      ))}
      {ticksIn(0, 1).map((value) => (
        <text key={value} x={toX(value)} y={HEIGHT - BOTTOM + 14} textAnchor="middle">
          {metricText(value).slice(0, -2)}
        </text>
      ))}
      <text x={(LEFT + WIDTH - RIGHT) / 2} y={HEIGHT - 6} textAnchor="middle">
        {x}
      </text>
      <text transform={`translate(10 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`} textAnchor="middle">
        {y}
      </text>
      {diagonal ? (
        <path d={`M${toX(0)} ${toY(0)}L${toX(1)} ${toY(1)}`} stroke="var(--axis)" strokeDasharray="3 3" />
      ) : (
        <path d={`M${LEFT} ${toY(0)}H${WIDTH - RIGHT}`} stroke="var(--axis)" strokeWidth="1.5" />
      )}
      {label !== undefined && (
        <>
          <path d={line(everybody)} fill="none" stroke="var(--axis)" strokeDasharray="3 3" />
          <text x={toX(label.x) - 8} y={toY(label.y) + 10} textAnchor="end">
            {words.everybody}
          </text>
        </>
      )}
      {!diagonal && (
        <text x={WIDTH - RIGHT} y={toY(0) - 5} textAnchor="end">
          {words.nobody}
        </text>
      )}
      {curves.toReversed().map(({ arm, points }) => (
        <ArmLine
          key={arm}
          arm={arm}
          d={line(points)}
          points={points.map((point) => ({ ...point, at: [toX(point.x), toY(point.y)] as const }))}
        />
      ))}
    </svg>
  );
}

function ArmLine({
  arm,
  d,
  points,
}: {
  readonly arm: ArmCurve["arm"];
  readonly d: string;
  readonly points: readonly (CurvePoint & { readonly at: readonly [number, number] })[];
}) {
  const words = useWords(PROBABILITY_WORDS);
  const { color, dash, shape } = markOfArm(arm);
  return (
    <g>
      <path d={d} fill="none" stroke={`var(${color})`} strokeWidth="1.75" strokeDasharray={dash.join(" ")} strokeLinejoin="round" />
      {points.map(({ x, y, count, at }) => (
        <path key={x} d={shapePath(shape, 3.5)} transform={`translate(${at[0]} ${at[1]})`} fill={`var(${color})`}>
          <title>
            {`${words.arms[arm]}: ${words.point(metricText(x), metricText(y))}${count === null ? "" : `, ${words.count(count)}`}`}
          </title>
        </path>
      ))}
    </g>
  );
}

/** Round values, five steps at most. */
function ticksIn(low: number, high: number): readonly number[] {
  const step = [0.01, 0.02, 0.05, 0.1, 0.2].find((each) => high - low <= 5 * each + 1e-9) ?? 0.5;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, index) => (first + index) * step);
}

const said = (curves: readonly ArmCurve[], words: ProbabilityWords): string =>
  curves
    .map(({ arm, points }) =>
      words.calibrationSaid(
        words.arms[arm],
        points.map(({ x, y }) => words.point(metricText(x).slice(0, -1), metricText(y).slice(0, -1))).join(", "),
      ),
    )
    .join(" ");
