/** Changed copies of the training samples, declared in the plan: made once at each site, from the plan's seed. */
import * as z from "zod";

const Copies = z.int().min(1).max(16);

export const Augmentation = z.discriminatedUnion("of", [
  z.strictObject({
    of: z.literal("pictures"),
    /** Changed copies of each training picture; a pass over the data takes the originals and all of them. */
    copies: Copies,
    /** Mirrored left to right, by chance. Not where sides matter. */
    flip: z.boolean(),
    /** Turned about the centre by up to so many degrees, either way; what comes in from outside is black. */
    rotate: z.number().min(0).max(180),
    /** Brighter or darker by up to this share. */
    brightness: z.number().min(0).max(0.9),
  }),
  z.strictObject({
    of: z.literal("recordings"),
    copies: Copies,
    /** Larger or smaller by up to this share. */
    scale: z.number().min(0).max(0.9),
    /** Moved in time by up to this share of its length, either way; what leaves at one end comes in at the other. */
    shift: z.number().min(0).max(0.5),
    /** Standard deviation of normal noise, in standard deviations of the lead. */
    noise: z.number().min(0).max(2),
  }),
]);
export type Augmentation = z.infer<typeof Augmentation>;
