/** What a sum of counts says, as everybody may see it: cells of fewer patients than the plan's minimum are joined with others. */
import * as z from "zod";
import { Digest, RunId, SiteName } from "../../base/ids.ts";

/** Cells that are shown as one. */
const shown = {
  /** Of a number: 0 no value, 1 below the range, 2, 3, ... the bins, the last one above. Of codes: 0 no value, 1, 2, ... the codes. */
  at: z.array(z.int().min(0)).min(1),
  text: z.string(),
};
const Count = z.int().min(0);
export const SummaryCell = z.strictObject({ ...shown, count: Count });
export type SummaryCell = z.infer<typeof SummaryCell>;

/** Lies in this range, whatever the exact values are; null: open. The range is the bin's, so its width bounds the error. */
const Quantile = z.strictObject({ p: z.number(), from: z.number().nullable(), to: z.number().nullable() });
export type Quantile = z.infer<typeof Quantile>;

const ByLabel = z.strictObject({
  label: z.string(),
  /** Classes that are shown, some of them joined. */
  classes: z.array(z.string()),
  /** Coarser than the measure's own cells, since each class must have enough patients; counts in the order of the classes. */
  cells: z.array(z.strictObject({ ...shown, counts: z.array(Count) })),
});

const measure = {
  name: z.string(),
  title: z.string(),
  /** Null where fewer patients than the minimum count have a value. */
  cells: z.array(SummaryCell).nullable(),
  /** One for each label whose classes can be told apart. */
  byLabel: z.array(ByLabel),
};

export const SummaryMeasure = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("number"),
    ...measure,
    unit: z.string(),
    edges: z.array(z.number()).min(3),
    /** Of the patients who have a value; null where cells are. */
    quantiles: z.array(Quantile).nullable(),
  }),
  z.strictObject({ kind: z.literal("category"), ...measure, codes: z.array(z.strictObject({ code: z.string(), means: z.string() })) }),
]);
export type SummaryMeasure = z.infer<typeof SummaryMeasure>;

/** Counts of all sites' training and validation patients together, each once. */
export const SummaryFigures = z.strictObject({
  minCount: z.int().min(1),
  patients: Count,
  /** Nothing else is counted of them. Null: fewer than the minimum count. */
  testPatients: Count.nullable(),
  /** Null where the classes cannot be told apart without showing a small one. */
  labels: z.array(
    z.strictObject({
      name: z.string(),
      title: z.string(),
      /** `at`: the classes that are shown as one, by index, where they are several; older summaries lack it. */
      classes: z.array(z.strictObject({ name: z.string(), at: z.array(Count).min(1).exactOptional(), count: Count })).nullable(),
    }),
  ),
  measures: z.array(SummaryMeasure),
});
export type SummaryFigures = z.infer<typeof SummaryFigures>;

/** As it is signed: beside the figures, of which sum they are. */
export const SummaryTable = z.strictObject({
  format: z.literal("engraft.summary/1"),
  run: RunId,
  plan: Digest,
  /** Of the summed words, and of the record by which the sum can be rebuilt. */
  sum: Digest,
  record: Digest,
  sites: z.array(SiteName),
  figures: SummaryFigures,
});
export type SummaryTable = z.infer<typeof SummaryTable>;
