/** A disk of a few megabytes that a test can fill to its last byte, or make read-only. Needs the right to mount, as in CI. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Probe } from "./require.ts";

const run = (program: string, ...args: readonly string[]): boolean => spawnSync(program, args, { stdio: "ignore" }).status === 0;

function mount(path: string, mib: number): boolean {
  mkdirSync(path, { recursive: true });
  return run("mount", "-t", "tmpfs", "-o", `size=${mib}m,mode=0700`, "tmpfs", path);
}

const mounted = new Set<SmallDisk>();
process.once("exit", () => {
  for (const disk of mounted) disk.unmount();
});

export class SmallDisk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Mounts an empty disk at a folder. */
  static async at(path: string, mib: number): Promise<SmallDisk> {
    await mkdir(path, { recursive: true });
    if (!mount(path, mib)) throw new Error(`Nothing can be mounted at ${path}.`);
    const disk = new SmallDisk(path);
    mounted.add(disk);
    return disk;
  }

  get #filler(): string {
    return join(this.path, "filler");
  }

  /** Not a byte is left. */
  async fill(): Promise<void> {
    const file = await open(this.#filler, "a");
    try {
      const took = (size: number): Promise<boolean> =>
        file.write(Buffer.alloc(size)).then(
          () => true,
          (error: NodeJS.ErrnoException) => {
            if (error.code !== "ENOSPC") throw error;
            return false;
          },
        );
      for (const size of [1 << 20, 1 << 16, 1 << 12, 512, 1]) while (await took(size));
    } finally {
      await file.close();
    }
  }

  free(): Promise<void> {
    return rm(this.#filler, { force: true });
  }

  async become(how: "ro" | "rw"): Promise<void> {
    // While a file is open for writing the system refuses.
    while (!run("mount", "-o", `remount,${how}`, this.path)) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  unmount(): void {
    mounted.delete(this);
    run("umount", "-l", this.path);
  }
}

export function findMount(): Probe<true> {
  const path = mkdtempSync(join(tmpdir(), "engraft-mount-"));
  const works = process.platform === "linux" && mount(path, 1) && run("umount", path);
  rmSync(path, { recursive: true, force: true });
  return works ? { found: true } : { missing: "run the tests as root on Linux, in a container that may mount" };
}
