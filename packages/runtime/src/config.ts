/** Configuration of a program: flags > ENGRAFT_* > engraft.toml > defaults, checked by one schema, all problems at once. */
import { readFile } from "node:fs/promises";
import { EngraftError } from "@engraft/core/base/errors";
import { parse } from "smol-toml";
import type * as z from "zod";

export interface ConfigSources<T extends z.ZodObject> {
  readonly schema: T;
  /** From the command line, by the schema's names; undefined = not given. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of a TOML file; `required` where the user named it. */
  readonly file?: { readonly path: string; readonly required: boolean };
}

/** Schema `dataDir` reads flag `dataDir`, variable ENGRAFT_DATA_DIR and TOML key `data-dir`. Throws `bad-config`. */
export async function loadConfig<T extends z.ZodObject>(sources: ConfigSources<T>): Promise<z.infer<T>> {
  const { schema, flags, env } = sources;
  const names = Object.keys(schema.shape);
  const fromFile = await readToml(sources.file);
  const unknown = Object.keys(fromFile).filter((key) => !names.some((name) => kebab(name) === key));
  const merged: Record<string, unknown> = {};
  for (const name of names) {
    const value = flags[name] ?? env[`ENGRAFT_${kebab(name).replaceAll("-", "_").toUpperCase()}`] ?? fromFile[kebab(name)];
    if (value !== undefined) merged[name] = value;
  }
  const parsed = schema.safeParse(merged);
  const problems = [
    ...unknown.map((key) => `${key}: unknown setting in ${sources.file?.path ?? "the file"}`),
    ...(parsed.success ? [] : parsed.error.issues.map((issue) => `${kebab(issue.path.join("."))}: ${issue.message}`)),
  ];
  if (problems.length > 0 || !parsed.success)
    throw new EngraftError("bad-config", `The configuration has ${problems.length} problem(s):\n  ${problems.join("\n  ")}`);
  return parsed.data;
}

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

async function readToml(file: ConfigSources<z.ZodObject>["file"]): Promise<Record<string, unknown>> {
  if (file === undefined) return {};
  const text = await readFile(file.path, "utf8").catch((cause: unknown) => {
    if (!file.required) return "";
    throw new EngraftError("bad-config", `Cannot read ${file.path}.`, { cause });
  });
  try {
    return parse(text);
  } catch (cause) {
    throw new EngraftError("bad-config", `${file.path} is not valid TOML: ${cause instanceof Error ? cause.message.split("\n")[0] : ""}`, {
      cause,
    });
  }
}
