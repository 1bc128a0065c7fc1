/** What the native engine is built from: TensorFlow's library and C headers, out of a wheel or a folder that holds an unpacked one. */
import { EngraftError } from "@engraft/core/base/errors";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, open, readdir, rm, stat, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readZip, unpack, type ZipLimits } from "./zip.ts";

export const WHEEL = "tensorflow-cpu==2.15.1";
/** Wheels of tensorflow-cpu 2.15.1 for Linux on x86-64 (CPython 3.9, 3.10, 3.11). Their libraries are the same. */
const KNOWN_WHEELS: ReadonlySet<string> = new Set([
  "102b27b17e5f6023886b0cb07835af56cd135b845c1b92e597018ba77e54e480",
  "ba9503db2c5357ea21938555323581fbdabf3d051b6bc1b5f73c5b0ae034d077",
  "54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26",
]);
/** Of the files that are taken from such a wheel: see `digestOfFolder`. */
const KNOWN_FOLDERS: ReadonlySet<string> = new Set(["9e9b402da1d35a765845d31c9096b675d961a7e26b864a00a089cd0e2ebeac32"]);

/** Names below `tensorflow/` that are taken. */
const TAKEN =
  /^(libtensorflow_(cc|framework)\.so\.2|include\/(tensorflow\/c\/.*|tensorflow\/core\/platform\/ctstring[^/]*|tsl\/platform\/ctstring[^/]*|tsl\/c\/.*|xla\/tsl\/(c\/.*|platform\/ctstring[^/]*))\.h)$/;
const LIBRARIES = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"] as const;

export interface Gathering {
  /** SHA-256 that the user names, where it is none of the known. */
  readonly sha256?: string | undefined;
  readonly onBytes: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
  readonly known?: ReadonlySet<string>;
  readonly limits?: ZipLimits;
}

/** Copies what is needed from `from` to `deps`, as tfjs-node lays it out. Returns the SHA-256 of the source. */
export async function gather(from: string, deps: string, options: Gathering): Promise<string> {
  const found = await stat(from).catch(() => undefined);
  if (found === undefined)
    throw new EngraftError("not-found", `${from} is not there. Name a wheel (.whl) or a folder that holds an unpacked one.`);
  const digest = found.isDirectory() ? await fromFolder(from, deps, options) : await fromWheel(from, deps, options);
  for (const library of LIBRARIES)
    await stat(join(deps, "lib", library)).catch(() => {
      throw new EngraftError("bad-input", `${from} has no ${library}: it is not ${WHEEL} for Linux.`);
    });
  // The names that the linker looks for.
  await symlink("libtensorflow_cc.so.2", join(deps, "lib", "libtensorflow.so"));
  await symlink("libtensorflow_framework.so.2", join(deps, "lib", "libtensorflow_framework.so"));
  return digest;
}

const placeOf = (deps: string, name: string): string => (name.startsWith("include/") ? join(deps, name) : join(deps, "lib", name));

async function fromWheel(
  wheel: string,
  deps: string,
  { sha256, onBytes, signal, known = KNOWN_WHEELS, limits }: Gathering,
): Promise<string> {
  const handle = await open(wheel, "r");
  try {
    const hash = createHash("sha256");
    for await (const chunk of handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
    const digest = hash.digest("hex");
    mustBeMeant(digest, sha256, known, "The wheel");
    const wanted = (await readZip(handle, limits)).flatMap((entry) => {
      const name = /^tensorflow\/(.*)$/.exec(entry.name)?.[1];
      return name !== undefined && TAKEN.test(name) ? [{ entry, name }] : [];
    });
    const total = wanted.reduce((sum, { entry }) => sum + entry.size, 0);
    let done = 0;
    for (const { entry, name } of wanted)
      await unpack(handle, entry, placeOf(deps, name), { onBytes: (count) => onBytes((done += count), total), signal });
    return digest;
  } finally {
    await handle.close();
  }
}

async function fromFolder(folder: string, deps: string, { sha256, onBytes, signal, known = KNOWN_FOLDERS }: Gathering): Promise<string> {
  const inner = await stat(join(folder, "tensorflow", LIBRARIES[0])).then(
    () => join(folder, "tensorflow"),
    () => folder,
  );
  const names = (await readdir(inner, { recursive: true, withFileTypes: true }))
    .filter((file) => file.isFile())
    .map((file) =>
      join(file.parentPath, file.name)
        .slice(inner.length + 1)
        .replaceAll("\\", "/"),
    )
    .filter((name) => TAKEN.test(name));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(inner, name))).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let done = 0;
  for (const [index, name] of names.entries()) {
    signal?.throwIfAborted();
    await mkdir(dirname(placeOf(deps, name)), { recursive: true });
    await copyFile(join(inner, name), placeOf(deps, name));
    onBytes((done += sizes[index] ?? 0), total);
  }
  // Of the copies, which are what is used.
  const digest = await digestOfFolder(names, (name) => placeOf(deps, name));
  try {
    mustBeMeant(digest, sha256, known, "The folder");
  } catch (error) {
    await rm(deps, { recursive: true, force: true });
    throw error;
  }
  return digest;
}

/** SHA-256 over "name, NUL, SHA-256 of the content, newline" of every file that is taken, in order of names. */
async function digestOfFolder(names: readonly string[], place: (name: string) => string): Promise<string> {
  const all = createHash("sha256");
  for (const name of [...names].sort()) {
    const one = createHash("sha256");
    for await (const chunk of createReadStream(place(name), { highWaterMark: 1 << 20 })) one.update(chunk as Buffer);
    all.update(`${name}\0${one.digest("hex")}\n`);
  }
  return all.digest("hex");
}

function mustBeMeant(digest: string, named: string | undefined, known: ReadonlySet<string>, what: string): void {
  if (named === undefined ? known.has(digest) : named.toLowerCase() === digest) return;
  throw new EngraftError(
    "digest-mismatch",
    named === undefined
      ? `${what} has the SHA-256 ${digest}, which is none of ${WHEEL} that Engraft knows. Its code would run on this machine: where you got this very digest from somebody you trust, give it with --sha256.`
      : `${what} has the SHA-256 ${digest}, not the one named by --sha256. Nothing was installed.`,
  );
}
