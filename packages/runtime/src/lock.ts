/**
 * An exclusive lock on a folder that a killed process cannot leave behind.
 *
 * 1. A socket in the kernel's name space (Linux: abstract Unix socket; Windows: named pipe; elsewhere a Unix socket file), named
 *    by the folder's real path. The kernel frees it when the process dies, so a restart after kill -9 need not wait.
 * 2. An owner file with a heartbeat, for the case that the kernels differ: two containers on one volume. A fresh heartbeat of
 *    another host refuses the lock.
 */
import { createHash } from "node:crypto";
import { mkdir, realpath, rm, stat, utimes, writeFile } from "node:fs/promises";
import { createConnection, createServer, type Server } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import { readIfThere } from "./files.ts";

const HEARTBEAT_MS = 2_000;
const FRESH_MS = 15_000;

export interface Lock {
  release(): Promise<void>;
}

/** Takes the lock on `dir`, or throws `locked`. `what` names the holder for people, for example "coordinator". */
export async function takeLock(dir: string, what: string): Promise<Lock> {
  await mkdir(dir, { recursive: true });
  const real = await realpath(dir);
  const held = new EngraftError("locked", `Another ${what} process uses the folder ${dir}. Stop it first; two at once would lose data.`);
  const server = await listen(socketName(real), held);
  const owner = join(real, "owner");
  try {
    await refuseForeignOwner(owner, held);
    await writeFile(owner, `${hostname()}\n${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    server.close();
    throw error;
  }
  const heartbeat = setInterval(() => void utimes(owner, new Date(), new Date()).catch(() => undefined), HEARTBEAT_MS);
  heartbeat.unref();
  return {
    release: async () => {
      clearInterval(heartbeat);
      await rm(owner, { force: true });
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export interface Holder {
  readonly host: string;
  /** Undefined where it is not known. */
  readonly pid: number | undefined;
}

/** Who holds the lock on `dir`; undefined where nobody does. Takes nothing. */
export async function lockHolder(dir: string): Promise<Holder | undefined> {
  const real = await realpath(dir).catch(() => undefined);
  if (real === undefined) return undefined;
  const path = join(real, "owner");
  const [host = "", pid = ""] = ((await readIfThere(path)) ?? "").split("\n");
  const named = { host: host === "" ? hostname() : host, pid: /^\d+$/.test(pid) ? Number(pid) : undefined };
  if (await answers(socketName(real))) return named;
  if (host === "" || host === hostname()) return undefined;
  return (await isFresh(path)) ? named : undefined;
}

function socketName(real: string): string {
  const name = `engraft-${createHash("sha256").update(real).digest("hex").slice(0, 32)}`;
  if (process.platform === "linux") return `\0${name}`;
  if (process.platform === "win32") return `\\\\.\\pipe\\${name}`;
  return join(tmpdir(), `${name}.sock`);
}

async function listen(name: string, held: EngraftError): Promise<Server> {
  try {
    return await tryListen(name, held);
  } catch (error) {
    // Only a socket file outlives its process: where nobody answers it, it is a leftover.
    if (error !== held || !name.endsWith(".sock") || (await answers(name))) throw error;
    await rm(name, { force: true });
    return tryListen(name, held);
  }
}

function tryListen(name: string, held: EngraftError): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => reject(error.code === "EADDRINUSE" ? held : error));
    server.listen(name, () => {
      server.unref();
      resolve(server);
    });
  });
}

function answers(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(name);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function refuseForeignOwner(owner: string, held: EngraftError): Promise<void> {
  const text = await readIfThere(owner);
  if (text === undefined || text.split("\n")[0] === hostname()) return;
  if (await isFresh(owner)) throw held;
}

const isFresh = async (owner: string): Promise<boolean> => Date.now() - (await stat(owner)).mtimeMs < FRESH_MS;
