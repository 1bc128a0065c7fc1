/** One signed POST. Nothing of the answer but its status is read, and no redirect is followed. */
import { createHmac } from "node:crypto";
import { request as overHttp } from "node:http";
import { request as overHttps } from "node:https";
import type { LookupFunction } from "node:net";
import { EngraftError } from "@engraft/core/base/errors";
import { tunnelThrough } from "@engraft/runtime/proxy";
import { judgedTarget, type Address, type Bounds, type Target } from "./address.ts";

export interface Delivery {
  readonly id: string;
  readonly url: string;
  readonly secret: string;
  /** JSON. */
  readonly body: string;
  /** Milliseconds. */
  readonly now: number;
}

export interface WebhookOptions extends Bounds {
  readonly timeoutMs: number;
}

/** `t=<seconds>,v1=<hex>`: HMAC-SHA256 over "<seconds>.<body>". A receiver refuses old seconds, and so repeated bodies. */
export const signature = (secret: string, seconds: number, body: string): string =>
  `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;

/** Resolves once the receiver answered 2xx. Throws with a reason for admins. */
export async function postWebhook(delivery: Delivery, options: WebhookOptions): Promise<void> {
  const target = await judgedTarget(delivery.url, options);
  const status = await post(target, delivery, options.timeoutMs);
  if (status >= 300 && status < 400)
    throw new EngraftError("link-lost", `The receiver answered ${status}: redirects are not followed. Enter the address that it leads to.`);
  if (status < 200 || status >= 300) throw new EngraftError("link-lost", `The receiver answered ${status}.`);
}

/** The connection is made to the address that was judged, whatever a resolver would say now. */
const pinned =
  ({ address, family }: Address): LookupFunction =>
  (_, options, callback) =>
    options.all === true ? callback(null, [{ address, family }]) : callback(null, address, family);

function post({ url, way }: Target, { id, secret, body, now }: Delivery, timeoutMs: number): Promise<number> {
  const begin = url.protocol === "https:" ? overHttps : overHttp;
  return new Promise((resolve, reject) => {
    const request = begin(url, {
      method: "POST",
      ...("proxy" in way ? { agent: tunnelThrough(way.proxy) } : { agent: false, lookup: pinned(way) }),
      // In all, not since the last byte: a slow receiver must not hold the queue.
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        "user-agent": "engraft",
        "engraft-delivery": id,
        "engraft-signature": signature(secret, Math.floor(now / 1000), body),
      },
    });
    request.on("proxyConnect", ({ statusCode }: { readonly statusCode: number }) => {
      if (statusCode === 200 || !("proxy" in way)) return;
      reject(new EngraftError("link-lost", proxyRefused(url, statusCode, way.proxy.host)));
      request.destroy();
    });
    request.on("response", (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    request.on("error", (error: NodeJS.ErrnoException) => reject(new EngraftError("link-lost", unreached(error), { cause: error })));
    request.end(body);
  });
}

const proxyRefused = ({ hostname, port }: URL, status: number, proxy: string): string =>
  status === 407
    ? `The proxy ${proxy} asks for a name and password. Write them into HTTPS_PROXY as http://name:password@host:port.`
    : `The proxy ${proxy} refused (${status}). Ask its administrators to let CONNECT to ${hostname}:${port === "" ? 443 : port} through.`;

const unreached = ({ name, code }: NodeJS.ErrnoException): string =>
  name === "AbortError" || name === "TimeoutError"
    ? "The receiver did not answer in time."
    : `The receiver cannot be reached (${code ?? "connection lost"}).`;
