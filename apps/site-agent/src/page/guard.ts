/** What a request must show before it is looked at, and what every answer carries. Pure. */
import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { refuse, type Refusal } from "@engraft/core/base/errors";
import { sha256 } from "@engraft/core/crypto/digest";
import { hostsOf, isLoopback } from "./loopback.ts";

interface Asked {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly remote: string | undefined;
  readonly port: number;
}

/** Everything that is the same for every page; the rest of a request is not read where this refuses. */
export function guard({ method, headers, remote, port }: Asked): Refusal | undefined {
  const host = headers.host?.toLowerCase() ?? "";
  if (!isLoopback(remote)) return refuse("not-allowed", "This page is for the machine that it runs on.");
  if (!hostsOf(port).has(host))
    return refuse("not-allowed", "This page answers only to 127.0.0.1, localhost and [::1]. Open the address that the command printed.");
  if (!["GET", "HEAD", "POST"].includes(method)) return refuse("bad-input", "The page is read with GET and answered with POST.");
  const from = headers["sec-fetch-site"];
  const away = from === "cross-site" || from === "same-site";
  // Links from elsewhere may open the page, but nothing else of another origin may use it.
  if (away && (method === "POST" || headers["sec-fetch-mode"] !== "navigate" || headers["sec-fetch-dest"] !== "document"))
    return refuse("not-allowed", "The request came from another origin.");
  if (method === "POST" && headers.origin !== `http://${host}`)
    return refuse("not-allowed", "A form counts only where this very page has sent it.");
  return undefined;
}

/** Of a session's secret, which only its cookie holds. */
export const csrfOf = (session: string): string => sha256(`engraft.page/csrf ${session}`);

export function sameText(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(sha256(a)), Buffer.from(sha256(b))];
  return timingSafeEqual(one, other);
}

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "cache-control": "no-store",
};

/** The value of a cookie; undefined where there is none, or more than one. */
export function cookieIn(header: string | undefined, name: string): string | undefined {
  const found = (header ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`));
  return found.length === 1 ? found[0]?.slice(name.length + 1) : undefined;
}
