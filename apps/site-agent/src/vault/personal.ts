/**
 * The part of a run's model that this site trains and keeps to itself: its values after each round, in `home/personal/<run>`. A round
 * that is trained again, after a crash, starts from the same ones and so ends the same.
 */
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { float32Bytes, toFloat32 } from "@engraft/core/base/bytes";
import type { Digest, RunId } from "@engraft/core/base/ids";
import { writeFileDurably } from "@engraft/runtime/files";
import { writeJson } from "./json-file.ts";

const folderOf = (home: string, run: RunId): string => join(home, "personal", run);

/** As they stood when round `round` began; undefined where no earlier round was trained here: then they are the base's. */
export async function personalBefore(home: string, run: RunId, round: number): Promise<Float32Array | undefined> {
  const folder = folderOf(home, run);
  const names = await readdir(folder).catch(() => []);
  const rounds = names.filter((name) => /^[1-9][0-9]*$/.test(name)).map(Number);
  const last = Math.max(0, ...rounds.filter((number) => number < round));
  return last === 0 ? undefined : toFloat32(Uint8Array.from(await readFile(join(folder, String(last)))));
}

/** Does nothing where nothing is personal. */
export async function keepPersonal(home: string, run: RunId, round: number, values: Float32Array): Promise<void> {
  if (values.length === 0) return;
  await mkdir(folderOf(home, run), { recursive: true, mode: 0o700 });
  await writeFileDurably(join(folderOf(home, run), String(round)), float32Bytes(values), 0o600);
}

/** What this site adds to each logit of the run's last checkpoint, in `intercept.json` beside the rounds. */
export const keepIntercept = (home: string, run: RunId, checkpoint: Digest, shift: Float64Array): Promise<void> =>
  writeJson(join(folderOf(home, run), "intercept.json"), { format: "engraft.intercept/1", checkpoint, shift: [...shift] });
