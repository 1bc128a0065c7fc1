/** Reading a form and writing an answer. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { EngraftError } from "@engraft/core/base/errors";
import type { ReactElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { SECURITY_HEADERS } from "./guard.ts";
import type { Entered } from "./views/answer.tsx";

const MOST_BYTES = 65_536;

/** Fields of a form, the last one of a name. Throws `message-too-big` or `bad-input`. */
export async function readForm(request: IncomingMessage): Promise<Entered> {
  if (!(request.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded"))
    throw new EngraftError("bad-input", "The page's forms are sent as forms.");
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new EngraftError("message-too-big", "The form is longer than any of this page.");
    chunks.push(chunk);
  }
  return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString("utf8")));
}

export function send(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  type: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...SECURITY_HEADERS, "content-type": type, "content-length": Buffer.byteLength(body), ...headers });
  response.end(response.req.method === "HEAD" ? undefined : body);
}

export const sendPage = (response: ServerResponse, status: number, page: ReactElement): void =>
  send(response, status, `<!doctype html>${renderToStaticMarkup(page)}`, "text/html; charset=utf-8");

export const sendText = (response: ServerResponse, status: number, text: string): void =>
  send(response, status, `${text}\n`, "text/plain; charset=utf-8");

export function redirect(response: ServerResponse, to: string, cookies: readonly string[] = []): void {
  response.writeHead(303, { ...SECURITY_HEADERS, location: to, ...(cookies.length === 0 ? {} : { "set-cookie": [...cookies] }) });
  response.end();
}
