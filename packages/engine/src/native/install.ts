/** Gets TensorFlow's native engine working: gathered or downloaded beside its place, tried, and only then put in place. */
import { EngraftError } from "@engraft/core/base/errors";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, statfs, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { compileAddon, findToolchain } from "./compile.ts";
import { cacheFolder, nativePlace, nativeVersion } from "./place.ts";
import { probe } from "./probe.ts";
import { gather, WHEEL } from "./sources.ts";
import { installUpstream } from "./upstream.ts";

export interface InstallProgress {
  readonly step: "download" | "unpack" | "compile" | "try";
  /** Bytes; null where that is not known. */
  readonly done: number | null;
  readonly total: number | null;
}

export interface InstallOptions {
  /** A wheel or a folder; without one tfjs-node's own installer downloads. */
  readonly from?: string | undefined;
  readonly sha256?: string | undefined;
  readonly progress: (progress: InstallProgress) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Installed {
  readonly folder: string;
  readonly engine: string;
  /** Of the wheel or folder; null for a download. */
  readonly sha256: string | null;
}

/** Libraries, headers and the addon, with room to spare. */
const NEEDED_BYTES = 800 * 1024 ** 2;
const BESIDE = ".part-";

/** Rejects with a code that says what is missing; what was there before stays then. */
export async function installNative(options: InstallOptions): Promise<Installed> {
  const { from, progress, signal } = options;
  if (from === undefined && options.sha256 !== undefined)
    throw new EngraftError("bad-input", "--sha256 says what --from must hold; name a wheel or a folder with --from.");
  if (from !== undefined && process.platform !== "linux")
    throw new EngraftError("bad-input", `The libraries of ${WHEEL} are for Linux. On this system run it without --from.`);
  const toolchain = from === undefined ? undefined : findToolchain();
  const cache = cacheFolder();
  await mkdir(cache, { recursive: true });
  await removeLeftovers(cache);
  await mustFit(cache);
  const beside = join(cache, `${BESIDE}${process.pid}-${randomBytes(4).toString("hex")}`);
  const place = nativePlace();
  const folder = join(beside, basename(place));
  try {
    await mkdir(folder, { recursive: true });
    let sha256: string | null = null;
    if (from === undefined || toolchain === undefined) {
      progress({ step: "download", done: null, total: null });
      await installUpstream(folder, signal);
    } else {
      sha256 = await gather(from, join(folder, "deps"), {
        sha256: options.sha256,
        signal,
        onBytes: (done, total) => progress({ step: "unpack", done, total }),
      });
      signal?.throwIfAborted();
      progress({ step: "compile", done: null, total: null });
      await compileAddon(folder, toolchain, signal);
      await rm(join(folder, "deps", "include"), { recursive: true });
    }
    progress({ step: "try", done: null, total: null });
    const tried = await probe({ what: "backend", backend: "native" }, { ENGRAFT_ENGINE_CACHE: beside });
    if (!tried.ok)
      throw new EngraftError(
        "training-failed",
        `The native engine was built and cannot train here (${tried.reason}). Nothing was installed.`,
      );
    signal?.throwIfAborted();
    const about = { format: "engraft.native/1", tfjsNode: nativeVersion(), source: from === undefined ? "upstream" : WHEEL, sha256 };
    await writeFile(join(folder, "engine.json"), `${JSON.stringify(about)}\n`);
    await putInPlace(folder, place, beside);
    return { folder: place, engine: tried.engine, sha256 };
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

async function putInPlace(folder: string, place: string, beside: string): Promise<void> {
  // A running agent keeps the library that it has loaded.
  await rename(place, join(beside, "before")).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  await rename(folder, place);
}

/** Of installations that were killed. */
async function removeLeftovers(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const pid = Number(new RegExp(`^\\${BESIDE}(\\d+)-`).exec(name)?.[1] ?? Number.NaN);
    if (Number.isInteger(pid) && !isRunning(pid)) await rm(join(cache, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function mustFit(cache: string): Promise<void> {
  const { bavail, bsize } = await statfs(cache);
  if (bavail * bsize >= NEEDED_BYTES) return;
  throw new EngraftError(
    "disk-full",
    `The native engine needs 800 MB in ${cache}. Free some space, or name another folder by the setting engine-cache.`,
  );
}
