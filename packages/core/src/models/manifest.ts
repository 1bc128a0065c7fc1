/** The manifest of a base model: everything a site must know to use the weights beside it. */
import * as z from "zod";
import { Digest } from "../base/ids.ts";
import { readsFile } from "./field-kinds.ts";
import { Field, Split } from "./fields.ts";
import { Label } from "./label-schemas.ts";
import { TensorSpec } from "./tensor-schemas.ts";
import { totalSize } from "./tensors.ts";

/** How a field becomes numbers. Constants come from the base's own training patients. */
export const InputRule = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("standardise"),
    field: z.string(),
    mean: z.number(),
    sd: z.number().gt(0),
    /** Value used where the site has none, in the field's unit. */
    fill: z.number(),
    /** Adds one more number: 1 where the value was missing, else 0. */
    flagMissing: z.boolean(),
  }),
  z.strictObject({
    kind: z.literal("one-hot"),
    field: z.string(),
    /** One number for each of these codes, in this order. */
    codes: z.array(z.string()).min(1),
    /** Code used where the site has none. */
    fill: z.string(),
    flagMissing: z.boolean(),
  }),
  /** The picture that goes through the trunk or enters the layers; at most one field. Its features come first, whatever the order of the rules. */
  z.strictObject({
    kind: z.literal("image"),
    field: z.string(),
    /** Pixels; the picture is brought to it (bilinear) as `fit` says. */
    width: z.int().min(1).max(2048),
    height: z.int().min(1).max(2048),
    /** stretch, the default: both sides by themselves. crop: the largest middle part of the wanted shape. pad: the whole, with black beside it. */
    fit: z.enum(["stretch", "crop", "pad"]).exactOptional(),
    channels: z.union([z.literal(1), z.literal(3)]),
    /** (value - mean) / sd for each channel, of values from 0 to 255. */
    mean: z.array(z.number()).min(1).max(3),
    sd: z.array(z.number().gt(0)).min(1).max(3),
  }),
  /** The recording that does so; it and a picture exclude each other. */
  z.strictObject({
    kind: z.literal("signal"),
    field: z.string(),
    /** (value - mean) / sd for each lead, in the field's unit. */
    mean: z.array(z.number()).min(1).max(256),
    sd: z.array(z.number().gt(0)).min(1).max(256),
  }),
]);
export type InputRule = z.infer<typeof InputRule>;

const MAX_DEPTH = 32;

/** JSON of bounded depth: zod's own schema for JSON recurses, so a text of a million brackets would overflow the stack. */
const isJson = (value: unknown, depth: number): boolean =>
  depth > 0 &&
  (value === null ||
    ["string", "number", "boolean"].includes(typeof value) ||
    (typeof value === "object" && Object.values(value).every((inner) => isJson(inner, depth - 1))));

/** Features of the reference input (engine, trunk/reference.ts), and how far a site's may be off: |a - b| <= tolerance * (1 + |b|). */
const Reference = z.strictObject({ features: z.array(z.number()).min(1).max(65_536), tolerance: z.number().gt(0).max(0.1) });
export type Reference = z.infer<typeof Reference>;

/**
 * The frozen part in front of the layers, as an ONNX file: whatever it computes, only its features are trained upon. Every
 * site runs the reference input after loading it, so that a corrupted or differently computed trunk is refused.
 */
export const Trunk = z.strictObject({
  onnx: z.strictObject({ digest: Digest, bytes: z.int().min(1) }),
  input: z.strictObject({ name: z.string().min(1).max(200), layout: z.enum(["nchw", "nhwc"]) }),
  /** The cut: the tensor that the trunk gives. */
  output: z.strictObject({
    name: z.string().min(1).max(200),
    /** How a sample's output becomes its features. */
    pool: z.enum(["none", "mean-over-space", "mean-over-tokens", "first-token"]),
  }),
  /** Numbers per sample after pooling. */
  features: z.int().min(1).max(65_536),
  reference: Reference,
});
export type Trunk = z.infer<typeof Trunk>;

export const Manifest = z
  .strictObject({
    format: z.literal("engraft.base/1"),
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$/),
    version: z.string().regex(/^[0-9]+\.[0-9]+(\.[0-9]+)?$/),
    title: z.string().min(1).max(120),
    description: z.string().max(2000),
    licence: z.string().min(1).max(120),
    /** Where the weights come from, in words. */
    origin: z.string().min(1).max(2000),
    fields: z.array(Field).max(4096),
    inputs: z.array(InputRule).max(4096),
    /** A foreign frozen part. Absent where the layers take the inputs as they are: then the plan's depth says where the model is cut. */
    trunk: Trunk.optional(),
    /** What the layers in front of the head give for the reference input; where a picture or signal enters the layers. */
    reference: Reference.optional(),
    label: Label,
    /** Present where the base has seen patients of a participating site: every plan must keep this split. */
    split: Split.nullable(),
    /** The layers, as the engine's layer IR (packages/engine/src/ir). Core passes it on. */
    architecture: z.custom<z.core.util.JSONType>((value) => isJson(value, MAX_DEPTH), `expected JSON at most ${MAX_DEPTH} levels deep`),
    /** How it was trained from nothing, where Engraft did it (engine, import/recipe.ts). */
    recipe: z
      .custom<z.core.util.JSONType>((value) => isJson(value, MAX_DEPTH), `expected JSON at most ${MAX_DEPTH} levels deep`)
      .optional(),
    /** Every tensor of the weights file, in the order of the layers. */
    tensors: z.array(TensorSpec).min(1).max(10_000),
    weights: z.strictObject({ digest: Digest, bytes: z.int().min(1) }),
  })
  .refine(
    (manifest) => new Set(manifest.tensors.map((tensor) => tensor.name)).size === manifest.tensors.length,
    "two tensors have the same name",
  )
  .refine(
    (manifest) => new Set(manifest.fields.map((field) => field.name)).size === manifest.fields.length,
    "two fields have the same name",
  )
  .refine(
    (manifest) => manifest.inputs.every((input) => manifest.fields.some((field) => field.name === input.field)),
    "an input names a field that is not declared",
  )
  .refine(
    ({ inputs, trunk, reference }) => (trunk === undefined && reference === undefined ? 0 : 1) === inputs.filter(readsFile).length,
    "a picture or signal needs a trunk or a reference, and there is at most one",
  )
  .refine(({ trunk, reference }) => trunk === undefined || reference === undefined, "a trunk brings its own reference")
  .refine(
    ({ inputs, reference }) => reference === undefined || inputs.length === 1,
    "where a picture or signal enters the layers, nothing else does",
  )
  .refine((manifest) => totalSize(manifest.tensors) <= 500_000_000, "more than 500 million values");
export type Manifest = z.infer<typeof Manifest>;
