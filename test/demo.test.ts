/** The two commands of the README: the demo as a new user runs it. */
import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile, readdir } from "node:fs/promises";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { readSafetensors } from "@engraft/core/models/safetensors";
import { describe, expect, it } from "vitest";
import type { DemoResult } from "../examples/demo/run.ts";
import { freePort } from "../tools/federation/ports.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

function startDemo(...args: string[]): { child: ChildProcess; stdout: () => string; stderr: () => string } {
  const child = spawn(process.execPath, ["--import", "tsx", "examples/demo/main.ts", ...args], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
  return { child, stdout: () => said.stdout, stderr: () => said.stderr };
}

/** Command lines of processes whose arguments name this port or a demo folder. */
async function leftBehind(port: number): Promise<readonly string[]> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return lines.filter((line) => line.includes("engraft-") && line.split("\0").includes(String(port)));
}

describe("npm run demo", () => {
  it("prints one JSON object, federated better than alone, and leaves nothing behind", async () => {
    const port = await freePort();
    const demo = startDemo("--once", "--json", "--port", String(port));
    const [code] = (await once(demo.child, "close")) as [number];
    expect({ code, stderr: code === 0 ? "" : demo.stderr() }).toEqual({ code: 0, stderr: "" });
    const lines = demo.stdout().trim().split("\n");
    expect(lines).toHaveLength(1);
    const result = JSON.parse(lines[0] ?? "") as DemoResult;
    expect(result.sites.map(({ site }) => site)).toEqual(["cleveland", "hungary", "switzerland", "va"]);
    expect(result.aggregation).toBe("secure");
    // Killed after the masks were agreed: the others' sum was opened without it, or with it where it was back within the grace.
    // The round went on without it, and it was back in the next.
    expect(result.killed.inSum).toEqual(["cleveland", "hungary", "switzerland"]);
    expect(result.killed.inNextSum).toEqual(["cleveland", "hungary", "switzerland", "va"]);
    expect(result.pooled.federated["auroc"]).toBeGreaterThan(0.5);
    const mean = (model: "base" | "alone" | "federated"): number =>
      result.sites.reduce((sum, site) => sum + Number(site[model]["auroc"]), 0) / result.sites.length;
    expect(mean("federated")).toBeGreaterThan(mean("alone"));
    for (const site of result.sites) expect(site.n).toBeGreaterThan(0);
    const bytes = await readFile(result.model.path);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(result.model.sha256);
    expect(readSafetensors(bytes).tensors.size).toBeGreaterThan(1);
    expect(await leftBehind(port)).toEqual([]);
  });

  it("Ctrl-C in the middle stops every process and says so", async () => {
    const port = await freePort();
    const demo = startDemo("--port", String(port));
    while (!demo.stderr().includes("Training together")) await new Promise((resolve) => setTimeout(resolve, 50));
    demo.child.kill("SIGINT");
    await once(demo.child, "close");
    expect(demo.stderr()).toContain("Stopped.");
    expect(await leftBehind(port)).toEqual([]);
  });

  it("a busy port is named, with what to do", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const port = String((server.address() as { port: number }).port);
    const demo = startDemo("--once", "--json", "--port", port);
    const [code] = (await once(demo.child, "close")) as [number];
    server.close();
    expect(code).toBe(65);
    expect(demo.stderr()).toContain(`Port ${port} is in use`);
  });
});
