/** One port for everything: API, agents, downloads, and the dashboard behind it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { EngraftError, isRefusal } from "@engraft/core/base/errors";
import { Digest } from "@engraft/core/base/ids";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";
import { accessOf, refusal } from "./api/access.ts";
import { coded } from "./api/procedures.ts";
import { appRouter } from "./api/router.ts";
import type { App } from "./app.ts";
import type { Config } from "./config.ts";
import { enrol } from "./enrol/enrol.ts";
import { readBody, sendFault, sendJson, setSecurityHeaders, statusOf } from "./http/answers.ts";
import { serveAudit } from "./http/audit.ts";
import { serveBackup } from "./http/backup.ts";
import { Uploads } from "./http/blobs.ts";
import { openDashboard } from "./http/dashboard.ts";
import { refuseForeignOrigin } from "./http/origin.ts";
import { serveRecord } from "./http/records.ts";
import { serveProbe } from "./http/probe.ts";
import { serveRelease } from "./http/releases.ts";
import { OF_SITES, routeOf, type RouteKey } from "./http/routes.ts";
import { RateLimits } from "./rate-limit.ts";
import { serveMembership } from "./http/membership.ts";
import { VERSION } from "./version.ts";

const MAX_ENROL_BYTES = 8_192;
const MAX_API_BYTES = 1_048_576;
/** A megabyte each: a stranger must not fill the line with them. */
const PROBES_PER_SECOND = 0.2;
const PROBES_AT_ONCE = 20;
/** A large upload over a slow line. */
const LONGEST_REQUEST_MS = 6 * 3_600_000;

/** Never rejects. */
type Handler = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void>;

/** Path of a request, without its query; undefined where it is none. */
function pathOf(request: IncomingMessage): string | undefined {
  const url = request.url ?? "/";
  return URL.canParse(url, "http://coordinator") ? new URL(url, "http://coordinator").pathname : undefined;
}

const queryOf = (request: IncomingMessage): URLSearchParams => new URL(request.url ?? "/", "http://coordinator").searchParams;

/** What is said while there is no app to serve. */
const STARTING = { status: "starting" };

/**
 * A server that is bound before there is an app to serve, so that a busy port shows before anything is opened. Until then,
 * and while another coordinator leads, it says why not.
 */
export class HttpServer {
  readonly #server: Server;
  #handler: Handler | undefined;
  #app: App | undefined;
  #why: Readonly<Record<string, string>> = STARTING;

  private constructor() {
    this.#server = createServer((request, response) => this.#handle(request, response));
    this.#server.requestTimeout = LONGEST_REQUEST_MS;
    this.#server.on("upgrade", (request, socket, head) => {
      socket.on("error", () => undefined);
      if (this.#app === undefined) socket.end(unavailable(this.#why));
      else if (pathOf(request) === "/agent") this.#app.hub.upgrade(request, socket, head);
      else socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
    });
  }

  /** Throws `port-busy`. */
  static async listen(host: string, port: number): Promise<HttpServer> {
    const http = new HttpServer();
    await new Promise<void>((resolve, reject) => {
      http.#server.once("error", (error: NodeJS.ErrnoException) => reject(asBusy(error, host, port)));
      http.#server.listen(port, host, resolve);
    });
    return http;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request);
    if (path === undefined) sendJson(response, 400, { error: { code: "bad-input", text: "The address cannot be read." } });
    else if (this.#handler === undefined) sendJson(response, 503, this.#why);
    else void this.#handler(request, response, path);
  }

  serve(app: App, config: Served): void {
    this.#handler = routes(app, config);
    this.#app = app;
  }

  /** From now on every request is told why nobody serves it: an app that was served is served no more. */
  withhold(why: Readonly<Record<string, string>>): void {
    const served = this.#app !== undefined;
    this.#app = undefined;
    this.#handler = undefined;
    this.#why = why;
    // Live subscriptions of the app's never end by themselves.
    if (served) this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    // Live subscriptions never end by themselves.
    this.#server.closeAllConnections();
    await closed;
  }
}

/** The same refusal for a WebSocket, whose client reads its head alone or its body too. */
function unavailable(why: Readonly<Record<string, string>>): string {
  const body = JSON.stringify(why);
  return `HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}

const asBusy = (error: NodeJS.ErrnoException, host: string, port: number): Error => {
  if (error.code === "EADDRINUSE")
    return new EngraftError("port-busy", `Port ${port} on ${host} is in use. Stop the other program, or choose another port with --port.`, {
      cause: error,
    });
  if (error.code === "EACCES" || error.code === "EADDRNOTAVAIL")
    return new EngraftError("bad-config", `Cannot listen on ${host}:${port} (${error.code}). Choose another --host or --port.`, {
      cause: error,
    });
  return error;
};

type Served = Pick<Config, "dashboardUrl" | "enrolmentsPerMinute">;

function routes(app: App, { dashboardUrl, enrolmentsPerMinute }: Served): Handler {
  const dashboard = openDashboard(dashboardUrl);
  const uploads = new Uploads(app.blobs);
  const enrolments = new RateLimits(enrolmentsPerMinute / 60, enrolmentsPerMinute);
  const probes = new RateLimits(PROBES_PER_SECOND, PROBES_AT_ONCE);
  const https = app.publicUrl.startsWith("https:");
  const trpc = createHTTPHandler({
    router: appRouter,
    basePath: "/trpc/",
    maxBodySize: MAX_API_BYTES,
    createContext: async ({ req }) => ({ app, caller: await app.accounts.callerOf(req).catch(asCoded) }),
    onError: ({ error, path }) => {
      if (error.code === "INTERNAL_SERVER_ERROR") app.log.error({ path, err: error.cause ?? error }, "api.failed");
    },
  });
  const handlers: Readonly<Record<RouteKey, (request: IncomingMessage, response: ServerResponse, parts: readonly string[]) => unknown>> = {
    health: (_, response) => sendHealth(app, response),
    metrics: (_, response) => sendMetrics(app, response),
    probe: (request, response) => serveProbe(probes.take(request.socket.remoteAddress ?? "", app.now()), response),
    enrol: (request, response) => takeEnrolment(app, enrolments, request, response),
    rotate: (request, response) => serveMembership(app, enrolments, "/rotate", request, response),
    leave: (request, response) => serveMembership(app, enrolments, "/leave", request, response),
    signIn: (request, response) => app.accounts.signIn(request, response),
    signOut: (request, response) => app.accounts.serve(request, response),
    secondFactor: (request, response) => app.accounts.serve(request, response),
    recoveryCode: (request, response) => app.accounts.serve(request, response),
    newSecondFactor: (request, response) => app.accounts.serve(request, response),
    noSecondFactor: (request, response) => app.accounts.serve(request, response),
    session: (request, response) => app.accounts.serve(request, response),
    authOk: (request, response) => app.accounts.serve(request, response),
    blob: async (request, response, [digest = ""]) => sendJson(response, 200, await uploads.put(Digest.parse(digest), request)),
    release: (request, response, [id = "", name = ""]) => serveRelease(app.store, app.blobs, { id, name }, request, response),
    record: (_, response, [run = "", round = "", blob]) => serveRecord(app.store, app.blobs, { run, round: Number(round), blob }, response),
    audit: (request, response) => serveAudit(app, queryOf(request), response),
    backup: (_, response) => serveBackup(app, response),
  };
  const route = async (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    const nonce = setSecurityHeaders(response, { https, path });
    const matched = routeOf(request.method, path);
    if (matched === undefined || !OF_SITES.has(matched.key)) refuseForeignOrigin(app, request);
    if (matched !== undefined) {
      await mustReach(app, request, matched.name);
      await handlers[matched.key](request, response, matched.parts);
      return;
    }
    if (path.startsWith("/trpc/")) {
      trpc(request, response);
      return;
    }
    if (path.startsWith("/api/auth/")) return sendFault(response, "not-found", "There is no such endpoint.");
    dashboard(request, response, nonce);
  };
  return (request, response, path) =>
    route(request, response, path).catch((error: unknown) => {
      if (error instanceof EngraftError) return sendFault(response, error.code, error.message);
      app.log.error({ path, err: error }, "request.failed");
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: { code: null, text: "Something failed in the coordinator. Its log says what." } });
    });
}

/** For tRPC, which knows its own errors only. */
const asCoded = (error: unknown): never => {
  throw error instanceof EngraftError ? coded(error.code, error.message) : error;
};

/** Throws `not-signed-in`, or `not-allowed` where role or token do not reach so far (api/access.ts). */
async function mustReach(app: App, request: IncomingMessage, name: string): Promise<void> {
  if (accessOf(name)?.[0] === "anybody") return;
  const refused = refusal(name, await app.accounts.callerOf(request));
  if (refused !== undefined) throw new EngraftError(refused.code, refused.text);
}

async function sendHealth(app: App, response: ServerResponse): Promise<void> {
  const up = await app.store.prisma.$queryRaw`SELECT 1`.then(
    () => true,
    () => false,
  );
  const faults = app.faults.list();
  // Also with faults the answer is 200: whoever routes by it must not cut off the agents.
  sendJson(response, up ? 200 : 503, {
    status: !up ? "database-unavailable" : faults.length > 0 ? "degraded" : "ok",
    role: "leader",
    // For anybody to read: no names, no paths. The first page of the dashboard says what to do.
    faults: faults.map(({ code, since }) => ({ code, since })),
    version: VERSION,
    database: app.store.kind,
    sitesOnline: app.hub.online().length,
    liveRuns: app.runs.live().length,
  });
}

async function sendMetrics(app: App, response: ServerResponse): Promise<void> {
  const { type, body } = await app.metrics.text();
  response.writeHead(200, { "content-type": type, "cache-control": "no-store" }).end(body);
}

async function takeEnrolment(app: App, limits: RateLimits, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!limits.take(request.socket.remoteAddress ?? "", app.now()))
    throw new EngraftError("too-many", "Too many enrolments from this address. Wait a minute.");
  const outcome = await enrol(app.store, app.identity, await readBody(request, MAX_ENROL_BYTES), app.now());
  if (isRefusal(outcome)) {
    app.metrics.refused("enrolment", outcome.code);
    return sendFault(response, outcome.code, outcome.text);
  }
  if (outcome.refused !== undefined) app.metrics.refused("enrolment", outcome.refused.code);
  if (outcome.joined !== undefined && !outcome.joined.again) {
    app.log.info({ site: outcome.joined.site }, "site.joined");
    app.presence.joined(outcome.joined.site);
    app.feed.publish({ kind: "changed", what: "sites" });
  }
  sendJson(response, outcome.refused === undefined ? 200 : statusOf(outcome.refused.code), outcome.answer);
}
