import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readConfig } from "./config.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "engraft-config-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

it("takes flags before variables before the file in the agent's home", async () => {
  await writeFile(join(home, "engraft.toml"), 'log-level = "error"\nca = "/file.pem"\n');
  expect(await readConfig({}, { ENGRAFT_HOME: home })).toEqual({ home, logLevel: "error", ca: "/file.pem" });
  expect(
    await readConfig({ home, logLevel: "debug" }, { ENGRAFT_HOME: "/elsewhere", ENGRAFT_LOG_LEVEL: "warn", ENGRAFT_CA: "ca.pem" }),
  ).toEqual({ home, logLevel: "debug", ca: resolve("ca.pem") });
  expect((await readConfig({}, {})).home).toBe(resolve("engraft-site"));
});

it("names every problem at once", async () => {
  await writeFile(join(home, "engraft.toml"), 'log-levl = "info"\n');
  await expect(readConfig({ home, logLevel: "loud" }, {})).rejects.toThrow(/log-levl[\s\S]*log-level/);
});
