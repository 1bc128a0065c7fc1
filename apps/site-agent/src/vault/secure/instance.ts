/**
 * How a site notices that its folder is an older copy: a small file, not to be backed up, that counts the journal's records.
 * Journal, then counter, then send: a counter ahead of the journal, another machine, or no such file beside a journal means
 * that the folder was restored. A whole virtual machine put back together with this file is not noticed here (SECURITY.md).
 */
import { randomBytes } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import * as z from "zod";
import { sha256 } from "@engraft/core/crypto/digest";
import { readIfThere, storageFault, writeFileDurably } from "@engraft/runtime/files";

const InstanceFile = z.object({
  format: z.literal("engraft.instance/1"),
  id: z.string(),
  machine: z.string().nullable(),
  counter: z.int(),
});
export type Instance = z.infer<typeof InstanceFile>;

/** Text of one length, so that it is overwritten in place. */
const textOf = (instance: Instance): string => `${JSON.stringify(instance).padEnd(250)}\n`;

/** Digest of the operating system's machine id; null where there is none (containers, other systems). */
async function machineId(): Promise<string | null> {
  const text = (await readIfThere("/etc/machine-id").catch(() => undefined))?.trim();
  return text === undefined || text === "" ? null : sha256(`engraft ${text}`).slice(0, 32);
}

/** Undefined where there is no such file, or none that can be read. */
export async function readInstance(path: string): Promise<Instance | undefined> {
  const text = await readIfThere(path);
  try {
    return text === undefined ? undefined : InstanceFile.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Why a folder whose journal holds `count` records is an older copy; undefined where it is not. */
export async function copied(known: Instance, count: number): Promise<string | undefined> {
  const machine = await machineId();
  if (known.machine !== null && machine !== null && known.machine !== machine) return "it was made on another machine";
  if (known.counter > count) return "its journal is older than what this site has done";
  // A crash between the journal and the counter leaves one record more, never two.
  return count > known.counter + 1 ? "its journal is newer than its counter" : undefined;
}

export class Counter {
  readonly #path: string;
  readonly #file: FileHandle;
  #instance: Instance;

  private constructor(path: string, file: FileHandle, instance: Instance) {
    this.#path = path;
    this.#file = file;
    this.#instance = instance;
  }

  /** Goes on from what was there, or is this folder's first. */
  static async open(path: string, known: Instance | undefined, counter: number): Promise<Counter> {
    const instance: Instance =
      known === undefined
        ? { format: "engraft.instance/1", id: randomBytes(12).toString("hex"), machine: await machineId(), counter }
        : { ...known, counter };
    await writeFileDurably(path, textOf(instance));
    return new Counter(path, await open(path, "r+"), instance);
  }

  /** Durable when it returns. Where it throws, the next one says the same and more. */
  async set(counter: number): Promise<void> {
    this.#instance = { ...this.#instance, counter };
    try {
      await this.#file.write(textOf(this.#instance), 0);
      await this.#file.datasync();
    } catch (error) {
      storageFault(error, this.#path);
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
