/** All files of a release but its signatures: the model in every format that holds it, what it is made of, and texts that name them all. */
import { utf8 } from "@engraft/core/base/bytes";
import { sha256 } from "@engraft/core/crypto/digest";
import { billOfMaterials } from "./bill-of-materials.ts";
import { marksOf, type DescribedRelease } from "./described.ts";
import { metricsCsv } from "./metrics-csv.ts";
import { modelCard } from "./model-card.ts";
import { modelFiles, trainableOnly, type Files, type ModelFiles } from "./model-files.ts";
import { reproduceGuide } from "./reproduce.ts";

/**
 * `tensors`: all of the model, by the names of `release.manifest`. `given`: files that the release has already, such as `model.safetensors`,
 * `manifest.json` and `plan.json`; `load.py` needs the first two. Equal input gives equal bytes. Throws `bad-input` where the manifest is wrong.
 */
export async function releaseFiles(
  release: Omit<DescribedRelease, "files" | "leftOut">,
  tensors: ReadonlyMap<string, Float32Array>,
  given: Files,
): Promise<ModelFiles> {
  const { manifest, plan, base } = release;
  const source = { manifest, tensors, marks: marksOf(release) };
  const { files: formats, leftOut } = await modelFiles(source);
  const of = { name: `${base.manifest.name} ${base.manifest.version}`, manifest: base.digest, weights: base.manifest.weights.digest };
  const trained = trainableOnly(source, plan.training.trainable, of);
  const files = new Map([...given, ["trainable-only.safetensors", trained], ...formats]);
  const listed = [...files].map(([name, bytes]) => ({ name, sha256: sha256(bytes), bytes: bytes.byteLength }));
  return { files: new Map([...files, ...releaseTexts({ ...release, files: listed, leftOut })]), leftOut };
}

/** They name the other files with their digests, so they are written last. */
export const releaseTexts = (release: DescribedRelease): Files =>
  new Map(
    Object.entries({
      "MODEL_CARD.md": modelCard(release),
      "metrics.csv": metricsCsv(release),
      "bom.json": `${JSON.stringify(billOfMaterials(release), null, 2)}\n`,
      "REPRODUCE.md": reproduceGuide(release),
    }).map(([name, text]) => [name, utf8(text)]),
  );
