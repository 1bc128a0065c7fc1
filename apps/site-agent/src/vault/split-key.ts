/** The key by which this site splits its patients under plans that say so. Made here at first use; it never leaves the site. */
import { randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { fromBase64url, toBase64url } from "@engraft/core/base/bytes";
import { EngraftError } from "@engraft/core/base/errors";
import type { SiteSplit } from "@engraft/engine/data/kept-cuts";
import { readJson, writeJson } from "./json-file.ts";

const KeyFile = z.strictObject({
  format: z.literal("engraft.split-key/1"),
  /** 32 bytes, base64url. Secret: with it a patient's part follows from the id. */
  key: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});

/** `keep`: the cuts of a small table are fixed now, because it is trained on. Throws `bad-config` where the key's file is damaged or readable by others. */
export async function siteSplit(home: string, { keep }: { readonly keep: boolean }): Promise<SiteSplit> {
  const path = join(home, "split-key.json");
  const known = await readJson(path, KeyFile);
  const key = known?.key ?? toBase64url(randomBytes(32));
  if (known === undefined) await writeJson(path, { format: "engraft.split-key/1", key });
  else if (process.platform !== "win32" && ((await stat(path)).mode & 0o077) !== 0)
    throw new EngraftError("bad-config", `Other users can read the key in ${path}. Run "chmod 600" on it.`);
  return { key: fromBase64url(key) ?? new Uint8Array(), folder: join(home, "splits"), keep };
}
