/** `engraft-coordinator start`: one process, until it is told to stop. */
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import { clock } from "@engraft/runtime/clock";
import { onStop } from "@engraft/runtime/exit";
import { readIfThere, writeFileDurably } from "@engraft/runtime/files";
import { openLog, type Logger } from "@engraft/runtime/log";
import { insideProgram } from "@engraft/runtime/program-folder";
import { openApp, type AlertSettings, type App } from "../app.ts";
import { coordinatorIdentity } from "../auth/secrets.ts";
import type { Config } from "../config.ts";
import { HttpServer } from "../server.ts";
import { standBy } from "../store/lead.ts";
import { LEAST_FREE_BYTES, mustHaveRoom } from "../store/room.ts";
import type { Term } from "../store/term.ts";
import { VERSION } from "../version.ts";

/** Of an app that led and must stop: the database that it waits for may be gone for good. */
const CLOSING_MS = 5_000;
const HOUR_MS = 3_600_000;

export async function start(config: Config, json: boolean): Promise<void> {
  const log = openLog("coordinator", config.logLevel);
  const inside = insideProgram(config.data, "--data");
  if (inside !== undefined) process.stderr.write(`${inside}\n`);
  // First the port: a second start by mistake ends here, before anything is opened.
  const http = await HttpServer.listen(config.host, config.port);
  const stopping = new AbortController();
  let app: App | undefined;
  onStop(async (signal) => {
    log.info({ signal }, "stopping");
    stopping.abort();
    // Together: the server is closed only once the agents' sockets are, and those are the app's.
    await Promise.all([http.close(), app?.close()]);
  });
  try {
    for (let patient = false; !stopping.signal.aborted; patient = true) {
      const term = config.databaseUrl === undefined ? undefined : await turn(config, { http, log, json, patient, signal: stopping.signal });
      if (stopping.signal.aborted) return;
      app = await open(config, http.port, log, term).catch(async (error: unknown) => {
        await term?.close();
        throw error;
      });
      http.serve(app, config);
      announce(app, json, config);
      const fault = await (term?.lost ?? new Promise<never>(() => undefined));
      log.error({ err: fault }, "lead.lost");
      sayLost(fault, json);
      http.withhold(standby(""));
      await closeSoon(app);
      app = undefined;
    }
  } catch (error) {
    await http.close();
    throw error;
  }
}

interface Turn {
  readonly http: HttpServer;
  readonly log: Logger;
  readonly json: boolean;
  readonly patient: boolean;
  readonly signal: AbortSignal;
}

/**
 * Waits for this coordinator's turn to lead. Standing by is what a second coordinator does by itself: after a takeover the two
 * have changed places, and both are started again by the same line.
 */
async function turn(config: Config, { http, log, json, patient, signal }: Turn): Promise<Term | undefined> {
  const { databaseUrl = "" } = config;
  const data = resolve(config.data);
  await prepare(data);
  const { publicKey } = await coordinatorIdentity(data);
  const mark = join(data, "leader");
  const candidate = { key: publicKey, mark: { read: () => readIfThere(mark), write: (text: string) => writeFileDurably(mark, text) } };
  return standBy(databaseUrl, candidate, {
    patient,
    signal,
    standing: (leader) => {
      http.withhold(standby(leader));
      log.info({ leader }, "standby");
      sayStandby(leader, json);
    },
  });
}

const standby = (leader: string): Readonly<Record<string, string>> => ({
  status: "standby",
  role: "standby",
  version: VERSION,
  leader,
  text: "This coordinator stands by: another one leads. It takes over where that one ends.",
});

function sayStandby(leader: string, json: boolean): void {
  const text = leader === "" ? "The database does not answer. Waiting for it." : `Standing by: ${leader}, leads.`;
  process.stdout.write(json ? `${JSON.stringify({ event: "standby", leader })}\n` : `${text}\n`);
}

function sayLost({ message }: EngraftError, json: boolean): void {
  process.stdout.write(json ? `${JSON.stringify({ event: "lost", text: message })}\n` : `This coordinator leads no more. ${message}\n`);
}

/** What is under way may wait for a database that does not answer. Then only the end of the process is sure to end it. */
async function closeSoon(app: App): Promise<void> {
  const late = setTimeout(() => {
    app.log.fatal({}, "close.hangs");
    process.exit(63);
  }, CLOSING_MS);
  await app.close().catch((error: unknown) => app.log.error({ err: error }, "close.failed"));
  clearTimeout(late);
}

/** The app without its web server. */
export async function open(config: Config, port: number, log: Logger, term?: Term): Promise<App> {
  const data = resolve(config.data);
  await prepare(data);
  const publicUrl = config.publicUrl ?? defaultUrl(config.host, port);
  const loopback = [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
  return openApp({
    data,
    databaseUrl: config.databaseUrl,
    term,
    publicUrl,
    otherUrls: config.otherUrls ?? [],
    trustedOrigins: [...new Set([new URL(publicUrl).origin, ...loopback])],
    keepDays: config.keepDays,
    keepAuditDays: config.keepAuditDays,
    alerts: await alertsOf(config),
    sessions: { idleMs: HOUR_MS * config.sessionIdleHours, longestMs: HOUR_MS * config.sessionHours },
    log,
    now: clock,
  });
}

/** The mail server's password is read once, from its file or the environment, and held in memory alone. */
async function alertsOf({
  smtpUrl,
  smtpPassword,
  smtpPasswordFile,
  mailFrom,
  webhookAllow,
  alertAfterSeconds,
}: Config): Promise<AlertSettings> {
  const read = smtpPasswordFile === undefined ? smtpPassword : await readIfThere(smtpPasswordFile);
  if (smtpPasswordFile !== undefined && read === undefined)
    throw new EngraftError("bad-config", `Cannot read ${smtpPasswordFile}. It should hold the mail server's password.`);
  return { mail: { smtpUrl, password: read?.trim(), from: mailFrom }, webhookAllow, patienceMs: 1000 * alertAfterSeconds };
}

/** The folder is there, and so is room. */
async function prepare(data: string): Promise<void> {
  await mkdir(data, { recursive: true, mode: 0o700 });
  await mustHaveRoom(data, LEAST_FREE_BYTES);
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
