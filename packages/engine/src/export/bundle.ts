/** Files as one archive whose bytes follow from theirs: no times, no owners, nothing of the machine. */
import { zipSync, type Zippable } from "fflate";

/** The first moment that a zip can name, read by any clock alike. */
const NO_TIME = new Date(1980, 0, 1);

/** Files of numbers do not get smaller. */
const STORED = /\.(safetensors|onnx|keras|h5|bin)$/;

/** In the order of the map. */
export function bundle(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const entries = [...files].map(([name, bytes]) => [name, [bytes, { level: STORED.test(name) ? 0 : 6, mtime: NO_TIME, os: 0 }]] as const);
  return zipSync(Object.fromEntries(entries) as Zippable);
}
