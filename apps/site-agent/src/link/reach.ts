/** Why the coordinator could not be reached, in words that say what to do. */
import { connect } from "node:tls";
import { EngraftError } from "@engraft/core/base/errors";
import { codeOf, issuerName, UNTRUSTED } from "@engraft/runtime/connect";
import type { Route } from "./proxy.ts";

/** Turns a failed attempt into an `unreachable` fault. `url` is the coordinator's address. */
export async function unreachable(url: string, route: Route, error: unknown): Promise<EngraftError> {
  const code = codeOf(error);
  const host = new URL(url).host;
  const via = route.proxy === undefined ? "" : ` through the proxy ${route.proxy}`;
  const say = (what: string): EngraftError => new EngraftError("unreachable", what, { cause: error });
  if (code !== undefined && UNTRUSTED.has(code)) {
    const issuer = route.agent === undefined ? await issuerOf(url) : undefined;
    const named = issuer === undefined ? "an authority" : `"${issuer}"`;
    return say(
      `The certificate of ${host} was issued by ${named}, which this machine does not trust. Where that is your hospital's own authority, give its certificate with --ca FILE.`,
    );
  }
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return say(`The certificate of ${host} has expired. Tell the coordinator's admin, and check this machine's clock.`);
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return say(`The certificate of ${host} is for another name. Tell the coordinator's admin.`);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return say(`The name ${route.proxy ?? host} is not known here. Check DNS, or the address with the admin.`);
    case "ECONNREFUSED":
      return say(
        `Nothing answers at ${route.proxy ?? host}. ${route.proxy === undefined ? "Is the coordinator running, and is the address right?" : "Check HTTPS_PROXY."}`,
      );
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return say(
        `No answer from ${host}${via}. A firewall may block outbound connections; the agent needs this one only. A proxy is named with HTTPS_PROXY.`,
      );
    default:
      return say(`Cannot reach ${host}${via}: ${error instanceof Error ? error.message : "the connection failed"}.`);
  }
}

/** What an HTTP answer that is not the coordinator's says; `body` is what came with it, where it was read. */
export function wrongAnswer(url: string, route: Route, status: number, body = ""): EngraftError {
  const host = new URL(url).host;
  if (status === 503 && /"role":"standby"/.test(body))
    return new EngraftError("unreachable", `The coordinator at ${host} stands by for another one.`);
  if (status === 407)
    return new EngraftError(
      "unreachable",
      `The proxy ${route.proxy ?? ""} asks for a name and password. Put them into HTTPS_PROXY: http://name:password@host:port.`,
    );
  if (status === 429)
    return new EngraftError("too-many", `Too many requests came to ${host} from this address. Wait a minute and try again.`);
  if (status >= 502 && status <= 504)
    return new EngraftError(
      "unreachable",
      `Something in front of ${host} answers, but the coordinator behind it does not (HTTP ${status}).`,
    );
  return new EngraftError(
    "unreachable",
    `What answers at ${host} is not an Engraft coordinator (HTTP ${status}). Check the address with the admin; a proxy may have answered instead.`,
  );
}

/** Who issued the certificate that was not trusted: a second connection that sends nothing and is closed at once. */
function issuerOf(url: string): Promise<string | undefined> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[|\]$/g, "");
    const socket = connect({ host, servername: host, port: port === "" ? 443 : Number(port), rejectUnauthorized: false, timeout: 5_000 });
    const done = (name: string | undefined): void => {
      socket.destroy();
      resolve(name);
    };
    socket.once("secureConnect", () => done(issuerName(socket.getPeerCertificate())));
    socket.once("timeout", () => done(undefined));
    socket.once("error", () => done(undefined));
  });
}
