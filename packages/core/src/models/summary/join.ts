/**
 * Small cells are joined with others until none that is shown has fewer patients than the plan's minimum count. Nothing is left out, so
 * nothing can be worked out by taking what is shown from a total: every difference of two shown counts over the same patients is again a
 * union of whole cells.
 */

/** Cells that are shown as one, by index. */
export type Group = readonly number[];

const sumOver = (cells: readonly (readonly number[])[], group: Group): readonly number[] =>
  (cells[0] ?? []).map((_, part) => group.reduce((sum, cell) => sum + ((cells[cell] as readonly number[])[part] as number), 0));

/**
 * `cells`: for each cell one or more counts, each of which must reach `least` in every group. Neighbours are joined where the order says
 * something; else all that are too small, with the smallest of the others where that is not enough. Undefined where not even all together
 * are enough.
 */
export function joined(cells: readonly (readonly number[])[], least: number, ordered: boolean): readonly Group[] | undefined {
  const enough = (group: Group): boolean => group.length > 0 && sumOver(cells, group).every((count) => count >= least);
  const all = cells.map((_, cell) => cell);
  if (!enough(all)) return undefined;
  return ordered ? neighbours(all, enough) : together(cells, all, enough);
}

function neighbours(all: Group, enough: (group: Group) => boolean): readonly Group[] {
  const groups: Group[] = [];
  let open: number[] = [];
  for (const cell of all) {
    open.push(cell);
    if (!enough(open)) continue;
    groups.push(open);
    open = [];
  }
  if (open.length > 0) groups.push([...(groups.pop() ?? []), ...open]);
  return groups;
}

function together(cells: readonly (readonly number[])[], all: Group, enough: (group: Group) => boolean): readonly Group[] {
  const total = (cell: number): number => sumOver(cells, [cell]).reduce((sum, count) => sum + count, 0);
  const alone = all.filter((cell) => enough([cell])).sort((a, b) => total(a) - total(b));
  const rest = all.filter((cell) => !alone.includes(cell));
  while (rest.length > 0 && !enough(rest)) rest.push(alone.shift() as number);
  const groups = alone.map((cell) => [cell]);
  return (rest.length === 0 ? groups : [...groups, rest])
    .map((group) => group.sort((a, b) => a - b))
    .sort((a, b) => (a[0] as number) - (b[0] as number));
}
