import { EngraftError } from "@engraft/core/base/errors";
import { strToU8, zipSync, type Zippable } from "fflate";
import { existsSync } from "node:fs";
import { mkdtemp, open, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { gather } from "./sources.ts";
import { readZip, unpack, type ZipLimits } from "./zip.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "engraft-zip-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Unpacks everything into `folder`/out; `change` damages the bytes. */
async function unpackAll(
  files: Zippable,
  change: (bytes: Buffer) => void = () => undefined,
  limits?: ZipLimits,
): Promise<readonly string[]> {
  const bytes = Buffer.from(zipSync(files));
  change(bytes);
  const path = join(folder, "a.zip");
  await writeFile(path, bytes);
  const handle = await open(path);
  try {
    const entries = await readZip(handle, limits);
    for (const entry of entries) await unpack(handle, entry, join(folder, "out", entry.name));
    return entries.map(({ name }) => name);
  } finally {
    await handle.close();
  }
}

const refusal = { constructor: EngraftError, code: "bad-input" };
const directoryOf = (bytes: Buffer): number => bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));

it("unpacks packed and stored files as they were", async () => {
  const large = new Uint8Array(3_000_000).map((_, index) => (index * index) >> 7);
  const names = await unpackAll({ "d/large.bin": large, "stored.txt": [strToU8("as it is"), { level: 0 }], empty: new Uint8Array() });
  expect(names).toEqual(["d/large.bin", "stored.txt", "empty"]);
  expect(Buffer.compare(await readFile(join(folder, "out/d/large.bin")), large)).toBe(0);
  expect(await readFile(join(folder, "out/stored.txt"), "utf8")).toBe("as it is");
  expect(await readFile(join(folder, "out/empty"))).toHaveLength(0);
});

describe("refuses before anything is unpacked", () => {
  it.each(["../outside", "a/../../outside", "/absolute", "C:/drive", "a\\b", "a//b", "./a", "line\nbreak"])("the name %j", async (name) => {
    await expect(unpackAll({ "good.txt": strToU8("x"), [name]: strToU8("x") })).rejects.toMatchObject(refusal);
    expect(existsSync(join(folder, "out"))).toBe(false);
  });

  const one = { "a.txt": strToU8("something to pack, something to pack") };
  it.each<[string, Zippable, (bytes: Buffer) => void, ZipLimits?]>([
    ["a symbolic link", one, (bytes) => bytes.writeUInt32LE(0xa1ff_0000, directoryOf(bytes) + 38)],
    ["an encrypted file", one, (bytes) => bytes.writeUInt16LE(1, directoryOf(bytes) + 8)],
    ["more files than its directory says", one, (bytes) => bytes.writeUInt16LE(2, bytes.length - 12)],
    ["more files than allowed", { ...one, b: strToU8("b") }, () => undefined, { entries: 1, bytes: 1000 }],
    ["more bytes than allowed", one, () => undefined, { entries: 10, bytes: 10 }],
    ["files that overlap", { ...one, b: strToU8("b") }, (bytes) => bytes.writeUInt32LE(10_000, directoryOf(bytes) + 20)],
    ["a cut archive", one, (bytes) => bytes.fill(0, bytes.length - 22)],
  ])("%s", async (_, files, change, limits) => {
    await expect(unpackAll(files, change, limits)).rejects.toMatchObject(refusal);
    expect(existsSync(join(folder, "out"))).toBe(false);
  });
});

it("stops at the declared length, and finds changed bytes", async () => {
  const zeros = { "bomb.bin": new Uint8Array(5_000_000) };
  await expect(unpackAll(zeros, (bytes) => bytes.writeUInt32LE(1000, directoryOf(bytes) + 24))).rejects.toThrow(/longer than declared/);
  expect((await readFile(join(folder, "out/bomb.bin"))).length).toBeLessThanOrEqual(1000);
  await rm(join(folder, "out"), { recursive: true });
  await expect(unpackAll({ "a.txt": [strToU8("as it is"), { level: 0 }] }, (bytes) => bytes.fill(0x41, 36, 40))).rejects.toThrow(/damaged/);
});

describe("a wheel or folder", () => {
  const files = {
    tensorflow: {
      "libtensorflow_cc.so.2": strToU8("library"),
      "libtensorflow_framework.so.2": strToU8("framework"),
      "code.py": strToU8("import os"),
      include: { tensorflow: { c: { "c_api.h": strToU8("// header") }, cc: { "other.h": strToU8("// not needed") } } },
    },
  };
  const wheel = async (): Promise<string> => {
    const path = join(folder, "a.whl");
    await writeFile(path, zipSync(files));
    return path;
  };
  const deps = (): string => join(folder, "deps");
  const onBytes = (): void => undefined;
  const shaOf = async (from: string): Promise<string> => {
    const error = await gather(from, deps(), { onBytes }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: "digest-mismatch" });
    return /[0-9a-f]{64}/.exec((error as Error).message)?.[0] ?? "";
  };

  it("is taken where its SHA-256 is known or named, and only what is needed of it", async () => {
    const path = await wheel();
    const sha256 = await shaOf(path);
    expect(existsSync(deps())).toBe(false);
    await expect(gather(path, deps(), { onBytes, sha256: "0".repeat(64) })).rejects.toMatchObject({ code: "digest-mismatch" });
    let last: readonly number[] = [];
    expect(await gather(path, deps(), { sha256: sha256.toUpperCase(), onBytes: (...said) => (last = said) })).toBe(sha256);
    expect(last).toEqual([25, 25]);
    expect(
      (await readdir(deps(), { recursive: true, withFileTypes: true }))
        .filter((file) => !file.isDirectory())
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["c_api.h", "libtensorflow.so", "libtensorflow_cc.so.2", "libtensorflow_framework.so", "libtensorflow_framework.so.2"]);
    expect(await readFile(join(deps(), "lib/libtensorflow.so"), "utf8")).toBe("library");
  });

  it("unpacked has a SHA-256 of its own, which a changed file changes", async () => {
    const unpacked = join(folder, "unpacked");
    const path = await wheel();
    const handle = await open(path);
    for (const entry of await readZip(handle)) if (!entry.name.endsWith("/")) await unpack(handle, entry, join(unpacked, entry.name));
    await handle.close();
    const sha256 = await shaOf(unpacked);
    expect(existsSync(deps())).toBe(false);
    expect(await gather(unpacked, deps(), { onBytes, known: new Set([sha256]) })).toBe(sha256);
    await rm(deps(), { recursive: true });
    await writeFile(join(unpacked, "tensorflow/libtensorflow_cc.so.2"), "other");
    await expect(gather(unpacked, deps(), { onBytes, sha256 })).rejects.toMatchObject({ code: "digest-mismatch" });
  });

  it("without the libraries is named as what it is", async () => {
    await writeFile(join(folder, "b.whl"), zipSync({ "x/y": strToU8("z") }));
    const sha256 = await shaOf(join(folder, "b.whl"));
    await expect(gather(join(folder, "b.whl"), deps(), { onBytes, sha256 })).rejects.toThrow(/no libtensorflow_cc/);
    await expect(gather(join(folder, "nowhere"), deps(), { onBytes })).rejects.toMatchObject({ code: "not-found" });
  });
});
