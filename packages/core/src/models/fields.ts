/** What a plan reads from a hospital's table: declared, never guessed. */
import * as z from "zod";

const FieldName = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, "use a letter, then letters, digits and '_'");
const Code = z.string().min(1).max(64);

export const NumberField = z
  .strictObject({
    kind: z.literal("number"),
    name: FieldName,
    title: z.string().min(1).max(120),
    /** UCUM unit, for example `mm[Hg]`; "1" where the value has none. */
    unit: z.string().min(1).max(40),
    /** Plausible range, inclusive. A value outside it is a finding of the data check and counts as missing. */
    min: z.number(),
    max: z.number(),
    /** g/mol: lets a site that measures mass take part where the unit is one of amount, and the other way round. */
    molarMass: z.number().gt(0).max(10_000_000).exactOptional(),
  })
  .refine((field) => field.min < field.max, "min is not below max");

export const CategoryField = z.strictObject({
  kind: z.literal("category"),
  name: FieldName,
  title: z.string().min(1).max(120),
  /** Every code that may occur, with its meaning. A code outside the list is a finding and counts as missing. */
  values: z
    .array(z.strictObject({ code: Code, means: z.string().min(1).max(120) }))
    .min(2)
    .max(64)
    .refine((values) => new Set(values.map((value) => value.code)).size === values.length, "a code stands twice"),
});

/** A picture of the patient: the column holds the name of its file. */
export const ImageField = z.strictObject({ kind: z.literal("image"), name: FieldName, title: z.string().min(1).max(120) });

/** A recording of the patient over time: the column holds the name of its file. */
export const SignalField = z.strictObject({
  kind: z.literal("signal"),
  name: FieldName,
  title: z.string().min(1).max(120),
  /** Names of the channels, in the order in which a model takes them. */
  leads: z
    .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 _+-]{0,31}$/, "use letters, digits, spaces, '_', '+' and '-'"))
    .min(1)
    .max(256)
    .refine((leads) => new Set(leads.map((lead) => lead.toLowerCase())).size === leads.length, "a lead stands twice"),
  /** Samples per second of each lead. */
  rate: z.number().gt(0).max(1_000_000),
  /** Length of a recording; of a longer one the beginning is taken. */
  seconds: z.number().gt(0).max(86_400),
  /** UCUM unit, for example `mV`. */
  unit: z.string().min(1).max(40),
});
export type SignalField = z.infer<typeof SignalField>;

/** Whether a field, or the rule that reads it, is of a file for each sample: a picture or a recording. */
export const readsFile = ({ kind }: { readonly kind: string }): boolean => kind === "image" || kind === "signal";

export const Field = z.discriminatedUnion("kind", [NumberField, CategoryField, ImageField, SignalField]);
export type Field = z.infer<typeof Field>;

/** A yes/no label, by the codes that mean yes and those that mean no. */
export const BinaryLabel = z
  .strictObject({
    name: FieldName,
    title: z.string().min(1).max(120),
    positive: z.array(Code).min(1).max(64),
    negative: z.array(Code).min(1).max(64),
  })
  .refine(
    (label) => new Set([...label.positive, ...label.negative]).size === label.positive.length + label.negative.length,
    "a code of the label stands twice",
  );
export type BinaryLabel = z.infer<typeof BinaryLabel>;

/**
 * How patients are split, by a hash of salt and patient id: the same patient always falls into the same part, in every run, however
 * the table grows. Fractions of `train` and `validation`; the rest is `test`.
 */
export const Split = z
  .strictObject({
    salt: z.string().min(1).max(64),
    train: z.number().gt(0).lt(1),
    validation: z.number().min(0).lt(1),
    /**
     * The hash is under a key of each site's own, so that nobody outside can tell a patient's part from an id; and where a site has
     * few patients, they are divided class by class. Absent: SHA-256 without a key, the same at every site.
     */
    keyed: z.literal(true).exactOptional(),
  })
  .refine((split) => split.train + split.validation < 1, "train and validation leave no test patients");
export type Split = z.infer<typeof Split>;
