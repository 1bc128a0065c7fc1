/** What Engraft must know of an architecture to bring in its weights. */
import type { Shape } from "../ir/layers.ts";
import type { NamedArchitecture } from "./net.ts";

/** One way in which its weights are published: names of the tensors, and how a picture is normalised for them. */
interface Form {
  /** The file is of this form where it has this tensor. */
  readonly signature: string;
  /** For samples of a shape, with so many logits. */
  readonly build: (input: Shape, outputs: number) => NamedArchitecture;
  /** Pixels become (value - mean) / sd in each channel, of values from 0 to 255. */
  readonly mean: readonly number[];
  readonly sd: readonly number[];
}

export interface Known {
  readonly channels: 1 | 3;
  /** Pixels of width and height that it was trained on; others are possible. */
  readonly size: number;
  readonly forms: readonly Form[];
}

/** As torchvision and timm normalise. */
export const IMAGENET = { mean: [123.675, 116.28, 103.53], sd: [58.395, 57.12, 57.375] } as const;
