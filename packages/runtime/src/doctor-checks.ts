/** Checks of the machine that both programs make: Node, a folder's disk, a secret file's rights, the clock. */
import { randomBytes } from "node:crypto";
import { access, constants, stat } from "node:fs/promises";
import { join } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import { ok, problem, warning, type Finding } from "./doctor.ts";
import { freeBytes, removeIfThere, writeFileDurably } from "./files.ts";

const MIB = 2 ** 20;

/** As package.json says: ^20.19.0 || ^22.12.0 || >=24. */
export function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  const supported = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 24;
  return supported
    ? ok(`Node ${version}`)
    : problem(
        "node-unsupported",
        `Node ${version} is not supported.`,
        "Install Node 20.19 or later of the 20s, 22.12 or later of the 22s, or 24.",
      );
}

export const mebibytes = (bytes: number): string =>
  bytes < 10 * MIB ? `${(bytes / MIB).toFixed(1)} MiB` : `${Math.round(bytes / MIB)} MiB`;

export interface Space {
  /** Below it the program does not work. */
  readonly least: number;
  /** Below it soon. */
  readonly wanted: number;
}

/** Writes, syncs and removes a small file, as the program does for everything it keeps. The folder must be there. */
export async function diskFinding(folder: string, { least, wanted }: Space): Promise<Finding> {
  const probe = join(folder, `doctor-${randomBytes(6).toString("hex")}`);
  try {
    await writeFileDurably(probe, randomBytes(8192));
  } catch (error) {
    return writeFinding(folder, error);
  } finally {
    await removeIfThere(probe).catch(() => undefined);
  }
  const free = await freeBytes(folder);
  if (free < least)
    return problem(
      "disk-full",
      `${folder} has ${mebibytes(free)} free; ${mebibytes(least)} are needed at least.`,
      "Free some space on this disk.",
    );
  if (free < wanted)
    return warning(
      "disk-low",
      `${folder} has ${mebibytes(free)} free; ${mebibytes(wanted)} are wanted.`,
      "Free some space before the next run.",
    );
  return ok(`${folder} can be written and synced, ${mebibytes(free)} free`);
}

function writeFinding(folder: string, error: unknown): Finding {
  // What the file system said, whatever it was called for the program.
  const cause = error instanceof EngraftError ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "no reason given";
  if (code === "ENOSPC" || code === "EDQUOT")
    return problem("disk-full", `There is no space left in ${folder}.`, "Free some space on this disk, or raise this account's quota.");
  if (code === "EFBIG")
    return problem(
      "disk-limit",
      `This account may not write files as large as needed in ${folder}.`,
      'Raise its limit on file sizes ("ulimit -f", LimitFSIZE in systemd).',
    );
  if (code === "EACCES" || code === "EPERM" || code === "EROFS")
    return problem(
      "disk-read-only",
      `This account may not write in ${folder} (${code}).`,
      "Run the program as the account that owns the folder, or give the folder back to it; a disk that was mounted read-only after an error must be checked.",
    );
  return problem("disk-fails", `Writing and syncing in ${folder} fails (${code}).`, "Look at the system's log for errors of this disk.");
}

/** Whether other accounts can read a secret; ok where there is no such file. `what` for people: "the site's key". */
export async function secretFinding(path: string, what: string): Promise<Finding> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return ok(`${what}: none yet`);
  if (process.platform !== "win32" && (found.mode & 0o077) !== 0)
    return problem(
      "secret-readable",
      `Other accounts of this machine can read ${what} (${path}).`,
      `Run "chmod 600 ${path}". Where somebody may have used that, the secret must be made anew.`,
    );
  const readable = await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
  return readable
    ? ok(`${what}: only its own account can read it`)
    : problem(
        "secret-unreadable",
        `This account cannot read ${what} (${path}).`,
        "Run this command as the account that the program runs as.",
      );
}

const LOW_MEMORY = 512 * MIB;

/** `bytes` that the program may still use; `wanted` what its largest model needs. */
export function memoryFinding(bytes: number, wanted: number): Finding {
  const least = Math.max(LOW_MEMORY, wanted);
  return bytes < least
    ? warning(
        "memory-low",
        `${mebibytes(bytes)} of memory are free; ${mebibytes(least)} are wanted.`,
        "Stop other programs, or give this machine more memory.",
      )
    : ok(`${mebibytes(bytes)} free`);
}

const SKEW_NOTED_MS = 60_000;
const SKEW_TOO_LARGE_MS = 5 * 60_000;

/** `skewMs`: the other clock minus ours. */
export function clockFinding(skewMs: number, other: string): Finding {
  const seconds = Math.abs(Math.round(skewMs / 1000));
  const text = `This machine's clock is ${seconds} s ${skewMs > 0 ? "behind" : "ahead of"} ${other}.`;
  const next = "Switch on time synchronisation on both machines, for example with chrony or systemd-timesyncd.";
  if (Math.abs(skewMs) > SKEW_TOO_LARGE_MS) return problem("clock-wrong", `${text} Deadlines of rounds pass at the wrong time.`, next);
  return Math.abs(skewMs) > SKEW_NOTED_MS ? warning("clock-off", text, next) : ok(`within ${Math.max(1, seconds)} s of ${other}`);
}
