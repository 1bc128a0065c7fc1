/** Changes a sample as a plan's augmentation says. Works on normalised values, channels first, and is the same on every machine. */
import type { Augmentation } from "@engraft/core/models/augmentation";
import type { Random } from "../base/random.ts";
import type { FileInput } from "./file-input.ts";

/** Uniform in [-limit, limit]. */
const within = (limit: number, random: Random): number => limit * (2 * random.uniform() - 1);

/** Standard normal (Box and Muller 1958). */
const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());

type Pictures = Extract<Augmentation, { readonly of: "pictures" }>;
type Recordings = Extract<Augmentation, { readonly of: "recordings" }>;

/** A changed copy. The same number of random choices is made whatever the settings are. */
export function augmented(sample: Float32Array, input: FileInput, augmentation: Augmentation, random: Random): Float32Array {
  if (augmentation.of === "recordings") return changedRecording(sample, input.shape[0] as number, augmentation, random);
  const { mean, sd } = input.rule;
  return changedPicture(sample, { shape: input.shape, mean, sd }, augmentation, random);
}

interface Picture {
  /** [channels, height, width] */
  readonly shape: readonly number[];
  readonly mean: readonly number[];
  readonly sd: readonly number[];
}

function changedPicture(
  sample: Float32Array,
  { shape, mean, sd }: Picture,
  { flip, rotate, brightness }: Pictures,
  random: Random,
): Float32Array {
  const [channels = 0, height = 0, width = 0] = shape;
  const mirrored = random.uniform() < 0.5 && flip;
  const angle = (within(rotate, random) * Math.PI) / 180;
  const factor = 1 + within(brightness, random);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
  const result = new Float32Array(sample.length);
  for (let channel = 0; channel < channels; channel++) {
    const [m, s] = [mean[channel] as number, sd[channel] as number];
    const plane = sample.subarray(channel * height * width, (channel + 1) * height * width);
    const outside = -m / s;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const fromX = (mirrored ? width - 1 - x : x) - middleX;
        const value = between(
          plane,
          width,
          height,
          middleX + cos * fromX + sin * (y - middleY),
          middleY - sin * fromX + cos * (y - middleY),
          outside,
        );
        // Brightness is a factor on what the camera saw, before it was normalised.
        result[channel * height * width + y * width + x] = ((value * s + m) * factor - m) / s;
      }
    }
  }
  return result;
}

/** Bilinear, with `outside` beyond the edges. */
function between(plane: Float32Array, width: number, height: number, x: number, y: number, outside: number): number {
  const at = (column: number, row: number): number =>
    column < 0 || row < 0 || column >= width || row >= height ? outside : (plane[row * width + column] as number);
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, below] = [x - left, y - top];
  const above = right === 0 ? at(left, top) : (1 - right) * at(left, top) + right * at(left + 1, top);
  if (below === 0) return above;
  return (1 - below) * above + below * ((1 - right) * at(left, top + 1) + right * at(left + 1, top + 1));
}

function changedRecording(sample: Float32Array, leads: number, { scale, shift, noise }: Recordings, random: Random): Float32Array {
  const length = sample.length / leads;
  const factor = 1 + within(scale, random);
  const moved = Math.round(within(shift, random) * length);
  const result = new Float32Array(sample.length);
  for (let lead = 0; lead < leads; lead++) {
    for (let at = 0; at < length; at++) {
      const from = (((at - moved) % length) + length) % length;
      result[lead * length + at] = factor * (sample[lead * length + from] as number) + (noise > 0 ? noise * normal(random) : 0);
    }
  }
  return result;
}
