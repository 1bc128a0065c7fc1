/** Tensors as an HDF5 file, by the library compiled to WebAssembly, in its own memory. */
import type { Shape } from "../ir/layers.ts";

export interface Hdf5Tensor {
  /** Groups and the tensor's own name, "a/b/0". */
  readonly path: string;
  readonly shape: Shape;
  readonly values: Float32Array;
}

export async function writeHdf5(tensors: readonly Hdf5Tensor[]): Promise<Uint8Array> {
  // Loaded late: it compiles a library.
  const { File, Group, ready } = await import("h5wasm");
  const { FS } = await ready;
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
