/** A TCP proxy that a test can cut or freeze, on loopback. */
import { createConnection, createServer, type Server, type Socket } from "node:net";

export class CuttingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #passed = 0;
  #cutAfter: number | undefined;
  #frozen = false;
  /** Every byte that connections have sent towards the target, where the test asked for it. */
  readonly sent: Buffer[][] = [];
  cuts = 0;
  port = 0;

  readonly #capture: boolean;

  private constructor(target: number, capture: boolean) {
    this.#capture = capture;
    this.#server = createServer((near) => {
      const far = createConnection(target, "127.0.0.1");
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      far.pipe(near);
      near.pipe(far);
      const captured: Buffer[] = [];
      this.sent.push(captured);
      near.on("data", (chunk: Buffer) => {
        if (this.#capture) captured.push(chunk);
        this.#count(chunk.byteLength);
      });
      far.on("data", (chunk: Buffer) => this.#count(chunk.byteLength));
      if (this.#frozen) this.freeze();
    });
  }

  static async start(target: number, options: { readonly capture?: boolean } = {}): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target, options.capture ?? false);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    proxy.port = (proxy.#server.address() as { port: number }).port;
    return proxy;
  }

  /** Cuts every connection once this many more bytes have passed. */
  cutAfter(bytes: number): void {
    this.#passed = 0;
    this.#cutAfter = bytes;
  }

  #count(bytes: number): void {
    this.#passed += bytes;
    if (this.#cutAfter === undefined || this.#passed < this.#cutAfter) return;
    this.#cutAfter = undefined;
    this.cut();
  }

  cut(): void {
    this.cuts += 1;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** As where a cable is pulled: nothing passes any more, and neither side hears of it. */
  freeze(): void {
    this.#frozen = true;
    for (const socket of this.#sockets) socket.pause();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
