/** The page's server: this machine only, its own path, one handler. It reads and writes the agent's folder as the commands do. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { EngraftError } from "@engraft/core/base/errors";
import type { TryPlan } from "../commands/decide.ts";
import type { Membership } from "../vault/federation.ts";
import { Access, placeOf } from "./access.ts";
import { loadAssets } from "./assets.ts";
import { guard } from "./guard.ts";
import { LeftLog } from "./left.ts";
import { requireLoopback } from "./loopback.ts";
import { Reviews } from "./reviews.ts";
import { sendText } from "./reply.ts";
import { Site } from "./site.tsx";

export interface PageOptions {
  readonly home: string;
  readonly membership: Membership;
  readonly port: number;
  readonly addresses: readonly string[];
  readonly now: () => number;
  readonly tryPlan?: TryPlan;
}

export interface RunningPage {
  readonly port: number;
  /** `http://127.0.0.1:port/place`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Throws `port-busy`, or `bad-input` for an address that other machines reach. */
export async function servePage(options: PageOptions): Promise<RunningPage> {
  const { home, membership, now, tryPlan } = options;
  const [first = "127.0.0.1", ...others] = options.addresses.map(requireLoopback);
  const base = `/${await placeOf(home)}`;
  const reviews = new Reviews(home, membership, now, tryPlan);
  const left = new LeftLog(home, membership.identity.publicKey);
  const site = new Site({ home, membership, now, base, access: await Access.open(home, now), assets: await loadAssets(), reviews, left });
  let port = options.port;
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const asked = { method: request.method ?? "", headers: request.headers, remote: request.socket.remoteAddress, port };
    const refused = guard(asked);
    if (refused !== undefined) return sendText(response, 403, refused.text);
    site.answer(request, response).catch((error: unknown) => {
      // No detail: it may hold what somebody sent.
      if (response.headersSent) return void response.destroy();
      const status = error instanceof EngraftError ? (error.code === "message-too-big" ? 413 : 400) : 500;
      sendText(
        response,
        status,
        status === 500 ? "The page failed. The site's agent is not touched by that." : (error as EngraftError).message,
      );
    });
  };
  const servers = [await listen(handle, first, port)];
  port = portOf(servers[0] as Server);
  // Where IPv6 is off there is no second one.
  for (const address of others) {
    const server = await listen(handle, address, port).catch((error: unknown) => {
      if (error instanceof EngraftError && error.code === "port-busy") throw error;
      return undefined;
    });
    if (server !== undefined) servers.push(server);
  }
  const name = first.includes(":") ? `[${first}]` : first;
  return {
    port,
    url: `http://${name}:${port}${base}`,
    close: async () => {
      await Promise.all(
        servers.map((server) => {
          const closed = new Promise<void>((resolve) => server.close(() => resolve()));
          server.closeAllConnections();
          return closed;
        }),
      );
    },
  };
}

const portOf = (server: Server): number => {
  const at = server.address();
  return typeof at === "object" && at !== null ? at.port : 0;
};

function listen(handle: (request: IncomingMessage, response: ServerResponse) => void, host: string, port: number): Promise<Server> {
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16_384 }, handle);
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "EADDRINUSE"
          ? new EngraftError("port-busy", `Port ${port} of ${host} is taken by another program. Choose another one with --port.`, {
              cause: error,
            })
          : error,
      ),
    );
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}
