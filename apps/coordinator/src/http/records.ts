/**
 * GET /records/<run>/<round>/record.json, and masked/<digest> and checkpoints/<digest> beside it: what the coordinator holds of a sum
 * that was opened, for a script of somebody else's that rebuilds it. Only what that round's record names.
 */
import { createReadStream } from "node:fs";
import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { EngraftError } from "@engraft/core/base/errors";
import type { BlobStore } from "@engraft/runtime/blobs";
import { blobsOfRecord, readRecord } from "../rounds/secure/record.ts";
import type { Store } from "../store/store.ts";

export interface WantedRecord {
  readonly run: string;
  readonly round: number;
  /** A masked vector, or what a checkpoint was made of; undefined for the record itself. */
  readonly blob: string | undefined;
}

/** Throws `not-found` or `blob-missing`. */
export async function serveRecord(store: Store, blobs: BlobStore, wanted: WantedRecord, response: ServerResponse): Promise<void> {
  const events = (await store.events(wanted.run)).map(({ event }) => event);
  const opened = events.find((event) => event.type === "sum.opened" && event.round === wanted.round);
  if (opened?.type !== "sum.opened") throw new EngraftError("not-found", "No sum was opened in that round.");
  const { blob } = wanted;
  const named = blob === undefined || blobsOfRecord(await readRecord(blobs, opened.record)).some((ref) => ref.digest === blob);
  if (!named) throw new EngraftError("not-found", "That round's record names no such vector.");
  const digest = blob ?? opened.record.digest;
  const size = await blobs.size(digest);
  if (size === undefined) throw new EngraftError("blob-missing", "This vector is not kept any more: only the newest of a run are.");
  response.setHeader("content-type", blob === undefined ? "application/json" : "application/octet-stream");
  response.setHeader("content-length", size);
  response.setHeader("cache-control", "private, no-cache");
  await pipeline(createReadStream(blobs.path(digest)), response);
}
