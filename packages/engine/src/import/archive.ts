/** Zip archives that somebody else made: what is in them, and single files of a size that was agreed. */
import { EngraftError } from "@engraft/core/base/errors";
import { unzipSync } from "fflate";

/** No file of numbers is smaller than this share of itself when compressed. */
const MOST_COMPRESSED = 100;

export const isArchive = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b;

/** Names of the files in an archive; none where it is no whole archive. */
function namesIn(bytes: Uint8Array): readonly string[] {
  const names: string[] = [];
  try {
    unzipSync(bytes, { filter: ({ name }) => names.push(name) < 0 });
  } catch {
    return [];
  }
  return names;
}

/** A file of Keras 3 is an archive like one of PyTorch, with the layers in a file of their own. */
export function isKeras(bytes: Uint8Array): boolean {
  if (!isArchive(bytes)) return false;
  const names = namesIn(bytes);
  return names.includes("config.json") && !names.some((name) => name === "data.pkl" || name.endsWith("/data.pkl"));
}

/** The files of `limits` that the archive has, each with at most so many bytes. Throws `bad-input`. */
export function filesIn<N extends string>(
  bytes: Uint8Array,
  limits: Readonly<Record<N, number>>,
): Readonly<Partial<Record<N, Uint8Array>>> {
  const sizes = new Map<string, number>();
  const wanted = ({ name, size, originalSize }: { name: string; size: number; originalSize: number }): boolean => {
    if (!Object.hasOwn(limits, name)) return false;
    if (originalSize > limits[name as N] || originalSize > 1e6 + MOST_COMPRESSED * size) {
      throw new EngraftError("bad-input", `The file "${name}" in the archive would unpack to ${originalSize} bytes; that is no model.`);
    }
    sizes.set(name, originalSize);
    return true;
  };
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, { filter: wanted });
  } catch (cause) {
    if (cause instanceof EngraftError) throw cause;
    throw new EngraftError("bad-input", "The archive is broken or cut off. Copy it again, or save the model anew.", { cause });
  }
  for (const [name, size] of sizes) {
    if (files[name]?.byteLength !== size) throw new EngraftError("bad-input", `The file "${name}" in the archive is cut off.`);
  }
  return files as Partial<Record<N, Uint8Array>>;
}
