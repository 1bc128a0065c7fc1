/** Tensors as an HDF5 file, by the library compiled to WebAssembly, in its own memory. */
import type { Shape } from "../ir/layers.ts";

export interface Hdf5Tensor {
  /** Groups and the tensor's own name, "a/b/0". */
  readonly path: string;
  readonly shape: Shape;
  readonly values: Float32Array;
}

/** Equal tensors give equal bytes. */
export async function writeHdf5(tensors: readonly Hdf5Tensor[]): Promise<Uint8Array> {
  // Loaded late: it compiles a library.
  const h5wasm = await import("h5wasm");
  const { FS } = await h5wasm.ready;
  return atNoTime(() => written(h5wasm, FS, tensors));
}

/**
 * HDF5 writes into each object when it was made, and the library has no switch for it. It asks JavaScript for the time, and nothing
 * else runs while this does: `work` is synchronous.
 */
function atNoTime<T>(work: () => T): T {
  const { now } = Date;
  Date.now = () => 0;
  try {
    return work();
  } finally {
    Date.now = now;
  }
}

type Library = typeof import("h5wasm");

function written({ File, Group }: Library, FS: Awaited<Library["ready"]>["FS"], tensors: readonly Hdf5Tensor[]): Uint8Array {
  const path = "/written.h5";
  const file = new File(path, "w");
  try {
    for (const { path: place, shape, values } of tensors) {
      const parts = place.split("/");
      let group: InstanceType<typeof Group> = file;
      for (const part of parts.slice(0, -1)) {
        const found = group.keys().includes(part) ? group.get(part) : group.create_group(part);
        group = found as InstanceType<typeof Group>;
      }
      group.create_dataset({ name: parts.at(-1) as string, data: values, shape: [...shape], dtype: "<f" });
    }
  } finally {
    file.close();
  }
  try {
    return Uint8Array.from(FS.readFile(path));
  } finally {
    FS.unlink(path);
  }
}
