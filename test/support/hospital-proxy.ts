/** A hospital's proxy with its whims, on loopback. Every name is the target's: the tests' coordinator has none in any DNS. */
import { createServer as createHttp, type IncomingMessage } from "node:http";
import { connect, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTls } from "node:tls";
import type { Duplex } from "node:stream";

export type Whim =
  | { readonly kind: "passes"; readonly password?: string }
  | { readonly kind: "refuses" }
  /** Looks into plain HTTP, passes requests and cuts off every upgrade. */
  | { readonly kind: "drops-upgrades" }
  /** Looks into TLS, under a certificate of its own. */
  | { readonly kind: "looks-into-tls"; readonly cert: string; readonly key: string };

export interface HospitalProxy {
  /** For HTTP_PROXY or HTTPS_PROXY. */
  readonly url: string;
  stop(): Promise<void>;
}

export async function startHospitalProxy(target: number, whim: Whim): Promise<HospitalProxy> {
  const sockets = new Set<Duplex>();
  const server = createHttp();
  server.on("connection", (socket: Socket) => track(sockets, socket));
  server.on("connect", (request: IncomingMessage, near: Duplex) => {
    near.on("error", () => undefined);
    const refusal = refusalOf(whim, request);
    if (refusal !== undefined) {
      near.end(`HTTP/1.1 ${refusal}\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    near.write("HTTP/1.1 200 Connection established\r\n\r\n");
    const far = connect(target, "127.0.0.1");
    track(sockets, far);
    far.on("error", () => near.destroy());
    if (whim.kind === "looks-into-tls") intercept(near, far, whim);
    else {
      if (whim.kind === "drops-upgrades")
        near.on("data", (chunk: Buffer) => {
          if (/^upgrade: *websocket/im.test(chunk.toString("latin1"))) near.destroy();
        });
      near.pipe(far).pipe(near);
    }
  });
  await listening(server);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop: () => stopped(server, sockets) };
}

function refusalOf(whim: Whim, request: IncomingMessage): string | undefined {
  if (whim.kind === "refuses") return "403 Forbidden";
  const asks = whim.kind === "passes" && whim.password !== undefined && !isGiven(request, whim.password);
  return asks ? "407 Proxy Authentication Required" : undefined;
}

const isGiven = ({ headers }: IncomingMessage, password: string): boolean =>
  headers["proxy-authorization"] === `Basic ${Buffer.from(password).toString("base64")}`;

function intercept(near: Duplex, far: Socket, { cert, key }: Extract<Whim, { kind: "looks-into-tls" }>): void {
  const inner = createTls({ cert, key }, (plain) => {
    plain.on("error", () => far.destroy());
    plain.pipe(far).pipe(plain);
  });
  inner.on("tlsClientError", () => near.destroy());
  inner.emit("connection", near);
}

/** A server that ends TLS in front of a plain one, as a reverse proxy does. */
export async function startTlsFront(target: number, { cert, key }: { readonly cert: string; readonly key: string }) {
  const sockets = new Set<Duplex>();
  const server = createTls({ cert, key }, (near) => {
    const far = connect(target, "127.0.0.1");
    for (const socket of [near, far]) {
      track(sockets, socket);
      socket.on("error", () => {
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  server.on("tlsClientError", () => undefined);
  await listening(server);
  return { port: (server.address() as AddressInfo).port, stop: () => stopped(server, sockets) };
}

const track = (sockets: Set<Duplex>, socket: Duplex): void => {
  sockets.add(socket);
  socket.on("error", () => undefined);
  socket.on("close", () => sockets.delete(socket));
};

const listening = (server: Server): Promise<void> => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve()));

async function stopped(server: Server, sockets: ReadonlySet<Duplex>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
