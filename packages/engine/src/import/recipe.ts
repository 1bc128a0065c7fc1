/** How a base is trained from nothing, on one data set: written by hand, and kept in the manifest of what it made. */
import { Field, Split } from "@engraft/core/models/fields";
import { Label } from "@engraft/core/models/label-schemas";
import { Optimizer } from "@engraft/core/models/plan";
import * as z from "zod";

export const Recipe = z.strictObject({
  format: z.literal("engraft.recipe/1"),
  name: z.string(),
  version: z.string(),
  title: z.string(),
  description: z.string(),
  licence: z.string(),
  /** Which data, in words. */
  origin: z.string(),
  fields: z.array(Field).min(1).max(4096),
  label: Label,
  /** Which patients train; the others are never seen in training, and every later plan keeps the split. */
  split: Split,
  /** One of architectures/untrained.ts. */
  architecture: z.string(),
  /** Of a picture: its size in pixels and channels. */
  picture: z
    .strictObject({ width: z.int().min(8).max(1024), height: z.int().min(8).max(1024), channels: z.union([z.literal(1), z.literal(3)]) })
    .exactOptional(),
  training: z.strictObject({
    epochs: z.int().min(1).max(1000),
    batch: z.int().min(1).max(4096),
    optimizer: Optimizer,
    weightDecay: z.number().min(0).max(1),
    classWeights: z.literal("balanced").exactOptional(),
    seed: z
      .int()
      .min(0)
      .max(2 ** 31 - 1),
  }),
});
export type Recipe = z.infer<typeof Recipe>;
