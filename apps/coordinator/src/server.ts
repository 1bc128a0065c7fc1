/** One port for everything: API, agents, downloads, and the dashboard behind it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { EngraftError, isRefusal } from "@engraft/core/base/errors";
import { Digest } from "@engraft/core/base/ids";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";
import { appRouter } from "./api/router.ts";
import type { App } from "./app.ts";
import { enrol } from "./enrol/enrol.ts";
import { readBody, sendFault, sendJson, setSecurityHeaders, statusOf } from "./http/answers.ts";
import { Uploads } from "./http/blobs.ts";
import { openDashboard } from "./http/dashboard.ts";
import { RECORD_PATH, serveRecord } from "./http/records.ts";
import { serveRelease } from "./http/releases.ts";
import { RateLimits } from "./rate-limit.ts";
import { VERSION } from "./version.ts";

const MAX_ENROL_BYTES = 8_192;
const MAX_API_BYTES = 1_048_576;
const ENROLMENTS_PER_SECOND = 1;
const ENROLMENTS_AT_ONCE = 60;
/** A large upload over a slow line. */
const LONGEST_REQUEST_MS = 6 * 3_600_000;

/** Never rejects. */
type Handler = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void>;

/** Path of a request, without its query; undefined where it is none. */
function pathOf(request: IncomingMessage): string | undefined {
  const url = request.url ?? "/";
  return URL.canParse(url, "http://coordinator") ? new URL(url, "http://coordinator").pathname : undefined;
}

/** A server that is bound but answers "starting" until it is given its handlers: a busy port shows before anything is opened. */
export class HttpServer {
  readonly #server: Server;
  #handler: Handler | undefined;

  private constructor() {
    this.#server = createServer((request, response) => this.#handle(request, response));
    this.#server.requestTimeout = LONGEST_REQUEST_MS;
    this.#server.on("upgrade", (_, socket) => {
      socket.on("error", () => undefined);
      if (this.#handler === undefined) socket.end("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n");
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
    else if (this.#handler === undefined) sendJson(response, 503, { status: "starting" });
    else void this.#handler(request, response, path);
  }

  serve(app: App, dashboardUrl: string | undefined): void {
    this.#handler = routes(app, dashboardUrl);
    this.#server.on("upgrade", (request, socket, head) => {
      if (pathOf(request) === "/agent") app.hub.upgrade(request, socket, head);
      else socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
    });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    // Live subscriptions never end by themselves.
    this.#server.closeAllConnections();
    await closed;
  }
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

function routes(app: App, dashboardUrl: string | undefined): Handler {
  const dashboard = openDashboard(dashboardUrl);
  const uploads = new Uploads(app.blobs);
  const enrolments = new RateLimits(ENROLMENTS_PER_SECOND, ENROLMENTS_AT_ONCE);
  const https = app.publicUrl.startsWith("https:");
  const trpc = createHTTPHandler({
    router: appRouter,
    basePath: "/trpc/",
    maxBodySize: MAX_API_BYTES,
    createContext: async ({ req }) => ({ app, caller: await app.accounts.callerOf(req) }),
    onError: ({ error, path }) => {
      if (error.code === "INTERNAL_SERVER_ERROR") app.log.error({ path, err: error.cause ?? error }, "api.failed");
    },
  });
  const route = async (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    setSecurityHeaders(response, https);
    if (path === "/health" && request.method === "GET") return sendHealth(app, response);
    if (path === "/metrics" && request.method === "GET") return sendMetrics(app, response);
    if (path === "/enrol" && request.method === "POST") return takeEnrolment(app, enrolments, request, response);
    if (path.startsWith("/trpc/")) {
      refuseForeignOrigin(app, request);
      trpc(request, response);
      return;
    }
    if (path.startsWith("/api/auth/")) {
      if (!app.accounts.serve(path, request, response)) sendFault(response, "not-found", "There is no such endpoint.");
      return;
    }
    const blob = /^\/blobs\/([0-9a-f]{64})$/.exec(path)?.[1];
    if (blob !== undefined && request.method === "PUT") return takeUpload(app, uploads, Digest.parse(blob), request, response);
    const [, id, name] = /^\/releases\/([a-z0-9.-]+)\/([a-z0-9.]+)$/.exec(path) ?? [];
    if (id !== undefined && name !== undefined && (request.method === "GET" || request.method === "HEAD")) {
      if ((await app.accounts.callerOf(request)) === null) throw new EngraftError("not-signed-in", "Sign in first.");
      return serveRelease(app.store, app.blobs, { id, name }, request, response);
    }
    const record = RECORD_PATH.exec(path);
    if (record !== null && request.method === "GET") {
      if ((await app.accounts.callerOf(request)) === null) throw new EngraftError("not-signed-in", "Sign in first.");
      const [, run = "", round = "", masked] = record;
      return serveRecord(app.store, app.blobs, { run, round: Number(round), masked }, response);
    }
    dashboard(request, response);
  };
  return (request, response, path) =>
    route(request, response, path).catch((error: unknown) => {
      if (error instanceof EngraftError) return sendFault(response, error.code, error.message);
      app.log.error({ path, err: error }, "request.failed");
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: { code: null, text: "Something failed in the coordinator. Its log says what." } });
    });
}

/** A page of another origin must not act with this browser's session. */
function refuseForeignOrigin(app: App, request: IncomingMessage): void {
  const { origin } = request.headers;
  if (request.method !== "GET" && origin !== undefined && !app.trustedOrigins.includes(origin))
    throw new EngraftError("not-allowed", "This request comes from a page of another origin.");
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
  if (isRefusal(outcome)) return sendFault(response, outcome.code, outcome.text);
  if (outcome.joined !== undefined && !outcome.joined.again) {
    app.log.info({ site: outcome.joined.site }, "site.joined");
    app.feed.publish({ kind: "changed", what: "sites" });
  }
  sendJson(response, outcome.refused === undefined ? 200 : statusOf(outcome.refused.code), outcome.answer);
}

async function takeUpload(app: App, uploads: Uploads, digest: Digest, request: IncomingMessage, response: ServerResponse): Promise<void> {
  refuseForeignOrigin(app, request);
  const caller = await app.accounts.callerOf(request);
  if (caller === null) throw new EngraftError("not-signed-in", "Sign in first.");
  if (caller.role !== "admin") throw new EngraftError("not-allowed", "Only an admin may do this.");
  sendJson(response, 200, await uploads.put(digest, request));
}
