/** Everything that is not the API comes from the dashboard's process, so that one origin serves both. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createProxyServer } from "httpxy";
import { contentPolicy } from "./answers.ts";

export type Dashboard = (request: IncomingMessage, response: ServerResponse, nonce: string) => void;

const page = (title: string, text: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><body style="font-family:system-ui;max-width:36rem;margin:4rem auto;line-height:1.5"><h1>${title}</h1><p>${text}</p></body></html>`;

function sendPage(response: ServerResponse, status: number, title: string, text: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = page(title, text);
  response
    .writeHead(status, {
      "content-type": "text/html; charset=utf-8",
      "content-length": Buffer.byteLength(body),
      "cache-control": "no-store",
    })
    .end(body);
}

export function openDashboard(target: string | undefined): Dashboard {
  if (target === undefined) {
    return (_, response) =>
      sendPage(
        response,
        502,
        "No dashboard",
        "This coordinator was started without a dashboard. Start one, and start the coordinator with --dashboard-url and its address.",
      );
  }
  const proxy = createProxyServer({ target, xfwd: true });
  const away = (response: ServerResponse): void =>
    sendPage(
      response,
      502,
      "The dashboard does not answer",
      "The coordinator runs, but its dashboard's process does not answer. Start it again and reload this page.",
    );
  return (request, response, nonce) => {
    request.headers["content-security-policy"] = contentPolicy(nonce);
    request.headers["x-nonce"] = nonce;
    proxy.web(request, response).catch(() => away(response));
  };
}
