/** Runs a peer's own benchmark script beside ours, where its Python environment and the shared scripts are there. */
import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** A path in the folder of shared reference data, which may not be there. */
export const shared = (path: string): string =>
  join(process.env["ENGRAFT_SHARED"] ?? fileURLToPath(new URL("../../../shared", import.meta.url)), path);

const FLOWER = shared("bench/peers/flower/flower_bench.py");

export type PeerResult = Readonly<Record<string, unknown>>;

/** One JSON object per case; empty where Flower cannot run here. */
export async function runFlower(python: string | undefined, args: readonly string[]): Promise<readonly PeerResult[]> {
  if (python === undefined) return [];
  try {
    await access(FLOWER);
    process.stderr.write(`Running Flower's benchmark: ${args.join(" ")}\n`);
    const { stdout } = await promisify(execFile)(python, [FLOWER, ...args], { maxBuffer: 64 * 1024 * 1024, timeout: 1_800_000 });
    return stdout
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as PeerResult);
  } catch (error) {
    process.stderr.write(`Flower did not run: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}\n`);
    return [];
  }
}
