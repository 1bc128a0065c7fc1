/**
 * All files of a release as one zip, stored without compression: equal files give equal bytes, so that a change of the zip's own
 * bookkeeping, which no digest covers, is seen by making it again.
 */
import { unzipSync, zipSync } from "fflate";
import { EngraftError } from "../base/errors.ts";
import type { ReleaseFiles } from "./verify.ts";

/** The earliest moment that a zip can name, in local time as the format has it, so that it is the same bytes everywhere. */
const MOMENT = new Date(1980, 0, 1);

/** In the given order. At most about 2 GB. */
export const makeBundle = (files: ReleaseFiles): Uint8Array =>
  zipSync(Object.fromEntries(files), { level: 0, mtime: MOMENT, os: 3, attrs: 0o644 << 16 });

/** The files, and whether the zip around them is the one that `makeBundle` writes. Throws `bad-input`. */
export function readBundle(bytes: Uint8Array): { readonly files: ReleaseFiles; readonly exact: boolean } {
  let files: ReleaseFiles;
  try {
    files = new Map(Object.entries(unzipSync(bytes)));
  } catch (cause) {
    throw new EngraftError("bad-input", "This is no zip file, or its end is missing or damaged. Download it again.", { cause });
  }
  return { files, exact: files.size > 0 && Buffer.compare(makeBundle(files), bytes) === 0 };
}
