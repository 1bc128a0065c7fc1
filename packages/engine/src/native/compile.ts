/** Compiles tfjs-node's addon: two C++ files of the package, against Node's headers and TensorFlow's library. */
import { EngraftError } from "@engraft/core/base/errors";
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { packageFolder } from "./place.ts";

/** The addon uses Node's stable interface: one build runs on Node 20, 22 and 24. */
const NAPI = 8;

export interface Toolchain {
  readonly compiler: string;
  /** Folder that holds node_api.h. */
  readonly headers: string;
}

/** Throws `bad-config` with what to install. */
export function findToolchain(env: Readonly<Record<string, string | undefined>> = process.env, node = process.execPath): Toolchain {
  const compilers = [env["CXX"], "g++", "c++", "clang++"].filter((name): name is string => name !== undefined && name !== "");
  const compiler = compilers.find((name) => spawnSync(name, ["--version"], { stdio: "ignore", env: { PATH: env["PATH"] } }).status === 0);
  if (compiler === undefined)
    throw new EngraftError(
      "bad-config",
      "No C++ compiler is here. Install one (Debian and Ubuntu: apt-get install g++; Red Hat: dnf install gcc-c++), or name it by CXX. Or copy the engine's cache folder from a machine of the same kind.",
    );
  const named = env["ENGRAFT_NODE_HEADERS"];
  const places = [named, join(dirname(node), "..", "include", "node"), "/usr/include/node", "/usr/include/nodejs/src"];
  const headers = places.find((place) => place !== undefined && existsSync(join(place, "node_api.h")));
  if (headers === undefined)
    throw new EngraftError(
      "bad-config",
      `Node's C headers (node_api.h) are not beside ${node}. They come with Node's own archive and image; Debian: apt-get install libnode-dev. ENGRAFT_NODE_HEADERS names another folder.`,
    );
  return { compiler, headers };
}

/** Compiles into `folder`/lib against `folder`/deps. */
export async function compileAddon(folder: string, { compiler, headers }: Toolchain, signal?: AbortSignal): Promise<void> {
  const source = packageFolder("@tensorflow/tfjs-node");
  const deps = join(folder, "deps");
  const to = join(folder, "lib", `napi-v${NAPI}`);
  await mkdir(to, { recursive: true });
  const flags = ["-shared", "-fPIC", "-O2", "-std=c++17", `-DNAPI_VERSION=${NAPI}`];
  const includes = [headers, join(deps, "include"), source].map((place) => `-I${place}`);
  const files = ["tfjs_backend.cc", "tfjs_binding.cc"].map((name) => join(source, "binding", name));
  // Found from where the addon lies, so that the folder can be moved.
  const links = [`-L${join(deps, "lib")}`, "-ltensorflow", "-ltensorflow_framework", "-Wl,-rpath,$ORIGIN/../../deps/lib"];
  const { code, tail } = await runTool(compiler, [...flags, ...includes, ...files, ...links, "-o", join(to, "tfjs_binding.node")], {
    signal,
  });
  if (code !== 0) throw new EngraftError("bad-config", `The C++ compiler (${compiler}) could not build the addon:\n${tail}`);
}

/** Runs a program to its end and keeps the last of what it said. */
export async function runTool(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly signal?: AbortSignal | undefined } = {},
): Promise<{ readonly code: number | null; readonly tail: string }> {
  const { signal, ...rest } = options;
  const child = spawn(program, args, { ...rest, ...(signal === undefined ? {} : { signal }), stdio: ["ignore", "pipe", "pipe"] });
  let tail = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      tail = (tail + text).slice(-2000);
    });
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  return { code, tail: tail.trim() };
}
