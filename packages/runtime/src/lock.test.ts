import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { takeLock } from "./lock.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "engraft-lock-"));
});
afterEach(() => rm(dir, { recursive: true }));

it("[S2] a folder has one holder at a time", async () => {
  const lock = await takeLock(dir, "coordinator");
  await expect(takeLock(dir, "coordinator")).rejects.toMatchObject({ code: "locked" });
  await lock.release();
  const again = await takeLock(dir, "coordinator");
  await again.release();
});

it("[S2] a killed holder leaves no lock behind", async () => {
  const lockModule = new URL("../dist/lock.js", import.meta.url).href;
  const holder = spawn(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      `import { takeLock } from ${JSON.stringify(lockModule)}; await takeLock(${JSON.stringify(dir)}, "test"); console.log("held"); setInterval(() => {}, 1000);`,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await new Promise((resolve) => holder.stdout.once("data", resolve));
  await expect(takeLock(dir, "test")).rejects.toMatchObject({ code: "locked" });
  const gone = new Promise((resolve) => holder.once("exit", resolve));
  holder.kill("SIGKILL");
  await gone;
  const lock = await takeLock(dir, "test");
  await lock.release();
});

it("[S2] a fresh heartbeat of another host refuses the lock", async () => {
  await writeFile(join(dir, "owner"), "another-host\n1\n");
  await expect(takeLock(dir, "test")).rejects.toMatchObject({ code: "locked" });
});
