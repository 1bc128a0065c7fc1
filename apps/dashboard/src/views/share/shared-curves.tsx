"use client";
import type { SharedCurve } from "@engraft/coordinator/api/alert-views";
import type { MetricName } from "@engraft/core/models/plan";
import { Card } from "../../parts/card.tsx";
import { METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { useWords } from "../../words/language.ts";
import { shareWords } from "./words.ts";

type Points = SharedCurve["mean"];

const WIDTH = 380;
const HEIGHT = 150;
const LEFT = 46;
const PAD = 12;

/** Small pictures, drawn without the run page's chart: a page for strangers stays small. */
export function SharedCurves({ curves }: { readonly curves: readonly SharedCurve[] }) {
  const words = useWords(shareWords);
  return (
    <Card title={words.curves} padded>
      <div className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,380px),1fr))] gap-x-6 gap-y-5">
        {curves.map((curve) => (
          <Curve key={curve.metric} curve={curve} />
        ))}
      </div>
    </Card>
  );
}

const titleOf = (metric: string): string => METRIC_TITLES[metric as MetricName] ?? metric;

function Curve({ curve: { metric, mean, sites } }: { readonly curve: SharedCurve }) {
  const words = useWords(shareWords);
  const title = titleOf(metric);
  const [first, last] = [mean[0], mean.at(-1)];
  const all = [...mean, ...(sites ?? []).flatMap(({ points }) => points)];
  const sentence =
    first === undefined || last === undefined
      ? words.noFigures(title)
      : words.curveOf(title, metricText(first.value), metricText(last.value), last.round);
  return (
    <figure className="grid gap-1">
      <figcaption className="flex justify-between gap-3">
        <span className="font-medium">{title}</span>
        <span className="tabular-nums">{last === undefined ? words.noFigure : metricText(last.value)}</span>
      </figcaption>
      {all.length > 0 && <Picture mean={mean} sites={sites ?? []} all={all} sentence={sentence} />}
      {sites !== null && sites.length > 0 && (
        <ul className="flex flex-wrap gap-x-4 text-12 text-fg-2">
          {sites.map(({ site, points }) => (
            <li key={site}>
              {site} <span className="tabular-nums">{metricText(points.at(-1)?.value ?? 0)}</span>
            </li>
          ))}
        </ul>
      )}
    </figure>
  );
}

function Picture({
  mean,
  sites,
  all,
  sentence,
}: {
  readonly mean: Points;
  readonly sites: NonNullable<SharedCurve["sites"]>;
  readonly all: Points;
  readonly sentence: string;
}) {
  const words = useWords(shareWords);
  const low = Math.min(...all.map(({ value }) => value));
  const high = Math.max(...all.map(({ value }) => value));
  const end = Math.max(1, ...all.map(({ round }) => round));
  const x = (round: number): number => LEFT + (round / end) * (WIDTH - LEFT - PAD);
  const y = (value: number): number => (high === low ? HEIGHT / 2 : PAD + (1 - (value - low) / (high - low)) * (HEIGHT - 2 * PAD - 12));
  const path = (points: Points): string =>
    points.map(({ round, value }, index) => `${index === 0 ? "M" : "L"}${x(round).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={sentence} className="w-full">
      {(high === low ? [low] : [low, high]).map((value) => (
        <g key={value}>
          <line x1={LEFT} x2={WIDTH - PAD} y1={y(value)} y2={y(value)} stroke="var(--border)" />
          <text x={LEFT - 6} y={y(value) + 4} textAnchor="end" fontSize="11" fill="var(--text-3)">
            {metricText(value)}
          </text>
        </g>
      ))}
      {[0, end].map((round) => (
        <text key={round} x={x(round)} y={HEIGHT - 2} textAnchor={round === 0 ? "start" : "end"} fontSize="11" fill="var(--text-3)">
          {`${words.round} ${round}`}
        </text>
      ))}
      {sites.map(({ site, points }) => (
        <path key={site} d={path(points)} fill="none" stroke="var(--text-3)" strokeWidth="1.25" />
      ))}
      <path d={path(mean)} fill="none" stroke="var(--text)" strokeWidth="2.25" strokeLinejoin="round" />
      {mean.map(({ round, value }) => (
        <circle key={round} cx={x(round)} cy={y(value)} r="2.5" fill="var(--text)" />
      ))}
    </svg>
  );
}
