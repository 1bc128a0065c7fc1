/** Opens the one connection of an agent: outbound, to the coordinator, where the handshake follows. */
import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import { MAX_FRAME } from "@engraft/core/protocol/messages";
import { Inbox } from "@engraft/runtime/inbox";
import type { Route } from "./proxy.ts";
import { unreachable, wrongAnswer } from "./reach.ts";

const PATIENCE_MS = 15_000;
const MAX_REFUSAL = 4 * 1024;

/** Dials `ws(s)://.../agent` at `url`, `http(s)://host:port`. Throws `unreachable`. */
export function dial(url: string, route: Route, signal: AbortSignal): Promise<Inbox> {
  const socket = new WebSocket(`${url.replace(/^http/, "ws").replace(/\/$/, "")}/agent`, {
    perMessageDeflate: false,
    maxPayload: MAX_FRAME,
    handshakeTimeout: PATIENCE_MS,
    ...(route.agent === undefined ? {} : { agent: route.agent }),
    ...(route.ca === undefined ? {} : { ca: [...route.ca] }),
  });
  const inbox = new Inbox(socket);
  return new Promise((resolve, reject) => {
    const abort = (): void => socket.terminate();
    signal.addEventListener("abort", abort, { once: true });
    const fail = (error: unknown): void => {
      signal.removeEventListener("abort", abort);
      void unreachable(url, route, error).then(reject);
    };
    socket.once("open", () => {
      signal.removeEventListener("abort", abort);
      resolve(inbox);
    });
    socket.once("unexpected-response", (_request, response: IncomingMessage) => {
      signal.removeEventListener("abort", abort);
      void refusal(response).then((why) => {
        socket.terminate();
        reject(wrongAnswer(url, route, response.statusCode ?? 0, why));
      });
    });
    socket.once("error", fail);
  });
}

/** What the answer to a refused upgrade says of itself; an unsigned word, shown to people. */
function refusal(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (part: string) => {
      text += part;
      if (text.length > MAX_REFUSAL) response.destroy();
    });
    response.once("close", () => resolve(text.slice(0, MAX_REFUSAL)));
  });
}
