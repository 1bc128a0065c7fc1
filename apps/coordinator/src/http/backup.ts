/**
 * GET /backup: the database as lines (backup/dump.ts). The answer stays open after the last one, and for as long as it does no
 * blob is removed, so that whoever asks can copy the blobs that the rows name.
 */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { EngraftError } from "@engraft/core/base/errors";
import type { App } from "../app.ts";
import { dump } from "../backup/dump.ts";
import { VERSION } from "../version.ts";

/** Whoever copies for longer has died without a word. */
const LONGEST_MS = 6 * 3_600_000;
const SIGN_OF_LIFE_MS = 5_000;

export async function serveBackup({ store, removals, identity, now, log }: App, response: ServerResponse): Promise<void> {
  const goOn = removals.pause();
  const gone = once(response, "close");
  const patience = setTimeout(() => response.destroy(), LONGEST_MS);
  try {
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
    await dump(store, { coordinator: identity.publicKey, version: VERSION, at: now() }, async (line) => {
      if (response.destroyed) throw new EngraftError("link-lost", "The backup was given up.");
      if (!response.write(`${line}\n`)) await Promise.race([once(response, "drain"), gone]);
    });
    const alive = setInterval(() => response.write("\n"), SIGN_OF_LIFE_MS);
    await gone;
    clearInterval(alive);
  } catch (error) {
    if (!response.destroyed) {
      log.error({ err: error }, "backup.failed");
      response.destroy();
    }
  } finally {
    clearTimeout(patience);
    goOn();
  }
}
