/** A release in the formats that others load, with the texts that go with them, made from the candidate's own files. */
import { readFile } from "node:fs/promises";
import type { Manifest } from "@engraft/core/models/manifest";
import { readSafetensors } from "@engraft/core/models/safetensors";
import type { Plan } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import type { BlobStore } from "@engraft/runtime/blobs";
import { readManifest } from "../plans/bases.ts";
import type { ReleaseFile } from "../rounds/release.ts";

/** A larger model is not turned into other formats: that would need several copies of it in memory. */
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

/** Everything beside `candidate`, in the order in which it is shown. */
export async function formatsOf(
  blobs: BlobStore,
  candidate: readonly ReleaseFile[],
  described: Described,
): Promise<readonly ReleaseFile[]> {
  // Loaded late: few coordinators make a release in a day, and the engine is large.
  const [{ modelFiles, trainableOnly }, { releaseTexts }, { marksOf }] = await Promise.all([
    import("@engraft/engine/export/model-files"),
    import("@engraft/engine/export/texts"),
    import("@engraft/engine/export/described"),
  ]);
  const file = (name: string): ReleaseFile => {
    const found = candidate.find((one) => one.name === name);
    if (found === undefined) throw new Error(`Bug: a candidate without ${name}`);
    return found;
  };
  const put = async (files: Iterable<readonly [string, Uint8Array]>): Promise<readonly ReleaseFile[]> => {
    const made: ReleaseFile[] = [];
    for (const [name, bytes] of files) {
      const { digest, bytes: size } = await blobs.put(bytes);
      made.push({ name, sha256: digest, bytes: size });
    }
    return made;
  };
  const manifest = readManifest(await readFile(blobs.path(file("manifest.json").sha256), "utf8"));
  const model = file("model.safetensors");
  const { base, plan } = described;
  const whole = { ...described, manifest };
  const made: ReleaseFile[] = [];
  let leftOut: readonly { readonly name: string; readonly why: string }[] = [
    { name: "model.onnx, model.keras and tfjs", why: "the model is larger than 1 GiB" },
  ];
  if (model.bytes <= MOST_BYTES) {
    const { tensors } = readSafetensors(new Uint8Array(await readFile(blobs.path(model.sha256))));
    const source = { manifest, tensors, marks: marksOf(whole) };
    const formats = await modelFiles(source);
    leftOut = formats.leftOut;
    const digests = {
      name: `${base.manifest.name} ${base.manifest.version}`,
      manifest: base.digest,
      weights: base.manifest.weights.digest,
    };
    const trained = trainableOnly(source, plan.training.trainable, digests);
    made.push(...(await put([...formats.files, ["trainable-only.safetensors", trained]])));
  }
  return [...made, ...(await put(releaseTexts({ ...whole, files: [...candidate, ...made], leftOut })))];
}
