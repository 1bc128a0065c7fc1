/** `POST /rotate` and `POST /leave`: one signed word of a site, one signed answer. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { EngraftError, isRefusal } from "@engraft/core/base/errors";
import type { App } from "../app.ts";
import type { RateLimits } from "../rate-limit.ts";
import { leave, rotate } from "../sites/membership.ts";
import { readBody, sendFault, sendJson, statusOf } from "./answers.ts";

const MAX_BYTES = 8_192;

export async function serveMembership(
  app: App,
  limits: RateLimits,
  path: "/rotate" | "/leave",
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!limits.take(request.socket.remoteAddress ?? "", app.now()))
    throw new EngraftError("too-many", "Too many requests from this address. Wait a minute.");
  const body = await readBody(request, MAX_BYTES);
  const outcome = await (path === "/rotate" ? rotate(app, body) : leave(app, body));
  if (isRefusal(outcome)) return sendFault(response, outcome.code, outcome.text);
  const { answer, changed, refused } = outcome;
  if (changed !== undefined && path === "/rotate") {
    app.hub.drop(changed, "replaced-by-new-link", "The site has another key from now on.");
    app.log.info({ site: changed }, "site.key-rotated");
  }
  if (changed !== undefined && path === "/leave") gone(app, changed, "The site has left the federation.");
  if (changed !== undefined) for (const what of ["sites", "plans"] as const) app.feed.publish({ kind: "changed", what });
  sendJson(response, refused === undefined ? 200 : statusOf(refused.code), answer);
}

/** What follows everywhere when a site is not in the federation any more. */
export function gone(app: App, site: Parameters<App["hub"]["drop"]>[0], text: string): void {
  app.approvals.forget(site);
  app.uptime.leave(site);
  app.hub.drop(site, "not-enrolled", text);
  app.runs.presenceChanged();
  app.log.info({ site }, "site.gone");
}
