/**
 * `engraft-coordinator restore`: puts a backup into a new folder and database, or is told that somebody has done so. Sites may
 * know of sums that this copy does not, and refuse to go on; secure runs that were under way end by name (design of secure
 * aggregation, 4.6). Plain ones go on when the coordinator is started.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { EngraftError } from "@engraft/core/base/errors";
import { BlobStore } from "@engraft/runtime/blobs";
import { takeLock } from "@engraft/runtime/lock";
import { openLog } from "@engraft/runtime/log";
import { Backup, FILES } from "../backup/format.ts";
import { load } from "../backup/load.ts";
import type { Config } from "../config.ts";
import { openSession } from "../store/open.ts";
import { copyBlob, copySecrets, digestsIn } from "./backup.ts";
import type { Said } from "./commands.ts";
import { open } from "./start.ts";

export async function restore(config: Config, from: string | undefined): Promise<Said> {
  const put = from === undefined ? undefined : await putBack(config, resolve(from));
  const app = await open({ ...config, publicUrl: config.publicUrl ?? "http://127.0.0.1" }, 0, openLog("coordinator", config.logLevel));
  try {
    const ended = await app.runs.restored();
    return {
      json: { ...put, ended },
      lines: [
        ...(put === undefined ? [] : [`${put.rows} rows and ${put.blobs} blobs of ${put.madeAt} are put back into ${put.data}.`]),
        ...ended.map((run) => `${run} is ended: its sites may know of sums that this copy does not.`),
        ended.length === 0 ? "No secure run was under way: start the coordinator." : "Start the coordinator, and new runs.",
      ],
    };
  } finally {
    await app.close();
  }
}

async function putBack(config: Config, from: string) {
  const data = resolve(config.data);
  const backup = await readBackup(from);
  const lock = await takeLock(data, "coordinator");
  try {
    const there = [FILES.secrets, FILES.blobs, "db"].find((name) => existsSync(join(data, name)));
    if (there !== undefined)
      throw new EngraftError("conflict", `${data} has ${there} already. Restore into a new folder, so that nothing is written over.`);
    const blobs = await putBlobs(join(from, FILES.blobs), join(data, FILES.blobs));
    const session = await openSession(config.databaseUrl === undefined ? { dir: join(data, "db") } : { url: config.databaseUrl });
    try {
      await load(session, backup, join(from, FILES.rows));
    } finally {
      await session.close();
    }
    // Last: without its key a folder belongs to nobody.
    await copySecrets(from, data);
    return { from, data, rows: backup.rows, blobs, madeAt: new Date(backup.head.at).toISOString() };
  } finally {
    await lock.release();
  }
}

/** Throws `not-found` where the folder holds no whole backup, and `digest-mismatch` where its rows were changed. */
async function readBackup(from: string): Promise<Backup> {
  const text = await readFile(join(from, FILES.backup), "utf8").catch((cause: unknown) => {
    throw new EngraftError("not-found", `${from} holds no whole backup: there is no ${FILES.backup}.`, { cause });
  });
  const read = Backup.safeParse(JSON.parse(text));
  if (!read.success) throw new EngraftError("bad-input", `${join(from, FILES.backup)} is not of a backup that this version reads.`);
  const hash = createHash("sha256");
  await pipeline(createReadStream(join(from, FILES.rows)), hash);
  if (hash.digest("hex") !== read.data.sha256)
    throw new EngraftError("digest-mismatch", `${join(from, FILES.rows)} is not what the backup wrote. Take another backup.`);
  return read.data;
}

async function putBlobs(from: string, to: string): Promise<number> {
  const [source, target] = await Promise.all([BlobStore.open(from), BlobStore.open(to)]);
  const digests = await digestsIn(from);
  for (const digest of digests)
    if (!(await copyBlob(source, target, digest)))
      throw new EngraftError("digest-mismatch", `The blob ${digest} of the backup is damaged. Take it from another backup.`);
  return digests.length;
}
