"use client";
import type { MetricName, Plan } from "@engraft/core/models/plan";
import type { Comparison, RunView } from "@engraft/core/rounds/view";
import { CircleCheck, TriangleAlert } from "lucide-react";
import { Card } from "../../parts/card.tsx";
import { Chip } from "../../parts/chip.tsx";
import { gainText, listed, METRIC_TITLES } from "../../parts/figures.ts";
import { Empty } from "../../parts/states.tsx";
import { gainOf, type Gain } from "../models/release-metrics.ts";
import { finalFigures } from "./secure/pooled.ts";
import { PooledGain } from "./secure/pooled-gain.tsx";

interface GainRow {
  readonly site: string;
  readonly n: number;
  /** Null: too few patients, or a site that reported nothing. */
  readonly gain: Gain | null;
}

const rowsOf = (comparisons: readonly Comparison[], metric: MetricName): readonly GainRow[] =>
  comparisons
    .map((comparison) => ({
      site: comparison.site,
      n: comparison.federated?.n ?? comparison.alone?.n ?? 0,
      gain: gainOf(comparison, metric),
    }))
    .toSorted((a, b) => (b.gain?.value ?? Number.NEGATIVE_INFINITY) - (a.gain?.value ?? Number.NEGATIVE_INFINITY));

/** Each site's shared model against its own, on the same held-out patients. */
export function GainCard({ plan, view, metric }: { readonly plan: Plan; readonly view: RunView; readonly metric: MetricName }) {
  const rows = rowsOf(view.comparisons, metric);
  const pooled = finalFigures(view);
  const opened = view.evaluation !== null || view.evaluationRound !== null;
  return (
    <Card title="Gain over training alone" className="h-full" end={<Verdict gains={rows.flatMap(({ gain }) => gain ?? [])} />}>
      {!plan.metrics.compareAlone ? (
        <Empty title="Not measured">This plan does not ask sites to train alone. The next version can.</Empty>
      ) : rows.length === 0 && pooled !== null ? (
        <PooledGain figures={pooled} metric={metric} />
      ) : rows.length === 0 ? (
        <Empty title={view.end !== null ? "Not measured" : opened ? "Being measured" : "Comes at the end"}>
          {view.end !== null
            ? "The run ended before its last evaluation."
            : !opened
              ? "After the last round each site trains alone, as long, and compares on its test patients."
              : "Each site trains alone, as long, and compares on its test patients."}
        </Empty>
      ) : (
        <div className="grid gap-2 px-4 py-3">
          <p className="text-12 text-fg-2">
            {METRIC_TITLES[metric]} of the shared model minus the site’s own, same test patients, 95 % CI.
          </p>
          <GainPlot rows={rows} title={METRIC_TITLES[metric]} />
          <p className="text-12 text-fg-3">The interval takes both models’ intervals as independent; a paired one would be narrower.</p>
        </div>
      )}
    </Card>
  );
}

/** Never more than the intervals bear out: a gain whose interval holds 0 is not called one. */
function Verdict({ gains }: { readonly gains: readonly Gain[] }) {
  const without = gains.filter((gain) => gain.value <= 0).length;
  const clear = gains.filter((gain) => gain.low > 0).length;
  if (gains.length === 0) return null;
  if (without > 0) {
    return (
      <Chip tone="warn" icon={<TriangleAlert aria-hidden />}>
        {without} without gain
      </Chip>
    );
  }
  return clear === gains.length ? (
    <Chip tone="ok" icon={<CircleCheck aria-hidden />}>
      Gain at every site
    </Chip>
  ) : (
    <Chip>
      Higher at all {gains.length}, clear at {clear}
    </Chip>
  );
}

const ROW = 38;
const LEFT = 92;
const RIGHT = 236;
const WIDTH = 330;

function GainPlot({ rows, title }: { readonly rows: readonly GainRow[]; readonly title: string }) {
  const reach = Math.max(0.01, ...rows.flatMap(({ gain }) => (gain === null ? [] : [Math.abs(gain.low), Math.abs(gain.high)])));
  const x = (value: number): number => LEFT + ((value + reach) / (2 * reach)) * (RIGHT - LEFT);
  const bottom = 22 + rows.length * ROW;
  const tick = Number((reach / 2).toPrecision(1));
  const words = rows.map(({ site, gain }) =>
    gain === null ? `${site} too few patients to say` : `${site} ${gainText(gain.value)}, ${gainText(gain.low)} to ${gainText(gain.high)}`,
  );
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${bottom + 18}`}
      width="100%"
      role="img"
      aria-label={`Gain in ${title} over training alone: ${listed(words)}.`}
    >
      <text x={x(0) - 6} y="11" textAnchor="end">
        alone is better
      </text>
      <text x={x(0) + 6} y="11">
        together is better
      </text>
      {[-tick, tick].map((value) => (
        <path key={value} d={`M${x(value)} 18V${bottom}`} stroke="var(--grid)" />
      ))}
      <path d={`M${x(0)} 18V${bottom}`} stroke="var(--axis)" strokeWidth="1.5" />
      {[-tick, 0, tick].map((value) => (
        <text key={value} x={x(value)} y={bottom + 13} textAnchor="middle">
          {value === 0 ? "0" : gainText(value).replace(/0$/, "")}
        </text>
      ))}
      {rows.map((row, index) => (
        <GainLine key={row.site} row={row} y={22 + index * ROW + ROW / 2} x={x} />
      ))}
    </svg>
  );
}

/** Filled green: the interval lies above 0. Hollow grey: it holds 0. Hollow red: it lies below 0. */
function GainLine({ row, y, x }: { readonly row: GainRow; readonly y: number; readonly x: (value: number) => number }) {
  const { gain } = row;
  const name = row.site.length > 14 ? `${row.site.slice(0, 13)}…` : row.site;
  if (gain === null) {
    return (
      <g>
        <text x="0" y={y + 4} style={{ fill: "var(--text-3)", fontSize: 12 }}>
          {name}
        </text>
        <text x={RIGHT + 12} y={y + 4}>
          too few, n {row.n}
        </text>
      </g>
    );
  }
  const color = gain.low > 0 ? "var(--accent)" : gain.high < 0 ? "var(--bad)" : "var(--text-2)";
  return (
    <g>
      <text x="0" y={y + 4} style={{ fill: "var(--text)", fontSize: 12, fontWeight: 500 }}>
        {name}
      </text>
      <path
        d={`M${x(gain.low)} ${y}H${x(gain.high)}M${x(gain.low)} ${y - 4}v8M${x(gain.high)} ${y - 4}v8`}
        stroke={color}
        strokeWidth="1.75"
      />
      <circle cx={x(gain.value)} cy={y} r="4" fill={gain.low > 0 ? color : "var(--surface)"} stroke={color} strokeWidth="1.75" />
      <text x={RIGHT + 12} y={y - 2} style={{ fill: color, fontWeight: 600, fontSize: 12 }}>
        {gainText(gain.value)}
      </text>
      <text x={RIGHT + 12} y={y + 12} style={{ fill: "var(--text-2)" }}>
        {gainText(gain.low).slice(0, -1)} to {gainText(gain.high).slice(0, -1)}
      </text>
    </g>
  );
}
