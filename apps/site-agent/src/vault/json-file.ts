/** A small durable JSON file with a schema. What is read back is checked: a damaged file is named, never guessed around. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import { readIfThere, writeFileDurably } from "@engraft/runtime/files";
import type * as z from "zod";

/** The value in the file; undefined where there is no file. Throws `bad-config` where the file is damaged. */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, "it is not JSON", cause);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success)
    throw damaged(
      path,
      parsed.error.issues
        .slice(0, 3)
        .map((issue) => `${issue.path.join(".")}: ${issue.message}`)
        .join("; "),
    );
  return parsed.data;
}

const damaged = (path: string, why: string, cause?: unknown): EngraftError =>
  new EngraftError("bad-config", `The file ${path} is damaged (${why}). Restore it from a backup of the agent's home.`, { cause });

/** Whole or not at all, and there after a power cut. Readable by the agent's own user only. */
export const writeJson = (path: string, value: unknown): Promise<void> =>
  writeFileDurably(path, `${JSON.stringify(value, undefined, 2)}\n`, 0o600);

/** Names (without `.json`) of the JSON files in a folder, sorted; none where there is no folder. */
export async function jsonNames(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length))
    .sort();
}

/** Every value in a folder of JSON files. */
export async function readAll<T>(folder: string, schema: z.ZodType<T>): Promise<readonly T[]> {
  const names = await jsonNames(folder);
  const values = await Promise.all(names.map((name) => readJson(join(folder, `${name}.json`), schema)));
  return values.filter((value) => value !== undefined);
}
