/**
 * How this site reaches the coordinator: through the hospital's proxy where HTTPS_PROXY or HTTP_PROXY names one and NO_PROXY
 * does not except the coordinator, and trusting the hospital's own certificate authority where one is given. Node itself
 * ignores these variables. The same rules serve the enrolment request and the link.
 */
import { readFile } from "node:fs/promises";
import type { Agent } from "node:http";
import { rootCertificates } from "node:tls";
import { EngraftError } from "@engraft/core/base/errors";
import { proxyFor, tunnelThrough } from "@engraft/runtime/proxy";

export interface Route {
  /** Opens a tunnel through the proxy; undefined where the coordinator is dialled directly. */
  readonly agent: Agent | undefined;
  /** Trusted roots; undefined for Node's own. */
  readonly ca: readonly string[] | undefined;
  /** Host and port of the proxy, for messages; never its password. */
  readonly proxy: string | undefined;
}

/** `url` is `http(s)://host:port`; `caFile` the path of a PEM file. Throws `bad-config`. */
export async function routeTo(url: string, caFile: string | undefined): Promise<Route> {
  const ca = await trustedRoots(caFile);
  const proxy = proxyFor(url);
  if (proxy === undefined) return { agent: undefined, ca, proxy: undefined };
  return { agent: tunnelThrough(proxy, ca), ca, proxy: proxy.host };
}

/**
 * Roots to trust; undefined for Node's own, which include those of NODE_EXTRA_CA_CERTS. A list that is given replaces Node's, so
 * it is made of both. Throws `bad-config`.
 */
export async function trustedRoots(caFile: string | undefined): Promise<readonly string[] | undefined> {
  if (caFile === undefined) return undefined;
  const extra = process.env["NODE_EXTRA_CA_CERTS"] ?? "";
  // Node, too, only warns where that file cannot be read.
  const extraText = extra === "" ? "" : await readFile(extra, "utf8").catch(() => "");
  return [...rootCertificates, await readCertificates(caFile), ...(extraText === "" ? [] : [extraText])];
}

async function readCertificates(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new EngraftError("bad-config", `Cannot read the certificate file ${path} (--ca).`, { cause });
  });
  if (!text.includes("-----BEGIN CERTIFICATE-----"))
    throw new EngraftError(
      "bad-config",
      `The file ${path} (--ca) holds no PEM certificate. Ask for it in PEM form, starting with "-----BEGIN CERTIFICATE-----".`,
    );
  return text;
}
