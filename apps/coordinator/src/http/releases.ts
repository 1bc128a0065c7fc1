/** GET /releases/<id>/<file>: downloads, with Range, and ETag and digest headers that say what the whole file is. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { basename, dirname } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import type { BlobStore } from "@engraft/runtime/blobs";
import send from "send";
import * as z from "zod";
import type { Store } from "../store/store.ts";

export const ReleaseFiles = z.array(z.object({ name: z.string(), sha256: z.string(), bytes: z.number() }));

/** A withdrawn release is not had by chance: whoever wants it says so, and is told why it was withdrawn. */
function mustWantWithdrawn(request: IncomingMessage, response: ServerResponse, why: string): void {
  const wanted = new URL(request.url ?? "/", "http://coordinator").searchParams.get("withdrawn") === "yes";
  if (!wanted)
    throw new EngraftError("withdrawn", `This release was withdrawn: ${why} Add ?withdrawn=yes to the address to fetch it all the same.`);
  // Header values are bytes: what is not plain ASCII is percent-encoded.
  response.setHeader("x-engraft-withdrawn", encodeURI(why));
}

/** What went out from the first byte to the last counts; a range that was resumed counts with the range that ends it. */
function countWhole(
  store: Store,
  { id, name }: { readonly id: string; readonly name: string },
  bytes: number,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.method !== "GET") return;
  response.once("finish", () => {
    const ends = response.statusCode === 200 || String(response.getHeader("content-range")).includes(`-${bytes - 1}/`);
    if (!ends || response.statusCode >= 300) return;
    const key = { releaseId: id, file: name };
    // Only a count: where it cannot be written the download was good all the same.
    store.prisma.download
      .upsert({ where: { releaseId_file: key }, create: { ...key, count: 1 }, update: { count: { increment: 1 } } })
      .catch(() => undefined);
  });
}

/** Throws `not-found` and `withdrawn`. */
export async function serveRelease(
  store: Store,
  blobs: BlobStore,
  wanted: { readonly id: string; readonly name: string },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const release = await store.prisma.release.findUnique({ where: { id: wanted.id } });
  const file = release === null ? undefined : ReleaseFiles.parse(release.files).find(({ name }) => name === wanted.name);
  if (file === undefined) throw new EngraftError("not-found", "There is no such file.");
  const withdrawn = release?.withdrawn ?? undefined;
  if (withdrawn !== undefined) mustWantWithdrawn(request, response, withdrawn);
  const path = blobs.path(file.sha256);
  response.setHeader("etag", `"${file.sha256}"`);
  response.setHeader("x-engraft-sha256", file.sha256);
  // RFC 9530: of the whole file, also where a range of it is sent.
  response.setHeader("repr-digest", `sha-256=:${Buffer.from(file.sha256, "hex").toString("base64")}:`);
  response.setHeader("content-type", file.name.endsWith(".json") ? "application/json" : "application/octet-stream");
  response.setHeader("content-disposition", `attachment; filename="${wanted.id}-${file.name.replaceAll("/", "-")}"`);
  response.setHeader("cache-control", "private, no-cache");
  countWhole(store, wanted, file.bytes, request, response);
  await new Promise<void>((resolve, reject) => {
    response.once("close", resolve);
    send(request, basename(path), { root: dirname(path), etag: false, lastModified: false, cacheControl: false })
      .on("error", (error: { readonly status?: number }) => {
        if (error.status === 416) {
          response.writeHead(416).end();
          return;
        }
        reject(
          new EngraftError("blob-missing", "The file is not in the store any more. Restore the coordinator's folder from a backup.", {
            cause: error,
          }),
        );
      })
      .pipe(response);
  });
}
