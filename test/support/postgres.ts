/** A throw-away PostgreSQL server for tests: its own folder and a random port on the loopback. */
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface TestPostgres {
  /** Address of the server's own database. */
  readonly url: string;
  /** Address of a new database: empty, or a copy of one that nobody is connected to. */
  database(template?: string): Promise<string>;
  /** Stops the server as a crash would, and starts it again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** `bin` is the folder of initdb and pg_ctl, as `findPostgres` of require.ts gives it. */
export async function startPostgres(bin: string): Promise<TestPostgres> {
  const dir = await mkdtemp(join(tmpdir(), "engraft-postgres-"));
  // PostgreSQL refuses to run as root.
  const as: { readonly uid?: number; readonly gid?: number } = process.getuid?.() === 0 ? await unprivileged() : {};
  if (as.uid !== undefined && as.gid !== undefined) await chown(dir, as.uid, as.gid);
  const data = join(dir, "data");
  const options = { ...as, cwd: dir, env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C" } };
  await run(join(bin, "initdb"), ["-D", data, "-U", "engraft", "-A", "trust", "-E", "UTF8", "--no-sync"], options);
  const port = await freePort();
  const start = (): Promise<void> =>
    finished(
      join(bin, "pg_ctl"),
      ["-D", data, "-w", "-l", join(dir, "log"), "-o", `-p ${port} -h 127.0.0.1 -k ${dir} -F`, "start"],
      options,
    );
  const stop = (mode: "fast" | "immediate"): Promise<void> =>
    finished(join(bin, "pg_ctl"), ["-D", data, "-w", "-m", mode, "stop"], options);
  await start();
  const url = `postgresql://engraft@127.0.0.1:${port}/postgres`;
  return {
    url,
    database: (template) => createDatabase(url, template),
    restart: async () => {
      await stop("immediate");
      await start();
    },
    stop: async () => {
      await stop("fast");
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A new database on the server at `url`: empty, or a copy of one that nobody is connected to. Gives its address. */
export async function createDatabase(url: string, template?: string): Promise<string> {
  const name = `engraft_${randomBytes(6).toString("hex")}`;
  const copied = template === undefined ? "" : ` TEMPLATE ${new URL(template).pathname.slice(1)}`;
  await run("psql", ["--no-psqlrc", "-d", url, "-c", `CREATE DATABASE ${name}${copied}`]);
  return Object.assign(new URL(url), { pathname: `/${name}` }).href;
}

/** pg_ctl leaves the server with its pipes open, so its output is not read. */
function finished(file: string, args: readonly string[], options: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: "ignore" });
    child.once("error", reject);
    child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`${file} ${args.at(-1) ?? ""} exited with ${code}`))));
  });
}

async function unprivileged(): Promise<{ readonly uid: number; readonly gid: number }> {
  for (const name of ["postgres", "nobody"]) {
    const ids = await Promise.all(
      ["-u", "-g"].map((flag) =>
        run("id", [flag, name]).then(
          ({ stdout }) => Number(stdout),
          () => undefined,
        ),
      ),
    );
    if (ids[0] !== undefined && ids[1] !== undefined) return { uid: ids[0], gid: ids[1] };
  }
  throw new Error("PostgreSQL refuses to run as root, and there is no user postgres or nobody");
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => (typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}
