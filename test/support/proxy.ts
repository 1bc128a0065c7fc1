/** A TCP proxy on loopback that a test can cut, freeze, slow down, or let go silent as a network does. */
import { createConnection, createServer, type Server, type Socket } from "node:net";

export interface Line {
  /** In each direction, over all connections. */
  readonly bytesPerSecond: number;
  /** Each way. */
  readonly latencyMs: number;
}

/** Pieces in which a slow line carries bytes. */
const PIECE = 4 * 1024;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

class Connection {
  readonly ends: readonly [Socket, Socket];
  /** Nothing passes any more, and no end hears of the other's. */
  silent = false;

  constructor(near: Socket, far: Socket, closed: () => void) {
    this.ends = [near, far];
    for (const socket of this.ends) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        if (this.silent) return;
        this.destroy();
        closed();
      });
    }
  }

  destroy(): void {
    for (const socket of this.ends) socket.destroy();
  }
}

export class CuttingProxy {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #capture: boolean;
  #passed = 0;
  #cutAfter: number | undefined;
  #frozen = false;
  #cutting: NodeJS.Timeout | undefined;
  #line: Line | undefined;
  /** When the line is free again, by direction. */
  readonly #freeAt = { up: 0, down: 0 };
  /** Every byte that connections have sent towards the target, where the test asked for it. */
  readonly sent: Buffer[][] = [];
  readonly bytes = { up: 0, down: 0 };
  cuts = 0;
  connections = 0;
  port = 0;

  private constructor(target: number, capture: boolean) {
    this.#capture = capture;
    this.#server = createServer((near) => {
      this.connections += 1;
      const connection: Connection = new Connection(near, createConnection(target, "127.0.0.1"), () =>
        this.#connections.delete(connection),
      );
      this.#connections.add(connection);
      const captured: Buffer[] = [];
      this.sent.push(captured);
      near.on("data", (chunk: Buffer) => {
        if (this.#capture) captured.push(chunk);
      });
      connection.silent = this.#frozen;
      this.#carry(connection, "up");
      this.#carry(connection, "down");
    });
  }

  static async start(target: number, options: { readonly capture?: boolean; readonly line?: Line } = {}): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target, options.capture ?? false);
    proxy.#line = options.line;
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    proxy.port = (proxy.#server.address() as { port: number }).port;
    return proxy;
  }

  /** From now on the line is so slow; undefined for as fast as it can be. */
  become(line: Line | undefined): void {
    this.#line = line;
  }

  #carry(connection: Connection, direction: "up" | "down"): void {
    const [near, far] = connection.ends;
    const [from, to] = direction === "up" ? [near, far] : [far, near];
    let turn: Promise<void> = Promise.resolve();
    from.on("data", (chunk: Buffer) => {
      this.#count(chunk.byteLength);
      if (this.#line === undefined) {
        // In order also where the line has just become fast.
        turn = turn.then(() => this.#hand(connection, to, chunk, direction));
        if (to.writableLength > 1_000_000) {
          from.pause();
          to.once("drain", () => from.resume());
        }
        return;
      }
      // What a slow line has not carried yet waits at its sender.
      from.pause();
      turn = turn.then(() => this.#slowly(connection, to, chunk, direction)).then(() => void from.resume());
    });
  }

  async #slowly(connection: Connection, to: Socket, chunk: Buffer, direction: "up" | "down"): Promise<void> {
    for (let at = 0; at < chunk.byteLength; at += PIECE) {
      const piece = chunk.subarray(at, at + PIECE);
      const line = this.#line;
      if (line === undefined) {
        this.#hand(connection, to, piece, direction);
        continue;
      }
      this.#freeAt[direction] = Math.max(Date.now(), this.#freeAt[direction]) + (1000 * piece.byteLength) / line.bytesPerSecond;
      await sleep(this.#freeAt[direction] - Date.now());
      if (to.destroyed || connection.silent) return;
      setTimeout(() => this.#hand(connection, to, piece, direction), line.latencyMs);
    }
  }

  #hand(connection: Connection, to: Socket, piece: Buffer, direction: "up" | "down"): void {
    if (to.destroyed || connection.silent) return;
    this.bytes[direction] += piece.byteLength;
    to.write(piece);
  }

  /** Cuts every connection once this many more bytes have passed. */
  cutAfter(bytes: number): void {
    this.#passed = 0;
    this.#cutAfter = bytes;
  }

  /** Cuts every connection now and then, until the proxy is stopped. */
  cutEvery(ms: number): void {
    clearInterval(this.#cutting);
    this.#cutting = setInterval(() => this.cut(), ms);
  }

  #count(bytes: number): void {
    this.#passed += bytes;
    if (this.#cutAfter === undefined || this.#passed < this.#cutAfter) return;
    this.#cutAfter = undefined;
    this.cut();
  }

  cut(): void {
    this.cuts += 1;
    for (const connection of this.#connections) connection.destroy();
  }

  /** As a firewall that has forgotten them: what is open stays open and carries nothing any more. New connections are as ever. */
  goSilent(): void {
    for (const connection of this.#connections) connection.silent = true;
  }

  /** As where a cable is pulled: nothing passes any more, on new connections neither, and no side hears of it. */
  freeze(): void {
    this.#frozen = true;
    this.goSilent();
  }

  async stop(): Promise<void> {
    clearInterval(this.#cutting);
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
