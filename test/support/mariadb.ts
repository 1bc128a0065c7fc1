/** A throw-away MariaDB server for tests: its own folder and a random port on the loopback. */
import { execFile, spawn } from "node:child_process";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createConnection } from "mysql2/promise";
import { freePort } from "../../tools/federation/ports.ts";

const run = promisify(execFile);

export interface TestMariadb {
  /** Address of an empty database, as a user who may do anything there. */
  readonly url: string;
  stop(): Promise<void>;
}

/** `bin` is the folder of mariadbd, as `findMariadb` of require.ts gives it. */
export async function startMariadb(bin: string): Promise<TestMariadb> {
  const dir = await mkdtemp(join(tmpdir(), "engraft-mariadb-"));
  const data = join(dir, "data");
  // Like PostgreSQL it does not run as root.
  const user = process.getuid?.() === 0 ? ["--user=mysql"] : [];
  if (user.length > 0) {
    const ids = await Promise.all(["-u", "-g"].map(async (flag) => Number((await run("id", [flag, "mysql"])).stdout)));
    await chown(dir, ids[0] ?? 0, ids[1] ?? 0);
  }
  await run("mariadb-install-db", [
    "--no-defaults",
    `--datadir=${data}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
    ...user,
  ]);
  const port = await freePort();
  const server = spawn(
    join(bin, "mariadbd"),
    ["--no-defaults", `--datadir=${data}`, `--port=${port}`, "--bind-address=127.0.0.1", `--socket=${join(dir, "socket")}`, ...user],
    { stdio: "ignore" },
  );
  const gone = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const as = { host: "127.0.0.1", port, user: "root" };
  for (let tries = 0; ; tries++) {
    const connection = await createConnection(as).catch((error: unknown) => {
      if (tries >= 300 || server.exitCode !== null) throw error;
      return undefined;
    });
    if (connection !== undefined) {
      await connection.query("CREATE DATABASE hospital");
      await connection.end();
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    url: `mysql://root@127.0.0.1:${port}/hospital`,
    stop: async () => {
      server.kill();
      await gone;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
