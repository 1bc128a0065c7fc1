/** What is to be known of an update before it is decided upon, without holding it in memory. */
import { toFloat32 } from "@engraft/core/base/bytes";
import type { Digest } from "@engraft/core/base/ids";
import { measureSlice, NOTHING_MEASURED, type Measure } from "@engraft/core/aggregation/mean";
import type { BlobStore } from "@engraft/runtime/blobs";
import { eachSlice, withFile } from "../plans/weights-file.ts";

export async function measure(blobs: BlobStore, digest: Digest): Promise<Measure> {
  return withFile(blobs, digest, async (file) => {
    const { size } = await file.stat();
    let measured = NOTHING_MEASURED;
    await eachSlice(file, 0, size, async (slice) => {
      measured = measureSlice(measured, toFloat32(slice));
    });
    return measured;
  });
}
