#!/usr/bin/env node
/** Serves the built dashboard. People reach it through the coordinator, which forwards to it; it holds no state. */
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError } from "commander";

const PORT_BUSY = 65;
const BAD_INPUT = 2;

/** @param {string} text */
function readPort(text) {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError("Enter a port from 0 (any free one) to 65535.");
  return port;
}

const { port, host, json } = new Command()
  .name("engraft-dashboard")
  .description("Serves the dashboard's pages. The coordinator forwards to it.")
  .option("--port <port>", "port to listen on; 0 takes a free one", readPort, 4101)
  .option("--host <address>", "address to listen on", "127.0.0.1")
  .option("--json", "say what happens as JSON, one object a line")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : BAD_INPUT))
  .parse()
  .opts();

/** @param {number} exit @param {string} code @param {string} text */
function fail(exit, code, text) {
  process.stderr.write(json ? `${JSON.stringify({ event: "failed", code, text })}\n` : `${text}\n`);
  process.exit(exit);
}

const dir = fileURLToPath(new URL("..", import.meta.url));
if (!existsSync(new URL("../.next/BUILD_ID", import.meta.url)))
  fail(BAD_INPUT, "bad-config", "The dashboard is not built. Run `npm run build` first.");

// Standard output carries this program's own line only; what Next has to say goes beside it.
console.log = console.error;
process.env.NEXT_TELEMETRY_DISABLED = "1";
process.env.NODE_ENV = "production";
const { default: next } = await import("next");
const app = next({ dev: false, dir, hostname: host, port });
await app.prepare();
const handle = app.getRequestHandler();
const server = createServer((request, response) => void handle(request, response));

server.once("error", (error) => {
  if ("code" in error && error.code === "EADDRINUSE")
    fail(PORT_BUSY, "port-busy", `Port ${port} on ${host} is in use. Choose another with --port, or stop what uses it.`);
  fail(1, "bad-config", `The dashboard cannot listen on ${host}:${port}: ${error.message}`);
});
server.listen(port, host, () => {
  const address = server.address();
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${typeof address === "object" && address !== null ? address.port : port}`;
  process.stdout.write(json ? `${JSON.stringify({ event: "ready", url })}\n` : `The dashboard is ready on ${url}\n`);
});

/** Open pages are let go at once: they reconnect by themselves. */
function stop() {
  server.close(() => process.exit(0));
  server.closeAllConnections();
  setTimeout(() => process.exit(0), 2000).unref();
}
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
