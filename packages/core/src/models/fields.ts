/** What a plan reads from a hospital's table: declared, never guessed. */
import * as z from "zod";

export const FieldName = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, "use a letter, then letters, digits and '_'");
export const Code = z.string().min(1).max(64);

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

/**
 * Which values become black (0) and white (255). `range`: these two, in the picture's own unit (Hounsfield units of CT, stored values where
 * a file has none), clipped beyond; a window of center c and width w is the range from c - w/2 to c + w/2. `bits`: the smallest and largest
 * number that the file can store. `file`: the window that each DICOM file brings.
 */
const Intensity = z.discriminatedUnion("from", [
  z
    .strictObject({ from: z.literal("range"), low: z.number(), high: z.number() })
    .refine(({ low, high }) => low < high, "low is not below high"),
  z.strictObject({ from: z.literal("bits") }),
  z.strictObject({ from: z.literal("file") }),
]);

/** A picture of the patient: the column holds the name of its file, or a number that its file holds, as the site declares. */
export const ImageField = z.strictObject({
  kind: z.literal("image"),
  name: FieldName,
  title: z.string().min(1).max(120),
  /** Without it 8-bit pictures are taken as they are, DICOM files with their own window, and other files of more bits are refused. */
  intensity: Intensity.exactOptional(),
  /** What every file must be; another is left out. */
  expect: z
    .strictObject({
      width: z.int().min(1).max(65_535).exactOptional(),
      height: z.int().min(1).max(65_535).exactOptional(),
      /** Bits of a stored value. */
      bits: z.int().min(1).max(64).exactOptional(),
    })
    .exactOptional(),
  /** What lies at the edges of these pictures when they are shown as they are meant: the data check names those that look inverted. */
  background: z.enum(["dark", "bright"]).exactOptional(),
  /** Which slice of a volume (NIfTI): the plane, and how far through the body: 0 is the first slice from the left, back or bottom, 1 the last. */
  slice: z.strictObject({ plane: z.enum(["axial", "coronal", "sagittal"]), at: z.number().min(0).max(1) }).exactOptional(),
});
export type ImageField = z.infer<typeof ImageField>;

/** A recording of the patient over time: the column holds the name of its file. */
export const SignalField = z
  .strictObject({
    kind: z.literal("signal"),
    name: FieldName,
    title: z.string().min(1).max(120),
    /** Names of the channels, in the order in which a model takes them. */
    leads: z
      .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 _+-]{0,31}$/, "use letters, digits, spaces, '_', '+' and '-'"))
      .min(1)
      .max(256)
      .refine((leads) => new Set(leads.map((lead) => lead.toLowerCase())).size === leads.length, "a lead stands twice"),
    /** Lead -> other names of it that count as the same (`II`: `MLII`). Upper and lower case do not matter. */
    aliases: z.record(z.string(), z.array(z.string().min(1).max(64)).min(1).max(16)).exactOptional(),
    /** Of a recording that lacks a lead: it is left out, or the lead is all zeros once it is normalised. Left out where nothing is said. */
    missingLead: z.enum(["refuse", "zeros"]).exactOptional(),
    /** Samples per second of each lead. */
    rate: z.number().gt(0).max(1_000_000),
    /** Length of a sample; of a longer recording the beginning is taken, or a stretch for each beat. */
    seconds: z.number().gt(0).max(86_400),
    /** UCUM unit, for example `mV`. */
    unit: z.string().min(1).max(40),
    /** Frequencies that are kept, in Hz: Butterworth filters of that order, forwards and backwards, over the whole recording. */
    band: z
      .strictObject({
        above: z.number().gt(0).max(500_000).exactOptional(),
        below: z.number().gt(0).max(500_000).exactOptional(),
        order: z.int().min(1).max(8),
      })
      .refine(({ above, below }) => above !== undefined || below !== undefined, "a band says what it keeps: above, below or both")
      .refine(({ above = 0, below = Infinity }) => above < below, "a band's lower end is not below its upper end")
      .exactOptional(),
    /** One sample for each beat, from so many seconds before it. Its label is the beat's. */
    beats: z.strictObject({ before: z.number().min(0).max(86_400) }).exactOptional(),
  })
  .refine(
    ({ leads, aliases = {} }) => Object.keys(aliases).every((lead) => leads.includes(lead)),
    "an alias is of a lead that is not named",
  )
  .refine(({ leads, aliases = {} }) => {
    const names = [...leads, ...Object.values(aliases).flat()].map((name) => name.trim().toLowerCase());
    return new Set(names).size === names.length;
  }, "a name stands for two leads");
export type SignalField = z.infer<typeof SignalField>;

export const Field = z.discriminatedUnion("kind", [NumberField, CategoryField, ImageField, SignalField]);
export type Field = z.infer<typeof Field>;

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
