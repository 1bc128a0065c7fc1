/** Small answers, and the headers that every answer has. */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { CODES, EngraftError, type Code } from "@engraft/core/base/errors";

const STATUS: Readonly<Record<(typeof CODES)[Code]["trpc"], number>> = {
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  PRECONDITION_FAILED: 412,
  PAYLOAD_TOO_LARGE: 413,
  TOO_MANY_REQUESTS: 429,
  INTERNAL_SERVER_ERROR: 500,
};

export const statusOf = (code: Code): number => (code === "disk-full" ? 507 : STATUS[CODES[code].trpc]);

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response
    .writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body), "cache-control": "no-store" })
    .end(body);
}

export function sendFault(response: ServerResponse, code: Code, text: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  sendJson(response, statusOf(code), { error: { code, text } });
}

/**
 * Sensible for pages, API and downloads alike. Returns the nonce of this answer: only scripts that carry it, or come from this
 * origin as files, are run, so that markup in a name or a note runs nothing.
 */
export function setSecurityHeaders(response: ServerResponse, { https, path }: { readonly https: boolean; readonly path: string }): string {
  const nonce = randomBytes(16).toString("base64");
  const shared = path.startsWith("/share/");
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("x-frame-options", "DENY");
  // The address of a shared run is its key: it goes to no other page, and into no index.
  response.setHeader("referrer-policy", shared ? "no-referrer" : "same-origin");
  if (shared) response.setHeader("x-robots-tag", "noindex, nofollow");
  response.setHeader("cross-origin-opener-policy", "same-origin");
  response.setHeader("cross-origin-resource-policy", "same-origin");
  response.setHeader("permissions-policy", "camera=(), microphone=(), geolocation=()");
  response.setHeader("content-security-policy", contentPolicy(nonce));
  if (https) response.setHeader("strict-transport-security", "max-age=31536000");
  return nonce;
}

/** Next writes the nonce that it finds in a request's policy into its own inline scripts. */
export const contentPolicy = (nonce: string): string =>
  `default-src 'self'; script-src 'self' 'nonce-${nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;

/** The whole body as text. Throws `message-too-big`. */
export async function readBody(request: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    length += bytes.byteLength;
    if (length > limit) throw new EngraftError("message-too-big", `The request may have ${limit} bytes.`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}
