/**
 * What a plan predicts: one of six kinds of label. Each says how many numbers a sample's target holds and how many a model gives for it;
 * the engine's losses and metrics follow from the kind. A label without a kind is a yes/no label, as the first plans wrote it.
 */
import * as z from "zod";
import { Code, FieldName } from "./fields.ts";

const Title = z.string().min(1).max(120);
const Codes = z.array(Code).min(1).max(64);

const common = { name: FieldName, title: Title };

const distinct = (codes: readonly string[]): boolean => new Set(codes).size === codes.length;

/** A yes/no label, by the codes that mean yes and those that mean no. */
export const BinaryLabel = z
  .strictObject({ kind: z.undefined().optional(), ...common, positive: Codes, negative: Codes })
  .refine((label) => distinct([...label.positive, ...label.negative]), "a code of the label stands twice");
export type BinaryLabel = z.infer<typeof BinaryLabel>;

/** One of several classes, each by the codes that mean it. Of two classes a yes/no label is made. */
const Classes = z
  .array(z.strictObject({ name: Title, codes: Codes }))
  .min(3, "two classes are a yes/no label")
  .max(64)
  .refine((classes) => distinct(classes.flatMap(({ codes }) => codes)), "a code of the label stands twice")
  .refine((classes) => distinct(classes.map(({ name }) => name)), "two classes have the same name");

export const MulticlassLabel = z.strictObject({ kind: z.literal("multiclass"), ...common, classes: Classes });

/** Classes in their order, the lowest first. */
export const OrdinalLabel = z.strictObject({ kind: z.literal("ordinal"), ...common, classes: Classes });

/** Several yes/no labels, each in a column of its own; a patient may lack some. */
export const MultilabelLabel = z.strictObject({
  kind: z.literal("multilabel"),
  ...common,
  labels: z
    .array(
      z
        .strictObject({ ...common, positive: Codes, negative: Codes })
        .refine((label) => distinct([...label.positive, ...label.negative]), "a code of the label stands twice"),
    )
    .min(2)
    .max(64)
    .refine((labels) => distinct(labels.map(({ name }) => name)), "two labels have the same name"),
});

/** A number. */
export const RegressionLabel = z
  .strictObject({
    kind: z.literal("regression"),
    ...common,
    /** UCUM unit; "1" where the value has none. */
    unit: z.string().min(1).max(40),
    /** Plausible range, inclusive. A row with a value outside it is left out; a prediction outside it is taken as at its edge. */
    min: z.number(),
    max: z.number(),
  })
  .refine((label) => label.min < label.max, "min is not below max");
export type RegressionLabel = z.infer<typeof RegressionLabel>;

/** Time to an event or, where it was not seen, to the end of observation (right censoring). Two columns. */
export const SurvivalLabel = z
  .strictObject({
    kind: z.literal("survival"),
    ...common,
    time: z.strictObject({
      name: FieldName,
      /** UCUM unit, for example `d`. */
      unit: z.string().min(1).max(40),
      /** Longest plausible time; the shortest is 0. */
      max: z.number().gt(0),
    }),
    event: z.strictObject({ name: FieldName, occurred: Codes, censored: Codes }),
  })
  .refine(({ event }) => distinct([...event.occurred, ...event.censored]), "a code of the event stands twice")
  .refine(({ time, event }) => time.name !== event.name, "time and event are two columns");
export type SurvivalLabel = z.infer<typeof SurvivalLabel>;

export const Label = z.discriminatedUnion("kind", [
  BinaryLabel,
  MulticlassLabel,
  OrdinalLabel,
  MultilabelLabel,
  RegressionLabel,
  SurvivalLabel,
]);
export type Label = z.infer<typeof Label>;
