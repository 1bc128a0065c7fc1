import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadConfig } from "./config.ts";

const schema = z.object({
  port: z.coerce.number().int().min(1).max(65_535).default(7300),
  dataDir: z.string().default("./data"),
  host: z.string().default("127.0.0.1"),
});

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "engraft-config-"));
});
afterEach(() => rm(dir, { recursive: true }));

it("flags win over the environment, that over the file, that over defaults", async () => {
  const path = join(dir, "engraft.toml");
  await writeFile(path, 'port = 1\nhost = "file"\ndata-dir = "file"\n');
  const config = await loadConfig({
    schema,
    flags: { port: "3" },
    env: { ENGRAFT_PORT: "2", ENGRAFT_HOST: "env" },
    file: { path, required: true },
  });
  expect(config).toEqual({ port: 3, host: "env", dataDir: "file" });
});

it("names all problems at once", async () => {
  const path = join(dir, "engraft.toml");
  await writeFile(path, "prot = 1\n");
  await expect(loadConfig({ schema, flags: { port: 99_999 }, env: {}, file: { path, required: true } })).rejects.toThrow(
    /2 problem[\s\S]*prot: unknown setting[\s\S]*port:/,
  );
});

it("a file that was named must exist", async () => {
  await expect(loadConfig({ schema, flags: {}, env: {}, file: { path: join(dir, "none.toml"), required: true } })).rejects.toMatchObject({
    code: "bad-config",
  });
});
