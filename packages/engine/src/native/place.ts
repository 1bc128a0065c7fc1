/**
 * Where the native engine lies: in a cache folder, not in node_modules, which may be read-only and is replaced by every `npm ci`.
 * The folder can be copied to another machine of the same kind.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

const require = createRequire(import.meta.url);

export const packageFolder = (name: string): string => dirname(require.resolve(`${name}/package.json`));

/** The addon is built against one version of tfjs-node's own C++ files. */
export const nativeVersion = (): string =>
  (JSON.parse(readFileSync(join(packageFolder("@tensorflow/tfjs-node"), "package.json"), "utf8")) as { version: string }).version;

/** ENGRAFT_ENGINE_CACHE, else the folder for caches of whoever runs this. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const named = env["ENGRAFT_ENGINE_CACHE"];
  if (named !== undefined && named !== "") return resolve(named);
  const home = homedir();
  const caches =
    process.platform === "win32"
      ? (env["LOCALAPPDATA"] ?? join(home, "AppData", "Local"))
      : process.platform === "darwin"
        ? join(home, "Library", "Caches")
        : (env["XDG_CACHE_HOME"] ?? join(home, ".cache"));
  return join(caches, "engraft", "engines");
}

export const nativePlace = (): string => join(cacheFolder(), `tfjs-node-${nativeVersion()}-${process.platform}-${process.arch}`);

/** The addon inside a folder that is laid out as tfjs-node lays out its own; undefined where there is none. */
export function addonIn(folder: string): string | undefined {
  const lib = join(folder, "lib");
  if (!existsSync(lib)) return undefined;
  const level = (name: string): number => Number(/\d+$/.exec(name)?.[0] ?? 0);
  return readdirSync(lib)
    .sort((a, b) => level(b) - level(a))
    .map((name) => join(lib, name, "tfjs_binding.node"))
    .find((path) => existsSync(path));
}

/** The addon that this machine uses: of `engine install`, else one that npm's own install script has built. */
export const findAddon = (): string | undefined => addonIn(nativePlace()) ?? addonIn(packageFolder("@tensorflow/tfjs-node"));
