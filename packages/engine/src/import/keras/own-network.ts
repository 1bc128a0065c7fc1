/** A network of pictures or recordings from a Keras or TensorFlow.js model, as `base add` needs it. */
import type { PublishedNetwork } from "../../architectures/known.ts";
import { inputShape } from "../../ir/layers.ts";
import type { Converted } from "./convert.ts";
import { cannotBring, wrongFile } from "./refusal.ts";

/** Mean and sd are those of the model's first layers; undefined where it does not normalise what comes in. */
export type OwnNetwork = Pick<PublishedNetwork, "architecture" | "tensors"> & Partial<Pick<PublishedNetwork, "mean" | "sd">>;

/** As people write it: 110, not 109.99999999999999. */
const plain = (value: number): number => Number(value.toPrecision(12));

/** Throws `bad-input` where the model takes neither pictures nor recordings. */
export function ownNetwork({ architecture, tensors, scaled }: Converted): OwnNetwork {
  if (inputShape(architecture).length === 1) throw wrongFile("it takes rows of a table; only pictures and recordings can be brought in");
  if (scaled === undefined) return { architecture, tensors };
  const { scale, offset } = scaled;
  if (!scale.every((factor) => factor > 1e-6 && factor < 1e6))
    throw cannotBring("The model scales what comes in by a factor that is none of a standard deviation");
  // x scale + offset = (x - mean) / sd
  const mean = offset.map((shift, channel) => plain(0 - shift / (scale[channel] as number)));
  return { architecture, tensors, mean, sd: scale.map((factor) => plain(1 / factor)) };
}
