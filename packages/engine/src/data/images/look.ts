/**
 * What the data check sees in pictures. Each is decoded whole, as training does it; of each stays a sketch of 8 x 8 levels, by which one
 * that is the negative of the others is found. Nothing of it is said but which row.
 */
import type { ImageField } from "@engraft/core/models/fields";
import type { Looked } from "../files.ts";
import { levelsOf, usesOwnWindow } from "./levels.ts";
import { pictureBytes } from "./picture-file.ts";
import { PictureRefused, type Picture } from "./picture.ts";
import { resized } from "./resize.ts";
import { checkExpected, readPicture } from "./sample.ts";

const SIDE = 8;
/** Below that many pictures there is no telling what they have in common. */
const ENOUGH = 8;
/** Correlation with the mean of the others: most pictures above the first, the negative of one below the second. */
const ALIKE = 0.5;
const OPPOSITE = -0.5;
/** How much brighter (of 255) the edge is than the middle in a picture that lies on black. */
const CLEARLY = 64;

export class PictureLook {
  readonly #field: ImageField;
  readonly #sketches = new Map<number, Uint8Array>();
  readonly #inverted = new Set<number>();

  constructor(field: ImageField) {
    this.#field = field;
  }

  /** `index`: any number that names the file. */
  async look(index: number, file: { readonly path: string; readonly folder: string }): Promise<Looked> {
    try {
      const picture = await readPicture(await pictureBytes(file), this.#field);
      checkExpected(picture, this.#field);
      const sketch = sketchOf(picture, levelsOf(picture, this.#field));
      this.#sketches.set(index, sketch);
      if (onWrongGround(sketch, this.#field.background)) this.#inverted.add(index);
      return {
        notes: [
          ...(isConstant(picture) ? ["constant-picture" as const] : []),
          ...(usesOwnWindow(picture, this.#field) && this.#field.intensity === undefined ? ["own-window" as const] : []),
        ],
      };
    } catch (error) {
      return { fault: error instanceof PictureRefused ? error.kind : "unreadable-file", notes: [] };
    }
  }

  /** Files that look inverted: against the plan's background, or as the negative of all others. */
  inverted(): readonly number[] {
    return [...new Set([...this.#inverted, ...opposites(this.#sketches)])].toSorted((a, b) => a - b);
  }
}

const isConstant = ({ values, channels }: Picture): boolean => values.every((value, at) => value === values[at % channels]);

/** Grey levels, rounded. */
function sketchOf({ width, height, channels }: Picture, levels: Float32Array): Uint8Array {
  const grey = channels === 1 ? levels : Float32Array.from({ length: width * height }, (_, at) => levels[at * 3 + 1] as number);
  return Uint8Array.from(resized({ width, height, values: grey }, SIDE, SIDE), Math.round);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function onWrongGround(sketch: Uint8Array, background: ImageField["background"]): boolean {
  if (background === undefined) return false;
  const outside = (at: number): boolean => [Math.floor(at / SIDE), at % SIDE].some((place) => place === 0 || place === SIDE - 1);
  const inside = (at: number): boolean => [Math.floor(at / SIDE), at % SIDE].every((place) => place >= 2 && place < SIDE - 2);
  const pick = (where: (at: number) => boolean): number => mean([...sketch].filter((_, at) => where(at)));
  const brighter = pick(outside) - pick(inside);
  return background === "dark" ? brighter > CLEARLY : brighter < -CLEARLY;
}

function opposites(sketches: ReadonlyMap<number, Uint8Array>): readonly number[] {
  if (sketches.size < ENOUGH) return [];
  const sums = new Float64Array(SIDE * SIDE);
  for (const sketch of sketches.values()) for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] as number) + (sketch[at] as number);
  const alike = [...sketches].map(([index, sketch]) => ({
    index,
    with: correlation(
      sketch,
      sums.map((sum, at) => sum - (sketch[at] as number)),
    ),
  }));
  const median = alike.map((one) => one.with).toSorted((a, b) => a - b)[alike.length >> 1] as number;
  return median < ALIKE ? [] : alike.filter((one) => one.with < OPPOSITE).map(({ index }) => index);
}

/** Pearson's; 0 where one of both does not vary. */
function correlation(a: Uint8Array, b: Float64Array): number {
  const [meanA, meanB] = [mean([...a]), mean([...b])];
  let [ab, aa, bb] = [0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    const [da, db] = [(a[at] as number) - meanA, (b[at] as number) - meanB];
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}
