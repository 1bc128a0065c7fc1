/** A page of another origin must not act with this browser's session. */
import type { IncomingMessage } from "node:http";
import { EngraftError } from "@engraft/core/base/errors";

const READS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * On every write: the page that a browser names must be of this origin, by `Origin` and by `Sec-Fetch-Site`; where a session's
 * cookie comes along one of the two must be there. Throws `not-allowed`.
 */
export function refuseForeignOrigin({ trustedOrigins }: { readonly trustedOrigins: readonly string[] }, request: IncomingMessage): void {
  if (READS.has(request.method ?? "")) return;
  const { origin, cookie } = request.headers;
  const site = request.headers["sec-fetch-site"];
  const foreign = origin === undefined ? site === undefined && cookie !== undefined : !trustedOrigins.includes(origin);
  if (foreign || (site !== undefined && site !== "same-origin" && site !== "none"))
    throw new EngraftError("not-allowed", "This request comes from a page of another origin.");
}
