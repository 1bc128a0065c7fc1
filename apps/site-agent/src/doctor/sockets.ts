/** Bare connections, for looking at each step of the way by itself. Nothing is sent over them but what the step needs. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type DetailedPeerCertificate } from "node:tls";

const PATIENCE_MS = 10_000;

const inTime = (): Error => Object.assign(new Error("No answer in time"), { code: "ETIMEDOUT" });

/** A TCP connection. Rejects with node's error, `ETIMEDOUT` after 10 s. */
export function connectTo(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: PATIENCE_MS });
    socket.once("connect", () => {
      socket.setTimeout(0);
      // From here on whoever uses it listens; until then a reset must not end the process.
      socket.on("error", () => undefined);
      resolve(socket);
    });
    socket.once("timeout", () => socket.destroy(inTime()));
    socket.once("error", reject);
  });
}

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
      if (statusCode === 200) return resolve({ socket: socket as Socket, status: statusCode });
      socket.destroy();
      resolve({ socket: undefined, status: statusCode });
    });
    request.once("response", (response) => {
      response.resume();
      resolve({ socket: undefined, status: response.statusCode ?? 0 });
      request.destroy();
    });
    request.once("timeout", () => request.destroy(inTime()));
    request.once("error", () => resolve({ socket: undefined, status: 0 }));
    request.end();
  });
}

export interface Handshake {
  /** For example TLSv1.3. */
  readonly protocol: string;
  /** Why the certificate is not accepted, by OpenSSL's or node's code; undefined where it is. */
  readonly fault: string | undefined;
  readonly certificate: DetailedPeerCertificate;
}

/** A TLS handshake that looks at the certificate whatever it is; the connection is closed. Rejects with node's error. */
export function secure(socket: Socket, host: string, ca: readonly string[] | undefined): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    const tls = connectTls({
      socket,
      host,
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca: [...ca] }),
    });
    const timer = setTimeout(() => tls.destroy(inTime()), PATIENCE_MS);
    const done = (): void => {
      clearTimeout(timer);
      tls.destroy();
      socket.destroy();
    };
    tls.once("secureConnect", () => {
      const { authorized, authorizationError } = tls;
      const fault = authorized ? undefined : String((authorizationError as NodeJS.ErrnoException).code ?? authorizationError);
      const shaken = { protocol: tls.getProtocol() ?? "TLS", fault, certificate: tls.getPeerCertificate(true) };
      done();
      resolve(shaken);
    });
    tls.once("error", (error) => {
      done();
      reject(error);
    });
    tls.once("close", () => {
      done();
      reject(Object.assign(new Error("The connection was closed"), { code: "ECONNRESET" }));
    });
  });
}
