/**
 * Entry point of the thread that reads DICOM and NIfTI. A thread of its own, because what it runs meets files that anybody may have made:
 * codecs written in C, compiled to WebAssembly, and a parser that follows what a file says of itself. WebAssembly keeps them in memory of
 * their own and without a disk, but not from a loop without end, nor from filling what memory there is; a thread can be ended (decoder.ts),
 * and everything it had goes with it. The price is a copy of the pixels, which is small beside decoding.
 * Only the picture's numbers, or the one number that files are matched by, come out: no other element of a header, and no message
 * of a library.
 */
import { parentPort } from "node:worker_threads";
import { readDicom } from "./dicom.ts";
import { matchValue, type MatchTag } from "./dicom-match.ts";
import { looksLikeNifti, readNifti, type Slice } from "./nifti.ts";
import { isDicom, PictureRefused, type Picture, type PictureProblem } from "./picture.ts";

export type PictureRequest =
  | { readonly kind: "picture"; readonly bytes: Uint8Array<ArrayBuffer>; readonly slice: Slice | undefined }
  /** `whole`: the bytes are all of the file. */
  | { readonly kind: "match"; readonly bytes: Uint8Array<ArrayBuffer>; readonly tag: MatchTag; readonly whole: boolean };

export type PictureAnswer =
  | { readonly picture: Picture }
  | { readonly match: string | null | undefined }
  | { readonly problem: PictureProblem };

async function picture(bytes: Uint8Array, slice: Slice | undefined): Promise<Picture> {
  if (isDicom(bytes)) return readDicom(bytes);
  if (looksLikeNifti(bytes)) return readNifti(bytes, slice);
  throw new PictureRefused("unreadable-file");
}

async function answer(request: PictureRequest): Promise<PictureAnswer> {
  try {
    if (request.kind === "match") return { match: isDicom(request.bytes) ? matchValue(request.bytes, request.tag, request.whole) : null };
    return { picture: await picture(request.bytes, request.slice) };
  } catch (error) {
    return { problem: error instanceof PictureRefused ? error.kind : "unreadable-file" };
  }
}

parentPort?.on("message", (request: PictureRequest) => {
  void answer(request).then((result) =>
    parentPort?.postMessage(result, "picture" in result ? [result.picture.values.buffer as ArrayBuffer] : []),
  );
});
parentPort?.postMessage("ready");
