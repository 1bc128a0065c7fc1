/**
 * tfjs-node's own installer, which downloads TensorFlow's library and a ready addon. It writes into its own package; it is run on
 * a copy of the package's scripts, so that node_modules stays as it is.
 */
import { EngraftError } from "@engraft/core/base/errors";
import { cp } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { runTool } from "./compile.ts";
import { addonIn, packageFolder } from "./place.ts";
import { WHEEL } from "./sources.ts";

const COPIED = ["package.json", "scripts", "binding", "binding.gyp"];

export async function installUpstream(folder: string, signal?: AbortSignal): Promise<void> {
  const source = packageFolder("@tensorflow/tfjs-node");
  for (const name of COPIED) await cp(join(source, name), join(folder, name), { recursive: true });
  const modules = dirname(dirname(source));
  const bin = join(packageFolder("@mapbox/node-pre-gyp"), "bin");
  const env = { ...process.env, NODE_PATH: modules, PATH: [join(modules, ".bin"), bin, process.env["PATH"]].join(delimiter) };
  const { code, tail } = await runTool(process.execPath, ["scripts/install.js", "cpu", "download"], { cwd: folder, env, signal });
  if (code === 0 && addonIn(folder) !== undefined) return;
  throw new EngraftError(
    "unreachable",
    `The installer of tfjs-node could not download the native engine (it ended with ${code ?? "a signal"}${tail === "" ? "" : `: ${firstError(tail)}`}). Where downloads are blocked, get the wheel through a mirror of Python packages and name it:
  pip download --no-deps --only-binary=:all: --python-version 311 --platform manylinux2014_x86_64 ${WHEEL}
  engraft-site engine install --from tensorflow_cpu-*.whl`,
  );
}

const firstError = (text: string): string => /Error: .*/.exec(text)?.[0] ?? text.split("\n").at(-1) ?? "";
