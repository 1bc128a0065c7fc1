/** GET /probe: a megabyte that no proxy can compress, for a site that measures its line (core/protocol/probe.ts). */
import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { EngraftError } from "@engraft/core/base/errors";
import { PROBE_BYTES } from "@engraft/core/protocol/probe";

let bytes: Buffer | undefined;

/** Throws `too-many` where `allowed` is false. */
export async function serveProbe(allowed: boolean, response: ServerResponse): Promise<void> {
  if (!allowed) throw new EngraftError("too-many", "Too many downloads from this address. Wait a minute.");
  bytes ??= randomBytes(PROBE_BYTES);
  response
    .writeHead(200, {
      "content-type": "application/octet-stream",
      "content-length": PROBE_BYTES,
      "cache-control": "no-store, no-transform",
    })
    .end(bytes);
}
