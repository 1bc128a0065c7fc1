/**
 * The one open model: kept from round to round, because opening it means reading the table and starting the engine. A table that
 * was changed or removed since is not trained on: the model is opened anew, with the data check that belongs to it.
 */
import { stat } from "node:fs/promises";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { Agreed } from "./check-ask.ts";
import type { OnProgress, OpenSiteModel, SiteModel } from "./site-model.ts";
import type { Vectors } from "./vectors.ts";

export class Models {
  readonly #openSiteModel: OpenSiteModel;
  readonly #vectors: Vectors;
  readonly #opened: (engine: string) => void;
  #open: { readonly key: string; readonly model: SiteModel } | undefined;

  /** `opened` hears which engine runs here. */
  constructor(openSiteModel: OpenSiteModel, vectors: Vectors, opened: (engine: string) => void) {
    this.#openSiteModel = openSiteModel;
    this.#vectors = vectors;
    this.#opened = opened;
  }

  /** The model for an agreed ask; another one that is open is closed first. */
  async forAsk(agreed: Agreed, onProgress: OnProgress): Promise<SiteModel> {
    const { ask, offered, data } = agreed;
    const key = `${ask.plan} ${data.name} ${data.registeredAt} ${await versionOf(data.table.path)}`;
    if (this.#open?.key === key) return this.#open.model;
    await this.close();
    const weights: BlobRef = ask.weights;
    const model = await this.#openSiteModel({
      manifest: offered.manifest,
      weights: await this.#vectors.load(weights, onProgress),
      plan: offered.plan,
      table: data.table,
    });
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

/** Changes whenever the file is written, replaced or removed. */
async function versionOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? "absent" : `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
}
