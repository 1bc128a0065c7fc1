/**
 * `engraft-coordinator backup`: a copy of everything, while the coordinator runs. First the database as of one moment, then the
 * blobs, which the coordinator does not remove meanwhile. Blobs that a folder has from an earlier backup are not copied again.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import { BlobStore } from "@engraft/runtime/blobs";
import { readIfThere, syncFolder, writeFileDurably } from "@engraft/runtime/files";
import { DumpEnd, DumpHead, FILES, SECRETS, type Backup } from "../backup/format.ts";
import { follow, type Reach } from "./api.ts";
import type { Said } from "./commands.ts";

export async function backup(reach: Reach, to: string): Promise<Said> {
  const out = resolve(to);
  const data = resolve(reach.data);
  await mkdir(out, { recursive: true, mode: 0o700 });
  // From here on until the end the folder is no backup.
  await rm(join(out, FILES.backup), { force: true });
  const stop = new AbortController();
  try {
    const lines = await follow(reach, "/backup", stop.signal);
    const database = await takeRows(lines, join(out, FILES.rows));
    const copied = await copyBlobs(join(data, "blobs"), join(out, FILES.blobs));
    await copySecrets(data, out);
    const made: Backup = { format: "engraft.backup/1", ...database, blobs: copied.kept + copied.copied };
    await writeFileDurably(join(out, FILES.backup), `${JSON.stringify(made, null, 2)}\n`);
    if (copied.damaged.length > 0)
      throw new EngraftError(
        "digest-mismatch",
        `The backup is made, without ${copied.damaged.length} blobs that are damaged in ${data}: ${copied.damaged.join(", ")}. Restore them from an older backup.`,
      );
    return {
      json: { out, rows: made.rows, blobs: made.blobs, copied: copied.copied },
      lines: [
        `${out} holds ${made.rows} rows and ${made.blobs} blobs, of which ${copied.copied} are new.`,
        "It also holds the coordinator's private key: keep it as safe as the coordinator itself.",
      ],
    };
  } finally {
    stop.abort();
  }
}

/** Writes the rows as they come, until the line that says how many there were. */
async function takeRows(body: ReadableStream<Uint8Array>, path: string): Promise<Pick<Backup, "head" | "rows" | "sha256">> {
  const hash = createHash("sha256");
  const file = await open(path, "w", 0o600);
  let head: DumpHead | undefined;
  let rows = 0;
  try {
    for await (const line of linesOf(body)) {
      if (head === undefined) head = DumpHead.parse(JSON.parse(line));
      else if (line.startsWith("{")) {
        if (DumpEnd.parse(JSON.parse(line)).rows !== rows) break;
        await file.datasync();
        return { head, rows, sha256: hash.digest("hex") as Digest };
      } else {
        hash.update(`${line}\n`);
        await file.writeFile(`${line}\n`);
        rows += 1;
      }
    }
  } finally {
    await file.close();
  }
  throw new EngraftError("link-lost", "The coordinator stopped in the middle of the backup. Try again.");
}

/** Leaves the stream open after the last line that was asked for: closing it would let the coordinator go on removing blobs. */
async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

async function copyBlobs(from: string, to: string) {
  const source = await BlobStore.open(from);
  const target = await BlobStore.open(to);
  const counts = { kept: 0, copied: 0, damaged: [] as string[] };
  for (const digest of await digestsIn(from)) {
    const bytes = await source.size(digest);
    if (bytes === undefined) continue;
    if ((await target.size(digest)) === bytes) counts.kept += 1;
    else if (await copyBlob(source, target, digest)) counts.copied += 1;
    else counts.damaged.push(digest);
  }
  return counts;
}

/** False where the bytes are not those that the digest promises; then nothing is kept. */
export async function copyBlob(source: BlobStore, target: BlobStore, digest: string): Promise<boolean> {
  const { digest: found } = await target.write(async (append) => {
    for await (const chunk of createReadStream(source.path(digest))) await append(chunk as Buffer);
  });
  if (found === digest) return true;
  await target.remove(found);
  return false;
}

/** Of all blobs in a store's folder. */
export async function digestsIn(store: string): Promise<readonly string[]> {
  const folders = await readdir(join(store, "blobs"));
  return (await Promise.all(folders.map((folder) => readdir(join(store, "blobs", folder))))).flat();
}

export async function copySecrets(from: string, to: string): Promise<void> {
  for (const name of SECRETS) {
    const text = await readIfThere(join(from, FILES.secrets, name));
    if (text === undefined) throw new EngraftError("not-found", `There is no ${name} in ${join(from, FILES.secrets)}.`);
    await writeFileDurably(join(to, FILES.secrets, name), text);
  }
  await syncFolder(to);
}
