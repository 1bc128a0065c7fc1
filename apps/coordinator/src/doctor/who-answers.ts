/**
 * Who answers at an address: a coordinator's first word on /agent is signed, so ours is told from every other program before any
 * secret is sent to it.
 */
import type { PublicKey } from "@engraft/core/base/ids";
import { openMessage } from "@engraft/core/protocol/session";
import { codeOf, PATIENCE_MS } from "@engraft/runtime/connect";
import { Inbox } from "@engraft/runtime/inbox";
import { WebSocket } from "ws";
import * as z from "zod";

export type Answering =
  | { readonly who: "nobody"; readonly code: string }
  /** Some HTTP server answers, and `status` to the upgrade. */
  | { readonly who: "something-else"; readonly status: number }
  | { readonly who: "another-coordinator" }
  | { readonly who: "ours" };

/** Never rejects. The certificate does not matter here: what is looked at is signed, and nothing is sent. */
export async function whoAnswers(url: string, key: PublicKey): Promise<Answering> {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/agent`, { handshakeTimeout: PATIENCE_MS, rejectUnauthorized: false });
  const inbox = new Inbox(socket);
  try {
    const refused = await opened(socket);
    if (refused !== undefined) return refused;
    const text = await inbox.nextText(PATIENCE_MS).catch(() => "");
    const first = openMessage(text, { role: "coordinator", key }, { federation: key, session: undefined });
    if (first.ok) return { who: "ours" };
    return first.code === "unknown-key" ? { who: "another-coordinator" } : { who: "something-else", status: 101 };
  } finally {
    socket.terminate();
  }
}

/** Undefined once the WebSocket is open. */
function opened(socket: WebSocket): Promise<Answering | undefined> {
  return new Promise((resolve) => {
    socket.once("open", () => resolve(undefined));
    socket.once("unexpected-response", (_, response) => {
      response.resume();
      resolve({ who: "something-else", status: response.statusCode ?? 0 });
    });
    socket.once("error", (error) => resolve({ who: "nobody", code: codeOf(error) ?? "ECONNRESET" }));
  });
}

const Health = z.object({ status: z.string(), version: z.string().optional(), database: z.string().optional() });
export type Health = z.infer<typeof Health>;

/** What /health says; undefined where no coordinator answers there. */
export async function healthAt(url: string): Promise<Health | undefined> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(PATIENCE_MS), redirect: "manual" });
    return Health.safeParse(await response.json()).data;
  } catch {
    return undefined;
  }
}
