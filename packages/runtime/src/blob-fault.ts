/** What is wrong with a blob that somebody relies on. */
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";

/** A blob is not here, or not as it was written. */
export class BlobFault extends EngraftError {
  readonly digest: Digest;
  constructor(code: "blob-missing" | "digest-mismatch", digest: Digest, cause?: unknown) {
    const short = digest.slice(0, 12);
    super(code, code === "blob-missing" ? `Blob ${short} is not here.` : `Blob ${short} does not have the bytes its digest promises.`, {
      cause,
    });
    this.digest = digest;
  }
}
