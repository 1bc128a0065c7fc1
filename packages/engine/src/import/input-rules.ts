/** Input rules of a base that is made from a table: their constants come from its training patients only. */
import { EngraftError } from "@engraft/core/base/errors";
import { readsFile } from "@engraft/core/models/field-kinds";
import type { Field, SignalField } from "@engraft/core/models/fields";
import type { InputRule } from "@engraft/core/models/manifest";
import { RecordingReader, usable, type SampleFile } from "../data/signals.ts";
import { rowsOf } from "../data/samples.ts";
import type { Table } from "../data/table.ts";
import type { Recipe } from "./recipe.ts";

/** Enough to tell them, and no more of somebody's patients. */
const rounded = (value: number): number => Number(value.toPrecision(6));

/** Sums from which mean and standard deviation follow, whatever was added in which order. */
interface Sums {
  count: number;
  sum: number;
  squares: number;
}

const noSums = (): Sums => ({ count: 0, sum: 0, squares: 0 });

function add(sums: Sums, values: Iterable<number>): Sums {
  for (const value of values) {
    sums.count++;
    sums.sum += value;
    sums.squares += value * value;
  }
  return sums;
}

/** What never varies is left as it is. */
function momentsOf({ count, sum, squares }: Sums): { readonly mean: number; readonly sd: number } {
  if (count === 0) return { mean: 0, sd: 1 };
  const mean = sum / count;
  const sd = Math.sqrt(Math.max(0, squares / count - mean * mean));
  return { mean: rounded(mean), sd: sd > 1e-9 ? rounded(sd) : 1 };
}

type ColumnField = Exclude<Field, { readonly kind: "image" | "signal" }>;

function columnRule(field: ColumnField, values: readonly number[]): InputRule {
  const known = values.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b);
  const flagMissing = known.length < values.length;
  if (field.kind === "category") {
    const counts = field.values.map((_, index) => known.filter((value) => value === index).length);
    const fill = field.values[counts.indexOf(Math.max(...counts))]?.code ?? "";
    return { kind: "one-hot", field: field.name, codes: field.values.map(({ code }) => code), fill, flagMissing };
  }
  return { kind: "standardise", field: field.name, ...momentsOf(add(noSums(), known)), fill: known[known.length >> 1] ?? 0, flagMissing };
}

/** Throws `bad-input` where a picture's size is not said, or columns and files are mixed. */
export async function inputRulesOf(recipe: Recipe, table: Table): Promise<InputRule[]> {
  const rows = rowsOf(table, "train");
  if (recipe.fields.some(readsFile) && recipe.fields.length > 1)
    throw new EngraftError("bad-input", "A recipe takes either the columns of a table or one picture or recording.");
  return Promise.all(
    recipe.fields.map(async (field, index): Promise<InputRule> => {
      const values = rows.map((row) => table.columns[index]?.[row] as number);
      if (field.kind === "image") return pictureRule(recipe, field.name);
      if (field.kind !== "signal") return columnRule(field, values);
      return signalRule(
        field,
        values.map((value) => table.files[value] as SampleFile),
      );
    }),
  );
}

function pictureRule({ picture }: Recipe, field: string): InputRule {
  if (picture === undefined)
    throw new EngraftError("bad-input", 'A recipe for pictures says their size: "picture": { width, height, channels }.');
  const each = (value: number): number[] => Array<number>(picture.channels).fill(value);
  return { kind: "image", field, ...picture, mean: each(127.5), sd: each(127.5) };
}

async function signalRule(field: SignalField, files: readonly SampleFile[]): Promise<InputRule> {
  const leads = field.leads.map(noSums);
  const reader = new RecordingReader(field);
  for (const file of files) {
    const [values, { empty }] = await usable(Promise.all([reader.sample(file), reader.prepared(file)]));
    const length = values.length / leads.length;
    leads.forEach((sums, lead) => {
      if (!empty.includes(field.leads[lead] as string)) add(sums, values.subarray(lead * length, (lead + 1) * length));
    });
  }
  const moments = leads.map(momentsOf);
  return { kind: "signal", field: field.name, mean: moments.map(({ mean }) => mean), sd: moments.map(({ sd }) => sd) };
}
