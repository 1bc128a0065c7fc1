/**
 * Entry point of the thread that reads HDF5: the C library, compiled to WebAssembly, in memory of its own and without a disk,
 * so that nothing a file says reaches another file. It may hang or die; the other side (hdf5.ts) sees to that.
 */
import { parentPort } from "node:worker_threads";
import { Dataset, Group, File, ready } from "h5wasm";

/** Of groups within groups, and of everything together. */
const DEEPEST = 40;
const MOST = 50_000;

export interface Hdf5Request {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export type Hdf5Answer =
  | {
      /** Path, shape and values of every tensor of float32 or float64. */
      readonly tensors: readonly (readonly [path: string, shape: readonly number[], values: Float32Array])[];
      /** What the attribute `name` of a group says. */
      readonly names: readonly (readonly [path: string, name: string])[];
    }
  | { readonly problem: string };

class Refused extends Error {}

/** The library's memory is spoilt and would refuse every later file too: the thread ends by it, and the next file gets a new one. */
const isFatal = (error: unknown): boolean => error instanceof Error && ["RuntimeError", "RangeError"].includes(error.name);

const library = await ready;
// Otherwise a failed read gives whatever stood in memory.
library.activate_throwing_error_handler();

function values(dataset: Dataset, left: number): readonly [shape: readonly number[], values: Float32Array] | undefined {
  const { type, size, shape, total_size: length, chunks, virtual_sources: elsewhere } = dataset.metadata;
  const isReal = type === library.H5T_class_t.H5T_FLOAT.value && (size === 4 || size === 8);
  if (!isReal || shape === null) return undefined;
  if (elsewhere !== undefined && elsewhere.length > 0) throw new Refused("a tensor lies in another file");
  if (chunks !== null) throw new Refused("tensors are compressed or in pieces");
  if (!Number.isSafeInteger(length) || length * size > left) throw new Refused("they claim to be more numbers than there are");
  const value = dataset.value;
  if (value instanceof Float32Array || value instanceof Float64Array) return [shape, Float32Array.from(value)];
  return typeof value === "number" ? [shape, Float32Array.of(value)] : undefined;
}

/** Nothing where the library cannot read it: whoever needs it says so. */
const attempt = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refused || isFatal(error)) throw error;
    return undefined;
  }
};

function read(file: File, bytes: number): Hdf5Answer {
  const tensors: [string, readonly number[], Float32Array][] = [];
  const names: [string, string][] = [];
  let [left, seen] = [bytes, 0];
  const visit = (group: Group, path: string, depth: number): void => {
    const name = attempt(() => group.attrs["name"]?.value);
    if (typeof name === "string") names.push([path, name]);
    for (const key of attempt(() => group.keys()) ?? []) {
      if (++seen > MOST || depth > DEEPEST) throw new Refused("there are too many groups");
      const entity = attempt(() => group.get(key));
      const at = path === "" ? key : `${path}/${key}`;
      if (entity instanceof Group) visit(entity, at, depth + 1);
      if (!(entity instanceof Dataset)) continue;
      const found = attempt(() => values(entity, left));
      if (found === undefined) continue;
      left -= 4 * found[1].length;
      tensors.push([at, ...found]);
    }
  };
  visit(file, "", 0);
  return { tensors, names };
}

function answer(bytes: Uint8Array): Hdf5Answer {
  const path = "/weights.h5";
  let file: File | undefined;
  try {
    library.FS.writeFile(path, bytes);
    file = new File(path, "r");
    return read(file, bytes.byteLength);
  } catch (error) {
    if (isFatal(error)) throw error;
    return { problem: error instanceof Refused ? error.message : "they are broken or cut off" };
  } finally {
    attempt(() => file?.close());
    attempt(() => library.FS.unlink(path));
  }
}

parentPort?.on("message", ({ bytes }: Hdf5Request) => {
  const result = answer(bytes);
  const buffers = "tensors" in result ? result.tensors.map(([, , { buffer }]) => buffer as ArrayBuffer) : [];
  parentPort?.postMessage(result, buffers);
});
parentPort?.postMessage("ready");
