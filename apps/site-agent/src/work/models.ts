/**
 * The one open model: kept from round to round, because opening it means reading the table and starting the engine. A table that
 * was changed or removed since is not trained on: the model is opened anew, with the data check that belongs to it.
 */
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import type { RunId } from "@engraft/core/base/ids";
import { readsFile } from "@engraft/core/models/field-kinds";
import { fileOf, type TableDeclaration } from "@engraft/engine/data/declaration";
import { mappingDigest } from "@engraft/engine/data/mapping";
import { wantedBackends, wantedEngine, wantedGpu } from "@engraft/engine/native/wanted";
import { featureCachePlace } from "../vault/feature-cache.ts";
import { siteSplit } from "../vault/split-key.ts";
import { mappingChanged, type Agreed } from "./check-ask.ts";
import type { OnProgress, OpenSiteModel, SiteModel } from "./site-model.ts";
import type { Vectors } from "./vectors.ts";

export class Models {
  readonly #home: string;
  readonly #openSiteModel: OpenSiteModel;
  readonly #vectors: Vectors;
  readonly #opened: (engine: string) => void;
  #open: { readonly key: string; readonly model: SiteModel } | undefined;

  /** `opened` hears which engine runs here. */
  constructor(home: string, openSiteModel: OpenSiteModel, vectors: Vectors, opened: (engine: string) => void) {
    this.#home = home;
    this.#openSiteModel = openSiteModel;
    this.#vectors = vectors;
    this.#opened = opened;
  }

  /** The model for an agreed ask; another one that is open is closed first. */
  async forAsk(
    agreed: Agreed,
    report: { readonly download: OnProgress; readonly prepare: OnProgress },
    signal: AbortSignal,
  ): Promise<SiteModel> {
    const { ask, offered, data, decision } = agreed;
    const key = [
      ask.plan,
      data.name,
      data.registeredAt,
      agreed.mapping,
      agreed.threads,
      decision.engine,
      await versionOf(data.table, ask.run),
    ].join(" ");
    if (this.#open?.key === key) return this.#open.model;
    await this.close();
    const { manifest, plan } = offered;
    const weights = await this.#vectors.load(ask.weights, report.download);
    const trunk = manifest.trunk === undefined ? undefined : await this.#vectors.load(manifest.trunk.onnx, report.download);
    const files = manifest.inputs.some(readsFile);
    const featureCache = files ? await featureCachePlace(this.#home) : undefined;
    const site = await siteSplit(this.#home, { keep: true });
    const backends = wantedBackends(wantedGpu(), wantedEngine() ?? decision.engine);
    const input = { manifest, weights, trunk, plan, table: data.table, site, featureCache, backends };
    limitThreads(agreed.threads);
    const model = await this.#openSiteModel(input, report.prepare, signal);
    if ((await mappingDigest(data.table)) !== agreed.mapping) {
      await model.close();
      throw new EngraftError("plan-not-approved", mappingChanged(ask.plan));
    }
    this.#open = { key, model };
    this.#opened(model.engine);
    return model;
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.model.close();
  }
}

/** Engines read the environment as they start. TensorFlow's own two names count where its library is not loaded yet. */
function limitThreads(threads: number | undefined): void {
  for (const name of ["ENGRAFT_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"])
    if (threads === undefined) delete process.env[name];
    else process.env[name] = String(threads);
}

/** Changes with what holds the table. A database says nothing of the kind: its table is read once a run. */
async function versionOf(table: TableDeclaration, run: RunId): Promise<string> {
  const path = fileOf(table);
  return path === undefined ? run : versionAt(path);
}

/** Changes whenever the file is written, replaced or removed; of a folder, whenever that is done to a file in it or below. */
async function versionAt(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return "absent";
  const own = `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
  if (!found.isDirectory()) return own;
  const hash = createHash("sha256").update(own);
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (entry.isFile()) hash.update(`${entry.parentPath}/${entry.name} ${await versionAt(join(entry.parentPath, entry.name))}\n`);
  }
  return hash.digest("hex");
}
