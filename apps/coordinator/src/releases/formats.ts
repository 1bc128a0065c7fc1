/** A release in the formats that others load, with the texts that go with them, made from the candidate's own files. */
import { readFile } from "node:fs/promises";
import { readSafetensors } from "@engraft/core/models/safetensors";
import type { DescribedRelease } from "@engraft/engine/export/described";
import type { BlobStore } from "@engraft/runtime/blobs";
import { readManifest } from "../plans/bases.ts";
import type { ReleaseFile } from "../rounds/release.ts";

/** A larger model is released as it is: other formats would need several copies of it in memory. */
const MOST_BYTES = 1024 * 1024 * 1024;

/** Everything beside the candidate's own files, in the order in which it is shown. */
export async function formatsOf(
  blobs: BlobStore,
  candidate: readonly ReleaseFile[],
  described: Omit<DescribedRelease, "manifest" | "files" | "leftOut">,
): Promise<readonly ReleaseFile[]> {
  // Loaded late: few coordinators make a release in a day, and the engine is large.
  const { releaseFiles, releaseTexts } = await import("@engraft/engine/export/release-files");
  const given = new Map<string, Uint8Array>();
  const whole = candidate.reduce((sum, { bytes }) => sum + bytes, 0) <= MOST_BYTES;
  for (const { name, sha256 } of candidate)
    if (whole || name === "manifest.json") given.set(name, new Uint8Array(await readFile(blobs.path(sha256))));
  const [manifestFile, model] = ["manifest.json", "model.safetensors"].map((name) => given.get(name));
  if (manifestFile === undefined) throw new Error("Bug: a candidate without a manifest");
  const release = { ...described, manifest: readManifest(Buffer.from(manifestFile).toString("utf8")) };
  const made =
    model === undefined
      ? releaseTexts({ ...release, files: candidate, leftOut: [{ name: "other formats", why: "the model is larger than 1 GiB" }] })
      : (await releaseFiles(release, readSafetensors(model).tensors, given)).files;
  const files: ReleaseFile[] = [];
  for (const [name, content] of made) {
    if (given.has(name)) continue;
    const { digest, bytes } = await blobs.put(content);
    files.push({ name, sha256: digest, bytes });
  }
  return files;
}
