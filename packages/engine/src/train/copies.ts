/** Training samples with the changed copies that a plan declares: more rows of the same patients. */
import { readsFile } from "@engraft/core/models/field-kinds";
import type { Plan } from "@engraft/core/models/plan";
import { rowsOf, type Features, type Samples } from "../data/samples.ts";
import type { Table } from "../data/table.ts";
import type { Copy } from "../trunk/features.ts";

/** What is asked of the encoder for each copy; none where the plan declares none. Only files of training patients are copied. */
export function copiesOf({ training: { augmentation, seed }, data }: Plan, table: Table): readonly Copy[] {
  if (augmentation === undefined) return [];
  const column = table.columns[data.fields.findIndex(readsFile)];
  const rows = rowsOf(table, "train");
  const files = new Set(rows.map((row) => column?.[row]));
  return Array.from({ length: augmentation.copies }, (_, copy) => ({
    augmentation,
    seed: [seed, copy],
    wanted: (file) => files.has(file),
  }));
}

/** The originals, then each copy of all of them. */
export function withCopies(originals: Samples, copies: readonly Features[], samplesWith: (features: Features) => Samples): Samples {
  if (copies.length === 0) return originals;
  const all = [originals, ...copies.map(samplesWith)];
  const x = new Float32Array(all.length * originals.x.length);
  all.forEach((samples, index) => x.set(samples.x, index * originals.x.length));
  const repeated = <T extends Float32Array | Uint32Array>(into: T, values: T): T => {
    for (let index = 0; index < all.length; index++) into.set(values, index * values.length);
    return into;
  };
  return {
    rows: all.length * originals.rows,
    width: originals.width,
    x,
    targets: originals.targets,
    y: repeated(new Float32Array(all.length * originals.y.length), originals.y),
    patients: repeated(new Uint32Array(all.length * originals.rows), originals.patients),
  };
}
