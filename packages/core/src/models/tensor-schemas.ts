/** What a manifest says of a tensor, and a plan of which are trained. Apart from what is computed of them, so that a page can do that without the schema library. */
import * as z from "zod";

export const TensorSpec = z.strictObject({
  /** Not starting with "__": safetensors keeps `__metadata__` for itself, JavaScript `__proto__`. */
  name: z.string().regex(/^(?!__)[A-Za-z0-9_./-]{1,120}$/),
  /** Row-major. */
  shape: z
    .array(
      z
        .int()
        .min(1)
        .max(2 ** 31 - 1),
    )
    .max(8),
  /** 0 = head, 1 = the block before it, and so on towards the input. */
  depth: z.int().min(0).max(1000),
  /** Of a normalisation: what it learns by gradient, or the running statistics of what it has seen. Absent for weights. */
  role: z.enum(["norm", "statistic"]).optional(),
});
export type TensorSpec = z.infer<typeof TensorSpec>;

const training = {
  /**
   * Batch normalisation in the trained part: left as the base has it; trained at each site and kept there (FedBN, Li et al. 2021);
   * or trained and averaged like everything else. Absent means frozen.
   */
  norm: z.enum(["frozen", "local", "shared"]).optional(),
  /** Trained at each site and never leaving it (FedPer, Arivazhagan et al. 2019). */
  personal: z.literal("head").optional(),
};

/** Which tensors a plan trains: the head, the head and the last n blocks, or everything. */
export const TrainablePart = z.discriminatedUnion("part", [
  z.strictObject({ part: z.literal("head"), ...training }),
  z.strictObject({ part: z.literal("last-blocks"), blocks: z.int().min(1).max(1000), ...training }),
  z.strictObject({ part: z.literal("all"), ...training }),
]);
export type TrainablePart = z.infer<typeof TrainablePart>;
