/** A summary in plain words: for the steward who says yes to it, and for the terminal. */
import { lowerEdge, upperEdge } from "./quantiles.ts";
import type { Measure } from "./settings.ts";
import type { SummarySettings } from "./settings-schema.ts";
import type { ShiftReference } from "./shift.ts";
import type { SummaryMeasure, SummaryTable } from "./table.ts";

/** Six digits tell any bin's edge apart from its neighbours'. */
export const numberInWords = (value: number): string => String(Number(value.toPrecision(6))).replace("-", "−");

export function rangeInWords(from: number | null, to: number | null): string {
  if (from === null) return to === null ? "any value" : `below ${numberInWords(to)}`;
  return to === null ? `above ${numberInWords(from)}` : `${numberInWords(from)} to ${numberInWords(to)}`;
}

/** "20 to 30", "female or other", "above 80, or no value". */
export function groupInWords(measure: Measure, at: readonly number[]): string {
  const values = at.filter((cell) => cell > 0);
  if (values.length === 0) return "no value";
  const what =
    measure.kind === "number"
      ? rangeInWords(lowerEdge(measure.edges, Math.min(...values)), upperEdge(measure.edges, Math.max(...values)))
      : values.map((cell) => measure.codes[cell - 1]?.means ?? "").join(" or ");
  return at.includes(0) ? `${what}, or no value` : what;
}

const BAR = 24;

/** "▆▆▆" by the largest count. */
const barOf = (count: number, most: number): string => "▆".repeat(most === 0 ? 0 : Math.round((BAR * count) / most));

function measureLines(measure: SummaryMeasure): readonly string[] {
  const unit = measure.kind === "number" && measure.unit !== "1" ? ` (${measure.unit})` : "";
  const title = `${measure.title}${unit}`;
  if (measure.cells === null) return [title, "  Too few patients have a value for anything to be shown."];
  const [most, width] = [Math.max(...measure.cells.map(({ count }) => count)), Math.max(...measure.cells.map(({ text }) => text.length))];
  const cells = measure.cells.map(({ text, count }) =>
    `  ${text.padEnd(width)}  ${String(count).padStart(7)}  ${barOf(count, most)}`.trimEnd(),
  );
  const quantiles =
    measure.kind === "number" && measure.quantiles !== null
      ? [`  Quantiles: ${measure.quantiles.map(({ p, from, to }) => `${100 * p} % ${rangeInWords(from, to)}`).join("; ")}`]
      : [];
  const byLabel = measure.byLabel.flatMap(({ label, classes, cells: parts }) => [
    `  By ${label} (${classes.join(", ")}):`,
    ...parts.map(({ text, counts }) => `    ${text.padEnd(width)}  ${counts.map((count) => String(count).padStart(7)).join(" ")}`),
  ]);
  return [title, ...cells, ...quantiles, ...byLabel];
}

/** A summary for a terminal. */
export function summaryLines({ run, sites, figures }: SummaryTable): readonly string[] {
  const { patients, testPatients, minCount, labels, measures } = figures;
  const held = testPatients === null ? `fewer than ${minCount}` : String(testPatients);
  return [
    `${run}: ${patients} training and validation patients of ${sites.join(", ")}; ${held} test patients, of whom nothing else is counted.`,
    `Cells of fewer than ${minCount} patients are joined with others. A quantile lies in the range that is named.`,
    ...labels.map(({ title, classes }) =>
      classes === null
        ? `${title}: the classes cannot be told apart without showing fewer than ${minCount} patients.`
        : `${title}: ${classes.map(({ name, count }) => `${name} ${count}`).join(", ")}`,
    ),
    ...measures.flatMap((measure) => ["", ...measureLines(measure)]),
  ];
}

/** What a steward is told that leaves. */
export const summaryLeaves = ({ bins }: SummarySettings, minCount: number): string =>
  `Once: one masked vector of counts of this site's training and validation patients, each once: how many there are and how many are held out for tests; by what the label says; and for each field how many have no value, lie below and above its range and in each of ${bins} bins, or have each code, also by what the label says. Only the sum over all sites is opened. Who operates the coordinator can read that sum as it is; everybody else sees it with cells of fewer than ${minCount} patients joined with others. Nothing is trained. Counts of the same patients do not leave again.`;

/** What a steward is told of a plan that compares each site with a summary. */
export const shiftInWords = ({ run, sites, fields, patients }: ShiftReference): string =>
  `Only where this site's steward says so (approve --site-metrics): at the end it reports how far its training and validation patients are from the ${patients} of the summary ${run} (${sites.join(", ")}): for ${fields.length} fields the population stability index, and how far its mean is from the base's in standard deviations; of the label the difference of the shares. Rounded to hundredths, none of few patients, and no count.`;
