/** Base models: what was imported, and the vector that a plan starts from. Weights stay files; nothing here holds a whole one. */
import { toFloat32 } from "@engraft/core/base/bytes";
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import { measureSlice, NOTHING_MEASURED } from "@engraft/core/aggregation/mean";
import { Manifest } from "@engraft/core/models/manifest";
import type { Plan } from "@engraft/core/models/plan";
import { vectorSizeOf } from "@engraft/core/models/analytic";
import { totalSize, trainableTensors } from "@engraft/core/models/tensors";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { BlobStore } from "@engraft/runtime/blobs";
import type { BaseView } from "../api/views.ts";
import type { Base } from "../store/generated/client.ts";
import { isTaken } from "../store/faults.ts";
import type { Store } from "../store/store.ts";
import { appendZeros, eachSlice, entryOf, readHeader, withFile } from "./weights-file.ts";

export const baseView = (base: Base): BaseView => ({
  digest: base.manifest,
  name: base.name,
  version: base.version,
  manifest: readManifest(base.text),
  importedAt: base.importedAt.getTime(),
});

/** Throws `bad-input` with every problem. */
export function readManifest(text: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new EngraftError("bad-input", "The manifest is not JSON.");
  }
  const parsed = Manifest.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new EngraftError(
    "bad-input",
    `The manifest has ${parsed.error.issues.length} problem(s): ${parsed.error.issues
      .slice(0, 20)
      .map((issue) => `${issue.path.join(".") || "manifest"}: ${issue.message}`)
      .join("; ")}`,
  );
}

/** Registers a base whose two files are blobs already. Registering it twice changes nothing. */
export async function registerBase(
  store: Store,
  blobs: BlobStore,
  options: { readonly manifest: Digest; readonly by: string; readonly now: number },
): Promise<BaseView> {
  const { manifest: digest, by, now } = options;
  const known = await store.prisma.base.findUnique({ where: { manifest: digest } });
  if (known !== null) return baseView(known);
  const text = new TextDecoder().decode(await blobs.read(digest));
  const manifest = readManifest(text);
  await checkWeights(blobs, manifest);
  await checkTrunk(blobs, manifest);
  const row = {
    manifest: digest,
    name: manifest.name,
    version: manifest.version,
    text,
    weights: manifest.weights.digest,
    importedBy: by,
    importedAt: new Date(now),
  };
  try {
    await store.write(async (tx) => {
      await tx.base.create({ data: row });
      return {
        value: undefined,
        audit: [
          {
            at: now,
            actor: by,
            action: "base.imported",
            subject: digest,
            detail: { name: row.name, version: row.version, weights: row.weights },
          },
        ],
      };
    });
  } catch (error) {
    if (isTaken(error))
      throw new EngraftError(
        "conflict",
        `A base called ${row.name} ${row.version} with other content is there already. Give this one another version.`,
      );
    throw error;
  }
  return baseView(row);
}

/** The weights file has exactly the manifest's tensors, and only finite values. */
async function checkWeights(blobs: BlobStore, manifest: Manifest): Promise<void> {
  const { digest, bytes } = manifest.weights;
  const size = await blobs.size(digest);
  if (size === undefined) throw new EngraftError("blob-missing", "The weights that the manifest names have not been uploaded.");
  await withFile(blobs, digest, async (file) => {
    const header = await readHeader(file);
    if (size !== bytes || header.fileBytes !== size)
      throw new EngraftError("bad-input", "The weights file is not as long as the manifest and its own header say.");
    for (const spec of manifest.tensors) entryOf(header, spec);
    if (header.entries.length !== manifest.tensors.length)
      throw new EngraftError("bad-input", "The weights file holds tensors that the manifest does not name.");
    let measure = NOTHING_MEASURED;
    await eachSlice(file, header.entries[0]?.begin ?? header.fileBytes, header.fileBytes, async (slice) => {
      measure = measureSlice(measure, toFloat32(slice));
    });
    if (!measure.finite) throw new EngraftError("not-finite", "The weights hold NaN or infinity.");
  });
}

/** The trunk is here, whole. What it computes the sites check, which have an engine. */
async function checkTrunk(blobs: BlobStore, { trunk }: Manifest): Promise<void> {
  if (trunk === undefined) return;
  const size = await blobs.size(trunk.onnx.digest);
  if (size === undefined) throw new EngraftError("blob-missing", "The trunk that the manifest names has not been uploaded.");
  if (size !== trunk.onnx.bytes) throw new EngraftError("bad-input", "The trunk's file is not as long as the manifest says.");
}

/**
 * The trainable vector of the unchanged base, as a blob: float32 little-endian, the trained tensors in the manifest's order, and
 * behind them what the strategy lets travel along, at first zeros.
 * Throws `blob-missing` or `digest-mismatch` where the base is not here as it was imported.
 */
export async function startVector(blobs: BlobStore, manifest: Manifest, plan: Plan): Promise<BlobRef> {
  await blobs.mustBeWhole(manifest.weights);
  return withFile(blobs, manifest.weights.digest, async (file) => {
    const header = await readHeader(file);
    const trained = trainableTensors(manifest.tensors, plan.training.trainable);
    return blobs.write(async (append) => {
      for (const spec of trained) {
        const { begin, end } = entryOf(header, spec);
        await eachSlice(file, begin, end, append);
      }
      await appendZeros(4 * (vectorSizeOf(plan, manifest).vectorLength - totalSize(trained)), append);
    });
  });
}
