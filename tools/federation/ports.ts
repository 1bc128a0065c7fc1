import { createServer } from "node:net";
import { EngraftError } from "@engraft/core/base/errors";

/** A port that is free now. */
export const freePort = (): Promise<number> => listenOnce(0);

/** Throws `port-busy` where something listens already. */
export async function mustBeFree(port: number): Promise<number> {
  return listenOnce(port).catch((cause: unknown) => {
    throw new EngraftError("port-busy", `Port ${port} is in use. Stop what listens there, or choose another with --port.`, { cause });
  });
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : port));
    });
  });
}
