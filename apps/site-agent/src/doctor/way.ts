/** The way to the coordinator, one step after the other: name, proxy, connection, TLS. The first step that fails is named. */
import { lookup } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { isIP, type Socket } from "node:net";
import { EngraftError } from "@engraft/core/base/errors";
import { codeOf, connectTo, secure } from "@engraft/runtime/connect";
import { ok, problem, warning, type Check, type Finding } from "@engraft/runtime/doctor";
import { handshakeFinding } from "@engraft/runtime/doctor-tls";
import { isLoopback, proxyFor } from "@engraft/runtime/proxy";
import { trustedRoots } from "../link/proxy.ts";
import { openTunnel } from "./tunnel.ts";
import type { Target } from "./target.ts";

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, "");
export const portOf = (url: URL): number => (url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port));

/** `needs`: what must hold before there is a coordinator to look for. */
export function checksOfWay(target: () => Promise<Target>, needs: readonly string[]): readonly Check[] {
  return [
    { name: "proxy", title: "Proxy", needs, look: async () => proxyFinding(await target()) },
    { name: "name", title: "Name", needs: [...needs, "proxy"], look: async () => nameFinding(await target()) },
    { name: "connection", title: "Connection", needs: ["proxy", "name"], look: async () => connectionFinding(await target()) },
    { name: "ca", title: "Authorities", needs, look: async () => authoritiesFinding(await target()) },
    { name: "tls", title: "TLS", needs: ["connection", "ca"], look: async () => tlsFinding(await target()) },
  ];
}

/** Through a proxy, the proxy's own name and port: the coordinator's name is its business. */
async function proxyFinding({ url }: Target): Promise<Finding> {
  const proxy = proxyNamed(url);
  if (typeof proxy === "string") return problem("proxy-invalid", proxy, "Correct HTTPS_PROXY (HTTP_PROXY for an address with http:).");
  if (proxy === undefined)
    return ok(isLoopback(new URL(url).hostname) ? "not used for this machine itself" : "none is set (HTTPS_PROXY, NO_PROXY)");
  if (proxy.protocol !== "http:" && proxy.protocol !== "https:")
    return problem("proxy-invalid", `HTTPS_PROXY names a proxy of the kind ${proxy.protocol}`, "Write it as http://host:port.");
  try {
    (await connectTo(bare(proxy.hostname), portOf(proxy))).destroy();
    return ok(`${proxy.host} answers`);
  } catch (error) {
    const unknown = ["ENOTFOUND", "EAI_AGAIN"].includes(codeOf(error) ?? "");
    return problem(
      "proxy-away",
      unknown
        ? `The proxy's name ${proxy.host} is not known here.`
        : `The proxy ${proxy.host} does not answer (${codeOf(error) ?? "no reason given"}).`,
      "Check HTTPS_PROXY (HTTP_PROXY for an address with http:) with whoever runs this network; NO_PROXY excepts a host from it.",
    );
  }
}

/** Why the proxy cannot be used, where its address is none. */
function proxyNamed(url: string): URL | string | undefined {
  try {
    return proxyFor(url);
  } catch (error) {
    if (error instanceof EngraftError) return error.message;
    throw error;
  }
}

async function nameFinding({ url }: Target): Promise<Finding> {
  const host = bare(new URL(url).hostname);
  if (proxyFor(url) !== undefined) return ok(`${host} is looked up by the proxy`);
  if (isIP(host) !== 0) return ok(`${host} is an address`);
  try {
    const { address } = await lookup(host);
    return ok(`${host} is ${address}`);
  } catch (error) {
    const code = codeOf(error);
    return problem(
      "name-unknown",
      code === "EAI_AGAIN"
        ? `No name server answers for ${host} (EAI_AGAIN).`
        : `The name ${host} is not known here (${code ?? "no reason given"}).`,
      "Compare the name with the invite, check this machine's DNS, or name the proxy that looks names up with HTTPS_PROXY.",
    );
  }
}

const SILENT = new Set(["ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"]);

async function connectionFinding({ url }: Target): Promise<Finding> {
  const parsed = new URL(url);
  const proxy = proxyFor(url);
  const [host, port] = [bare(parsed.hostname), portOf(parsed)];
  if (proxy !== undefined) return tunnelFinding(proxy, host, port);
  try {
    (await connectTo(host, port)).destroy();
    return ok(`${host} answers on port ${port}`);
  } catch (error) {
    const code = codeOf(error) ?? "no reason given";
    if (code === "ECONNREFUSED")
      return problem(
        "nothing-listening",
        `Nothing listens on port ${port} of ${host}.`,
        "Ask the admin whether the coordinator runs, and compare address and port with the invite.",
      );
    if (SILENT.has(code))
      return problem(
        "no-answer",
        `No answer from ${host} on port ${port} (${code}).`,
        "A firewall may drop it: let this machine connect out to that port; the agent needs no other. Where a proxy must be used, name it with HTTPS_PROXY.",
      );
    return problem("no-connection", `No connection to ${host} on port ${port} (${code}).`, "Ask whoever runs this network.");
  }
}

async function tunnelFinding(proxy: URL, host: string, port: number): Promise<Finding> {
  const tunnel = await openTunnel(proxy, host, port, await trustedRoots(undefined));
  if (tunnel.socket !== undefined) {
    tunnel.socket.destroy();
    return ok(`the proxy ${proxy.host} connects to ${host}:${port}`);
  }
  const { status } = tunnel;
  if (status === 407)
    return problem(
      "proxy-password",
      `The proxy ${proxy.host} asks for a name and password.`,
      "Put them into HTTPS_PROXY: http://name:password@host:port.",
    );
  if (status === 0)
    return problem(
      "proxy-breaks-off",
      `The proxy ${proxy.host} does not answer a CONNECT to ${host}:${port}.`,
      "Ask whoever runs the proxy whether it lets CONNECT through to that port.",
    );
  if (status >= 502 && status <= 504)
    return problem(
      "proxy-cannot-reach",
      `The proxy ${proxy.host} does not reach ${host}:${port} (HTTP ${status}).`,
      "Compare the address with the invite, and ask the admin whether the coordinator runs.",
    );
  return problem(
    "proxy-refuses",
    `The proxy ${proxy.host} refuses to connect to ${host}:${port} (HTTP ${status}).`,
    `Ask whoever runs the proxy to allow CONNECT to ${host}:${port}.`,
  );
}

async function authoritiesFinding({ url, ca }: Target): Promise<Finding> {
  const extra = process.env["NODE_EXTRA_CA_CERTS"] ?? "";
  const extraText = extra === "" ? undefined : await readFile(extra, "utf8").catch(() => null);
  if (extraText === null)
    return warning(
      "ca-file",
      `NODE_EXTRA_CA_CERTS names ${extra}, which cannot be read; Node goes on without it.`,
      "Correct the path, or remove the variable.",
    );
  const fault = await trustedRoots(ca).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (fault instanceof EngraftError)
    return problem("ca-file", fault.message, "Correct the path given with --ca, here or when the site joined.");
  if (fault !== undefined) throw fault as Error;
  if (url.startsWith("http:")) return ok("not used without TLS");
  const named = [...(ca === undefined ? [] : [`those of ${ca}`]), ...(extra === "" ? [] : [`those of ${extra}`])];
  return ok(["Node's", ...named].join(" and "));
}

async function tlsFinding(target: Target): Promise<Finding> {
  const url = new URL(target.url);
  const host = bare(url.hostname);
  if (url.protocol === "http:") {
    return isLoopback(url.hostname)
      ? ok("none, on this machine itself")
      : warning(
          "no-tls",
          `The coordinator is reached without TLS (${target.url}). Everything is signed, and under secure aggregation masked, but the rest can be read on the way.`,
          "Ask the admin for an address with https: and a new invite.",
        );
  }
  const ca = await trustedRoots(target.ca);
  const socket = await openSocket(target.url, ca);
  return handshakeFinding(host, () => secure(socket, host, ca));
}

async function openSocket(url: string, ca: readonly string[] | undefined): Promise<Socket> {
  const parsed = new URL(url);
  const proxy = proxyFor(url);
  const [host, port] = [bare(parsed.hostname), portOf(parsed)];
  if (proxy === undefined) return connectTo(host, port);
  const { socket, status } = await openTunnel(proxy, host, port, ca);
  if (socket === undefined) throw new Error(`the proxy answers with HTTP ${status}`);
  return socket;
}
