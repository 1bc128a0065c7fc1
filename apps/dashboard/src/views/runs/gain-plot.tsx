"use client";
/** Gains over training alone with their intervals: as a plot, and as a table. */
import { gainText, listed } from "../../parts/figures.ts";
import { SiteKey } from "../../parts/site-key.tsx";
import { useWords } from "../../words/language.ts";
import type { Gain } from "../models/release-metrics.ts";
import { pointAt, usePointedSlot } from "./pointed.ts";
import { GAIN_WORDS } from "./words/sites.ts";
import { ScrollTable } from "../../parts/table-region.tsx";

export interface GainRow {
  readonly site: string;
  /** Place in the run. */
  readonly slot: number;
  readonly n: number;
  /** Null: too few patients, or a site that reported nothing. */
  readonly gain: Gain | null;
}

const ROW = 38;
const LEFT = 92;
const RIGHT = 236;
const WIDTH = 330;

export function GainPlot({ rows, title }: { readonly rows: readonly GainRow[]; readonly title: string }) {
  const words = useWords(GAIN_WORDS);
  const reach = Math.max(0.01, ...rows.flatMap(({ gain }) => (gain === null ? [] : [Math.abs(gain.low), Math.abs(gain.high)])));
  const x = (value: number): number => LEFT + ((value + reach) / (2 * reach)) * (RIGHT - LEFT);
  const bottom = 22 + rows.length * ROW;
  const tick = Number((reach / 2).toPrecision(1));
  const said = rows.map(({ site, gain }) =>
    gain === null ? words.fewWords(site) : words.gainWords(site, gainText(gain.value), gainText(gain.low), gainText(gain.high)),
  );
  return (
    <svg viewBox={`0 0 ${WIDTH} ${bottom + 18}`} width="100%" role="img" aria-label={words.sentence(title, listed(said, words.and))}>
      <text x={x(0) - 6} y="11" textAnchor="end">
        {words.aloneBetter}
      </text>
      <text x={x(0) + 6} y="11">
        {words.togetherBetter}
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
  const words = useWords(GAIN_WORDS);
  const pointed = usePointedSlot();
  const { gain, slot } = row;
  const faded = pointed !== null && pointed !== slot ? "faded" : "";
  const name = row.site.length > 14 ? `${row.site.slice(0, 13)}…` : row.site;
  if (gain === null) {
    return (
      <g className={faded}>
        <text x="0" y={y + 4} style={{ fill: "var(--text-3)", fontSize: 12 }}>
          {name}
        </text>
        <text x={RIGHT + 12} y={y + 4}>
          {words.few(row.n)}
        </text>
      </g>
    );
  }
  const color = gain.low > 0 ? "var(--accent)" : gain.high < 0 ? "var(--bad)" : "var(--text-2)";
  return (
    <g className={faded} onMouseEnter={() => pointAt({ slot })} onMouseLeave={() => pointAt({ slot: null })}>
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
        {words.range(gainText(gain.low).slice(0, -1), gainText(gain.high).slice(0, -1))}
      </text>
    </g>
  );
}

export function GainTable({ rows, title }: { readonly rows: readonly GainRow[]; readonly title: string }) {
  const words = useWords(GAIN_WORDS);
  return (
    <ScrollTable label={words.tableRegion} caption={words.tableCaption(title)}>
      <thead>
        <tr>
          <th scope="col">{words.site}</th>
          <th scope="col" className="n">
            {words.patients}
          </th>
          <th scope="col" className="n">
            {words.gain}
          </th>
          <th scope="col" className="n">
            {words.interval}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ site, slot, n, gain }) => (
          <tr key={site}>
            <th scope="row">
              <SiteKey site={site} slot={slot} />
            </th>
            <td className="n">{n}</td>
            <td className="n font-semibold">{gain === null ? "–" : gainText(gain.value)}</td>
            <td className="n whitespace-nowrap">{gain === null ? words.few(n) : words.range(gainText(gain.low), gainText(gain.high))}</td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  );
}
