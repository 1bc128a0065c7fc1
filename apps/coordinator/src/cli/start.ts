/** `engraft-coordinator start`: one process, until it is told to stop. */
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import { clock } from "@engraft/runtime/clock";
import { onStop } from "@engraft/runtime/exit";
import { openLog, type Logger } from "@engraft/runtime/log";
import { openApp, type App } from "../app.ts";
import type { Config } from "../config.ts";
import { HttpServer } from "../server.ts";
import { LEAST_FREE_BYTES, mustHaveRoom } from "../store/room.ts";

export async function start(config: Config, json: boolean): Promise<void> {
  const log = openLog("coordinator", config.logLevel);
  // First the port: a second start by mistake ends here, before anything is opened.
  const http = await HttpServer.listen(config.host, config.port);
  const app = await open(config, http.port, log).catch(async (error: unknown) => {
    await http.close();
    throw error;
  });
  http.serve(app, config.dashboardUrl);
  announce(app, json, config);
  onStop(async (signal) => {
    log.info({ signal }, "stopping");
    await http.close();
    await app.close();
  });
}

/** The app without its web server. */
export async function open(config: Config, port: number, log: Logger): Promise<App> {
  const data = resolve(config.data);
  await mkdir(data, { recursive: true, mode: 0o700 });
  await mustHaveRoom(data, LEAST_FREE_BYTES);
  const publicUrl = config.publicUrl ?? defaultUrl(config.host, port);
  const loopback = [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
  return openApp({
    data,
    databaseUrl: config.databaseUrl,
    publicUrl,
    trustedOrigins: [...new Set([new URL(publicUrl).origin, ...loopback])],
    keepDays: config.keepDays,
    log,
    now: clock,
    onLost: (fault) => {
      log.fatal({ err: fault }, "database.lost");
      process.exit(63);
    },
  });
}

function defaultUrl(host: string, port: number): string {
  if (host === "0.0.0.0" || host === "::")
    throw new EngraftError(
      "bad-config",
      "Say by which address agents and browsers reach this coordinator, with --public-url: it is written into every invite.",
    );
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function announce(app: App, json: boolean, config: Config): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ event: "ready", url: app.publicUrl, key: app.identity.publicKey, setup: app.setupUrl })}\n`);
    return;
  }
  process.stdout.write(`The coordinator is ready at ${app.publicUrl}\n`);
  if (app.setupUrl !== null) process.stdout.write(`Make the first admin, once, at ${app.setupUrl}\n`);
  if (config.databaseUrl === undefined)
    process.stderr.write("Embedded database: good for trials. For real patients use PostgreSQL, with DATABASE_URL.\n");
}
