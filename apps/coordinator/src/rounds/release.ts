/** A finished run's last checkpoint as files that people download: the whole model, and where it comes from. */
import { readFile, type FileHandle } from "node:fs/promises";
import { utf8 } from "@engraft/core/base/bytes";
import { bySite } from "@engraft/core/base/ids";
import type { Manifest } from "@engraft/core/models/manifest";
import { writeHeader } from "@engraft/core/models/safetensors";
import { personalTensors, sizeOf, totalSize, trainableTensors } from "@engraft/core/models/tensors";
import { VARIATE_FILE } from "@engraft/core/provenance/verify";
import type { BlobRef, RunEvent } from "@engraft/core/rounds/events";
import type { RunParams } from "@engraft/core/rounds/state";
import { runView, type RunView } from "@engraft/core/rounds/view";
import type { BlobStore } from "@engraft/runtime/blobs";
import { eachSlice, entryOf, readHeader, withFile } from "../plans/weights-file.ts";
import type { Store } from "../store/store.ts";

export interface ReleaseFile {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

export interface ReleaseSource {
  readonly run: string;
  readonly params: Pick<RunParams, "plan" | "planDigest">;
  readonly manifest: Manifest;
  readonly manifestDigest: string;
  readonly checkpoint: BlobRef;
  /** Whose checkpoint it is, where that is not the run's last. */
  readonly round?: number | undefined;
  readonly coordinator: string;
}

/** Writes the files and records them. Doing it twice gives the same files and one record. */
export async function makeRelease(store: Store, blobs: BlobStore, source: ReleaseSource): Promise<void> {
  const { run } = source;
  if ((await store.prisma.release.count({ where: { id: run } })) > 0) return;
  const events = (await store.events(run)).map(({ event }) => event);
  const view = runView(events);
  const finishedAt = events.findLast((event) => event.type === "run.finished")?.at;
  if (view === undefined || finishedAt === undefined) throw new Error(`Bug: release of the run ${run}, which has not finished`);
  const files = await candidateFiles(blobs, source, { view, events });
  await store.write(async (tx) => {
    // A crash between the files and here leads here again; two rows cannot be.
    if ((await tx.release.count({ where: { id: run } })) > 0) return { value: undefined, audit: [] };
    await tx.release.create({ data: { id: run, runId: run, createdAt: new Date(finishedAt), files: files.map((file) => ({ ...file })) } });
    return {
      value: undefined,
      audit: [{ at: finishedAt, actor: "coordinator", action: "release.made", subject: run, detail: { model: files[0]?.sha256 ?? "" } }],
    };
  });
}

/** What led to the checkpoint, and what was measured of it. */
export interface Told {
  readonly view: RunView;
  readonly events: readonly RunEvent[];
}

/** The model first. */
export async function candidateFiles(blobs: BlobStore, source: ReleaseSource, { view, events }: Told): Promise<readonly ReleaseFile[]> {
  const weights = await writeModel(blobs, source);
  const manifest = await withReference(blobs, releaseManifest(source, view, weights));
  return [
    { name: "model.safetensors", sha256: weights.digest, bytes: weights.bytes },
    await textFile(blobs, "manifest.json", manifest),
    await textFile(blobs, "plan.json", source.params.plan),
    await textFile(blobs, "metrics.json", { comparisons: view.comparisons, curve: view.curve }),
    await textFile(blobs, "run.json", runRecord(source, view, events, weights)),
    ...(await besideModel(blobs, source)),
  ];
}

const textFile = async (blobs: BlobStore, name: string, value: unknown): Promise<ReleaseFile> => {
  const { digest, bytes } = await blobs.put(utf8(`${JSON.stringify(value, null, 2)}\n`));
  return { name, sha256: digest, bytes };
};

/** The base's file with the trained tensors replaced, in the manifest's order; streamed. What it is made of is read anew before. */
async function writeModel(blobs: BlobStore, { manifest, params, checkpoint }: ReleaseSource): Promise<BlobRef> {
  for (const ref of [manifest.weights, checkpoint]) {
    blobs.doubt(ref.digest);
    await blobs.mustBeWhole(ref);
  }
  const trained = new Set(trainableTensors(manifest.tensors, params.plan.training.trainable).map(({ name }) => name));
  return withFile(blobs, manifest.weights.digest, (base) =>
    withFile(blobs, checkpoint.digest, (vector) =>
      blobs.write(async (append) => {
        const header = await readHeader(base);
        await append(writeHeader(manifest.tensors));
        let at = 0;
        for (const spec of manifest.tensors) {
          const bytes = 4 * sizeOf(spec);
          const { begin } = entryOf(header, spec);
          const [file, from]: [FileHandle, number] = trained.has(spec.name) ? [vector, at] : [base, begin];
          await eachSlice(file, from, from + bytes, append);
          if (trained.has(spec.name)) at += bytes;
        }
      }),
    ),
  );
}

/** What a strategy lets travel behind the model: whoever verifies the release holds both against the last checkpoint. */
async function besideModel(blobs: BlobStore, { manifest, params, checkpoint }: ReleaseSource): Promise<readonly ReleaseFile[]> {
  const begin = 4 * totalSize(trainableTensors(manifest.tensors, params.plan.training.trainable));
  if (begin === checkpoint.bytes) return [];
  const { digest, bytes } = await withFile(blobs, checkpoint.digest, (vector) =>
    blobs.write((append) => eachSlice(vector, begin, checkpoint.bytes, append)),
  );
  return [{ name: VARIATE_FILE, sha256: digest, bytes }];
}

/** A release can be the base of the next plan: same fields and layers, own name and version. */
function releaseManifest({ manifest, params, run, round }: ReleaseSource, view: RunView, weights: BlobRef): Manifest {
  const { plan } = params;
  const number = run.slice(run.lastIndexOf(".") + 1);
  const own = personalTensors(manifest.tensors, plan.training.trainable).length > 0;
  const missing = own ? " What each site trained for itself is not in it: there it is as the base had it." : "";
  return {
    ...manifest,
    name: plan.name,
    version: `${plan.version}.${number}${round === undefined ? "" : `.${round}`}`,
    title: `${manifest.title}, fine-tuned (${run}${round === undefined ? "" : `, round ${round}`})`.slice(0, 120),
    origin:
      `Fine-tuned from ${manifest.name} ${manifest.version} in the federated run ${run} over ${view.rounds.length} rounds at ${view.sites.length} sites, plan ${params.planDigest}.${missing} ${manifest.origin}`.slice(
        0,
        2000,
      ),
    // The base's patients stay patients that trained it; the split is the plan's.
    split: plan.data.split,
    weights,
  };
}

/** What the model computes for the reference input, where its base says so: every site checks it. */
async function withReference(blobs: BlobStore, manifest: Manifest): Promise<Manifest> {
  if (manifest.reference === undefined) return manifest;
  // Loaded late: few bases need the engine here.
  const { referenceOf } = await import("@engraft/engine/import/fine-tuned");
  return { ...manifest, reference: await referenceOf(manifest, await readFile(blobs.path(manifest.weights.digest))) };
}

/** Everything that led to the model, by digest. */
function runRecord(
  { run, params, manifestDigest, manifest, coordinator }: ReleaseSource,
  view: RunView,
  events: readonly RunEvent[],
  weights: BlobRef,
) {
  const updates = events.filter((event) => event.type === "update.accepted");
  return {
    format: "engraft.run/1",
    run,
    coordinator,
    plan: params.planDigest,
    base: { name: manifest.name, version: manifest.version, manifest: manifestDigest, weights: manifest.weights.digest },
    aggregation: params.plan.aggregation.method,
    sites: view.sites,
    rounds: view.rounds.map((round) => ({
      round: round.round,
      openedAt: round.openedAt,
      closed: round.closed,
      checkpoint: round.checkpoint?.digest ?? null,
      updates: updates
        .filter((update) => update.round === round.round)
        .sort((a, b) => bySite(a.site, b.site))
        .map(({ site, update, sampleCount, statement, engine }) => ({ site, update: update.digest, sampleCount, statement, engine })),
      dropped: round.dropped,
    })),
    evaluations: events.flatMap((event) =>
      event.type === "evaluation.accepted" ? [{ site: event.site, statement: event.statement }] : [],
    ),
    model: weights,
  };
}
