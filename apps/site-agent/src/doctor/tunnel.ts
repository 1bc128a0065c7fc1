/** A tunnel through the hospital's proxy, asked for as the agent does it. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { noAnswer, PATIENCE_MS } from "@engraft/runtime/connect";

export interface Tunnel {
  /** Undefined where the proxy did not open one. */
  readonly socket: Socket | undefined;
  /** Of the proxy's answer; 0 where it gave none. */
  readonly status: number;
}

/** Asks a proxy for a tunnel, as the agent does. Never rejects. */
export function openTunnel(proxy: URL, host: string, port: number, ca: readonly string[] | undefined): Promise<Tunnel> {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const password = proxy.username === "" ? undefined : `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const send = proxy.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const request = send({
      host: proxy.hostname.replace(/^\[|\]$/g, ""),
      port: proxy.port === "" ? (proxy.protocol === "https:" ? 443 : 80) : Number(proxy.port),
      method: "CONNECT",
      path: authority,
      timeout: PATIENCE_MS,
      headers: {
        host: authority,
        ...(password === undefined ? {} : { "proxy-authorization": `Basic ${Buffer.from(password).toString("base64")}` }),
      },
      ...(ca === undefined ? {} : { ca: [...ca] }),
    });
    request.once("connect", ({ statusCode = 0 }, socket) => {
      socket.on("error", () => undefined);
      if (statusCode === 200) return resolve({ socket, status: statusCode });
      socket.destroy();
      resolve({ socket: undefined, status: statusCode });
    });
    request.once("response", (response) => {
      response.resume();
      resolve({ socket: undefined, status: response.statusCode ?? 0 });
      request.destroy();
    });
    request.once("timeout", () => request.destroy(noAnswer()));
    request.once("error", () => resolve({ socket: undefined, status: 0 }));
    request.end();
  });
}
