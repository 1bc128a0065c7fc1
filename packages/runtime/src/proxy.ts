/** Which proxy an address is reached through, by the variables that administrators know. Node itself ignores them. */
import type { Agent } from "node:http";
import { isIP } from "node:net";
import { HttpsProxyAgent } from "https-proxy-agent";
import { getProxyForUrl } from "proxy-from-env";
import { EngraftError } from "@engraft/core/base/errors";

/** What HTTPS_PROXY or HTTP_PROXY names and NO_PROXY does not except; undefined where the address is dialled directly. Throws `bad-config`. */
export function proxyFor(url: string): URL | undefined {
  const proxyUrl = isLoopback(new URL(url).hostname) ? "" : getProxyForUrl(url);
  if (proxyUrl === "") return undefined;
  try {
    return new URL(proxyUrl);
  } catch (cause) {
    throw new EngraftError("bad-config", "HTTPS_PROXY is not an address. Write it as http://host:port.", { cause });
  }
}

/** The machine itself is never reached through a proxy, whatever the variables say. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || (isIP(host) === 4 && host.startsWith("127."));

/** Connects by the proxy's CONNECT. `ca`: roots to trust; undefined for Node's own. */
export const tunnelThrough = (proxy: URL, ca?: readonly string[]): Agent =>
  new HttpsProxyAgent(proxy, ca === undefined ? {} : { ca: [...ca] });
