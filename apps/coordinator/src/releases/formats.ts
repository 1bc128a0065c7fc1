/** A release in the formats that others load, with the texts that go with them, made from the candidate's own files. */
import { readFile } from "node:fs/promises";
import type { Manifest } from "@engraft/core/models/manifest";
import { readSafetensors } from "@engraft/core/models/safetensors";
import type { Plan } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import type { BlobStore } from "@engraft/runtime/blobs";
import { readManifest } from "../plans/bases.ts";
import type { ReleaseFile } from "../rounds/release.ts";

/** A larger model is released as it is: other formats would need several copies of it in memory. */
const MOST_BYTES = 1024 * 1024 * 1024;

interface Described {
  readonly name: string;
  readonly version: string;
  readonly notes: string;
  readonly madeAt: number;
  readonly coordinator: string;
  readonly plan: Plan;
  readonly planDigest: string;
  readonly base: { readonly manifest: Manifest; readonly digest: string };
  readonly view: RunView;
}

/** Everything beside the candidate's own files, in the order in which it is shown. */
export async function formatsOf(
  blobs: BlobStore,
  candidate: readonly ReleaseFile[],
  described: Described,
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
