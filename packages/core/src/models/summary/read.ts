/** From a sum's totals to what may be shown of them. */
import { refuse, type Refusal } from "../../base/errors.ts";
import type { Plan } from "../plan.ts";
import { joined, type Group } from "./join.ts";
import { quantilesOf } from "./quantiles.ts";
import { cellsOf, measuresOf, partitionsOf, summaryLength, type Measure, type Partition } from "./settings.ts";
import type { SummaryFigures, SummaryMeasure } from "./table.ts";
import { groupInWords } from "./words.ts";

const add = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

/** One partition as it is shown: which of its classes are joined, and how many patients each has. */
interface Classes {
  readonly partition: Partition;
  /** Empty where only one would be left. */
  readonly groups: readonly Group[];
}

/** Counts of a measure: for each partition, each class, each cell. */
type Cells = readonly (readonly (readonly number[])[])[];

/** `sum-out-of-range` where no honest sites can have given the totals, `too-few-sites` where they are of too few patients to be shown. */
export function readSummary(
  plan: Plan,
  totals: readonly number[],
  sites: number,
): { readonly ok: true; readonly value: SummaryFigures } | Refusal {
  const { data, metrics, summary } = plan;
  const nonsense = refuse("sum-out-of-range", "The summed counts cannot come from these sites: a site sent nonsense.");
  if (summary === undefined || totals.length !== summaryLength(plan) || !totals.every((total) => Number.isSafeInteger(total) && total >= 0))
    return nonsense;
  const least = metrics.minCount;
  const [patients = 0, testPatients = 0] = totals;
  // No site gives counts of fewer.
  if (patients < sites * least) return nonsense;
  let at = 2;
  const take = (length: number): readonly number[] => totals.slice(at, (at += length));
  const partitions = partitionsOf(data.label);
  const inClasses = partitions.map(({ classes }) => take(classes.length));
  if (inClasses.some((counts) => add(counts) !== patients)) return nonsense;
  const measures = measuresOf(data, summary);
  const cells: Cells[] = [];
  for (const measure of measures) {
    const its = partitions.map(({ classes }) => classes.map(() => take(cellsOf(measure))));
    const fits = its.every((byClass, partition) => byClass.every((one, index) => add(one) === inClasses[partition]?.[index]));
    const whole = its.map((byClass) => totalsByCell(byClass));
    // Every partition is of the same patients.
    if (!fits || whole.some((one) => one.some((count, cell) => count !== whole[0]?.[cell]))) return nonsense;
    cells.push(its);
  }
  const classes = partitions.map((partition, index) => classesShown(partition, inClasses[index] as readonly number[], least));
  const value: SummaryFigures = {
    minCount: least,
    patients,
    testPatients: testPatients < least ? null : testPatients,
    labels: classes.map(({ partition: { name, title, classes: names }, groups }, index) => ({
      name,
      title,
      classes:
        groups.length === 0
          ? null
          : groups.map((group) => ({
              name: group.map((one) => names[one]).join(" or "),
              // One class is told by its name, as in summaries of earlier versions.
              ...(group.length > 1 ? { at: [...group] } : {}),
              count: add(group.map((one) => inClasses[index]?.[one] as number)),
            })),
    })),
    measures: measures.map((measure, index) => measureShown(measure, cells[index] as Cells, classes, least)),
  };
  return { ok: true, value };
}

const totalsByCell = (byClass: readonly (readonly number[])[]): readonly number[] =>
  (byClass[0] ?? []).map((_, cell) => add(byClass.map((counts) => counts[cell] as number)));

function classesShown(partition: Partition, counts: readonly number[], least: number): Classes {
  // That nobody lacks a label tells of nobody.
  const named = counts.flatMap((count, index) => (count === 0 && partition.classes[index] === "not known" ? [] : [index]));
  const groups = joined(
    named.map((index) => [counts[index] as number]),
    least,
    false,
  )?.map((group) => group.map((at) => named[at] as number));
  return { partition, groups: groups === undefined || groups.length < 2 ? [] : groups };
}

/** No value is a cell of its own where it has enough patients, or none at all; else it is joined with the smallest cell. */
function withNoValue(groups: readonly Group[], none: readonly number[], least: number, size: (group: Group) => number): readonly Group[] {
  if (none.every((count) => count === 0) || none.every((count) => count >= least)) return [[0], ...groups];
  const smallest = [...groups].sort((a, b) => size(a) - size(b))[0];
  return groups.map((group) => (group === smallest ? [0, ...group] : group));
}

function measureShown(measure: Measure, cells: Cells, classes: readonly Classes[], least: number): SummaryMeasure {
  const whole = totalsByCell(cells[0] ?? []);
  const ordered = measure.kind === "number";
  const size = (group: Group): number => add(group.map((cell) => whole[cell] as number));
  const found = joined(
    whole.slice(1).map((count) => [count]),
    least,
    ordered,
  );
  const { name, title } = measure;
  if (found === undefined)
    return { ...describing(measure), name, title, cells: null, byLabel: [], ...(ordered ? { quantiles: null } : {}) } as SummaryMeasure;
  const groups = withNoValue(
    found.map((group) => group.map((cell) => cell + 1)),
    [whole[0] as number],
    least,
    size,
  );
  const byLabel = classes.flatMap((one, index) => labelShown(measure, groups, cells[index] ?? [], one, least));
  const shown = {
    name,
    title,
    cells: groups.map((group) => ({ at: [...group], text: groupInWords(measure, group), count: size(group) })),
    byLabel,
  };
  return measure.kind === "number"
    ? { kind: "number", ...shown, unit: measure.unit, edges: [...measure.edges], quantiles: quantilesOf(measure.edges, shown.cells, least) }
    : { kind: "category", ...shown, codes: [...measure.codes] };
}

const describing = (measure: Measure) =>
  measure.kind === "number"
    ? { kind: "number", unit: measure.unit, edges: [...measure.edges] }
    : { kind: "category", codes: [...measure.codes] };

/** Of the groups that are shown, further joined until each class has enough in each. None where only one would be left. */
function labelShown(
  measure: Measure,
  groups: readonly Group[],
  byClass: readonly (readonly number[])[],
  { partition, groups: classes }: Classes,
  least: number,
): SummaryMeasure["byLabel"] {
  if (classes.length === 0) return [];
  const countsIn = (group: Group): readonly number[] =>
    classes.map((its) => add(its.flatMap((one) => group.map((cell) => byClass[one]?.[cell] as number))));
  const valued = groups.filter((group) => group.some((cell) => cell > 0));
  const found = joined(valued.map(countsIn), least, measure.kind === "number");
  if (found === undefined) return [];
  const coarse = found.map((group) => group.flatMap((at) => valued[at] as Group));
  const alone = groups.find((group) => group.length === 1 && group[0] === 0);
  const smallest = (group: Group): number => Math.min(...countsIn(group));
  const all = alone === undefined ? coarse : withNoValue(coarse, countsIn(alone), least, smallest);
  const cells = all.map((group) => {
    const at = group.toSorted((a, b) => a - b);
    return { at, text: groupInWords(measure, at), counts: [...countsIn(at)] };
  });
  return [{ label: partition.name, classes: classes.map((its) => its.map((one) => partition.classes[one]).join(" or ")), cells }];
}
